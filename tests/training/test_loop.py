"""Whole runs with a tiny model: every preset, kill -9 and resume, what is refused, what is left behind."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ampo.algorithm import load_preset, preset_names
from ampo.errors import UserError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
SMALL = """
model = "{model}"
steps = {steps}
[data]
train = "reasoning-gym"
pool = "reasoning-gym"
validation = "reasoning-gym"
[rollout]
prompts_per_step = 4
n = 4
max_tokens = 64
[optimizer]
lr = 1e-3
mini_batch_prompts = 2
[validation]
every = 2
limit = 3
samples = 2
[checkpoints]
every = 2
[log]
tensorboard = false
"""


def config(tmp_path: Path, model: Path, steps: int = 4) -> Path:
    file = tmp_path / "small.toml"
    file.write_text(SMALL.format(model=model, steps=steps))
    return file


def start(file: Path, output: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ampo", "train", str(file), "-o", str(output), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )


def finished(file: Path, output: Path, *arguments: str) -> tuple[int, str]:
    process = start(file, output, *arguments)
    shown, _ = process.communicate(timeout=300)
    return process.returncode, shown


def logged(output: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if not k.startswith("time/")} for row in rows]


@pytest.fixture(scope="module")
def undisturbed(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(config, output) of a run to its end."""
    tmp_path = tmp_path_factory.mktemp("run")
    file, output = config(tmp_path, tiny_model), tmp_path / "out"
    code, shown = finished(file, output)
    assert code == 0, shown
    return file, output


def test_what_a_run_leaves(undisturbed: tuple[Path, Path]) -> None:
    _, output = undisturbed
    rows = logged(output)
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    for name in ("own/accuracy", "own/entropy", "guidance/trigger_rate", "update/teacher_weight", "update/grad_norm"):
        assert name in rows[0], name
    assert rows[0]["guidance/trigger_rate"] == 1.0  # a model that knows nothing
    assert rows[0]["mixed/reward"] > rows[0]["own/reward"]
    assert "val/accuracy" in rows[1]
    decisions = [json.loads(line) for line in (output / "guidance.jsonl").read_text().splitlines()]
    scored = next(d for d in decisions if d["scores"])
    for name in ("ranks", "log_probs", "answer_tokens", "placements"):
        assert len(scored[name]) == len(scored["candidates"]) == 4, name
    noted = json.loads((output / "guidance.json").read_text())
    assert noted["refused"].keys() == {"too_long"}  # of the procedural teachers the wordy ones
    assert noted["solutions"] > 10 * noted["refused"]["too_long"]
    assert {p.name for p in (output / "checkpoints").iterdir()} == {"step-000002", "step-000004"}
    card = (output / "final" / "README.md").read_text()
    assert "preset `ampo`" in card
    assert "own/accuracy" in card
    assert (output / "best" / "model.safetensors").exists()


def test_the_final_weights_load_and_have_changed(undisturbed: tuple[Path, Path], tiny_model: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    before = AutoModelForCausalLM.from_pretrained(tiny_model)
    after = AutoModelForCausalLM.from_pretrained(undisturbed[1] / "final")
    assert AutoTokenizer.from_pretrained(undisturbed[1] / "final").chat_template
    changed = [not torch.equal(p, q) for p, q in zip(before.parameters(), after.parameters(), strict=True)]
    assert any(changed)


def test_the_same_command_again_has_nothing_to_do(undisturbed: tuple[Path, Path]) -> None:
    file, output = undisturbed
    before = (output / "metrics.jsonl").read_bytes()
    code, shown = finished(file, output)
    assert code == 0, shown
    assert "is finished already: all 4 steps are there" in shown
    assert (output / "metrics.jsonl").read_bytes() == before


def test_another_config_in_the_same_folder_is_refused(undisturbed: tuple[Path, Path]) -> None:
    file, output = undisturbed
    code, shown = finished(file, output, "--optimizer.lr", "0.5")
    assert code == 2
    assert "optimizer.lr: 0.001 there, 0.5 asked" in shown.splitlines()[-1]


def test_killed_at_any_moment_it_goes_on_to_the_same_metrics(undisturbed: tuple[Path, Path], tmp_path: Path) -> None:
    file, output = undisturbed[0], tmp_path / "killed"
    rng = random.Random(1)
    for _ in range(2):
        process = start(file, output)
        seen, deadline = len(logged(output)) if (output / "metrics.jsonl").exists() else 0, time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:  # a moment somewhere in a later step
            if (output / "metrics.jsonl").exists() and len((output / "metrics.jsonl").read_text().splitlines()) > seen:
                time.sleep(rng.uniform(0, 0.3))
                break
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    code, shown = finished(file, output)
    assert code == 0, shown
    assert logged(output) == logged(undisturbed[1])
    assert (output / "guidance.jsonl").read_text() == (undisturbed[1] / "guidance.jsonl").read_text()


def test_scores_are_taken_in_float32_where_training_is_in_bfloat16(tiny_model: Path, tmp_path: Path) -> None:
    import torch

    from ampo.engines.settings import EngineSettings
    from ampo.engines.transformers import load
    from ampo.guidance.comprehension import ScoringRow
    from ampo.training.config import validated
    from ampo.training.loop import LocalTrainer
    from ampo.training.rows import Group, OwnResponse
    from ampo.training.rundir import TrainDir
    from ampo.types import Solution

    in_bfloat16: dict[str, bool] = {}

    def scored(rows: Sequence[ScoringRow]) -> list[list[float]]:
        in_bfloat16["scores"] = torch.is_autocast_enabled("cpu")
        return [[0.0] * (len(row.ids) - row.start) for row in rows]

    settings = {"model": "-", "data": {"train": "-", "pool": "-"}, "dtype": "bfloat16", "device": "cpu"}
    loaded = load(str(tiny_model), None, EngineSettings(dtype="float32"), "cpu", None)
    verifier: Any = None  # nothing is judged here
    trainer = LocalTrainer(validated(settings, "test"), loaded, TrainDir(tmp_path), verifier, [])
    trainer.guide = replace(trainer.guide, log_probs=scored)
    pool = tuple(Solution(name, f"{name} <answer> 4 </answer>", verified=True) for name in "abc")
    own = (OwnResponse((5, 6), "5", "wrong"), OwnResponse((7, 8), "<answer> 7 </answer>", "wrong"))
    trainer.learn([Group("p", (3, 4), "4", own, pool)], 1)
    with trainer.policy.computing():
        in_bfloat16["training"] = torch.is_autocast_enabled("cpu")
    assert in_bfloat16 == {"scores": False, "training": True}


def test_what_samples_is_freed_where_a_run_cannot_even_begin(tiny_model: Path, tmp_path: Path) -> None:
    from ampo.engines.settings import EngineSettings
    from ampo.engines.transformers import load
    from ampo.training.config import validated
    from ampo.training.loop import LocalTrainer
    from ampo.training.rundir import TrainDir

    class Sampling:
        closed = False

        def close(self) -> None:
            self.closed = True

    settings = {"model": "-", "data": {"train": "-", "pool": "-"}, "dtype": "float32", "device": "cpu"}
    loaded = load(str(tiny_model), None, EngineSettings(dtype="float32"), "cpu", None)
    nothing: Any = None
    trainer = LocalTrainer(validated(settings, "test"), loaded, TrainDir(tmp_path), nothing, [])
    sampling: Any = Sampling()
    trainer._sampler = sampling
    (tmp_path / "checkpoints" / "step-000001").mkdir(parents=True)  # with nothing in it
    with pytest.raises(UserError, match="step-000001"):
        trainer.run()
    assert sampling.closed


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_trains(undisturbed: tuple[Path, Path], tmp_path: Path, preset: str) -> None:
    """In this process, which has torch already: only the loop is new."""
    from ampo.api.local import train_here
    from ampo.training.config import load_config

    settings = load_config(str(undisturbed[0]), ["--preset", preset, "--steps", "1", "--validation.every", "9"])
    settings = settings.model_copy(update={"data": settings.data.model_copy(update={"validation": None})})
    train_here(settings, tmp_path / preset, False, None)
    (row,) = logged(tmp_path / preset)
    assert row["update/updates"] >= 1
    assert row["update/skipped"] == 0
    assert (row.get("mixed/replaced", 0) > 0) == (load_preset(preset).trigger != "never")
    one_teacher = preset in ("luffy", "rl-sft")
    assert ('teacher = "' in (tmp_path / preset / "config.toml").read_text()) == one_teacher
    assert not one_teacher or sum(name.startswith("guidance/win/") for name in row) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data.train", "math500"], "data.train = 'math500' is a benchmark"),
        (["--data.validation", "aime24"], "data.validation = 'aime24' is a benchmark"),
        (["--data.train", "HuggingFaceH4/MATH-500"], "is a benchmark's data set"),
        (["--model", "no-such-model"], "unknown model"),
        (["--data.pool", "no-such.jsonl"], "no-such.jsonl"),
        (["--rollout.n", "1"], "a group of one has no advantage"),
        (["--rolout.n", "1"], "did you mean rollout"),
    ],
)
def test_bad_input_is_one_line(
    undisturbed: tuple[Path, Path], tmp_path: Path, arguments: list[str], message: str
) -> None:
    from ampo.cli import app

    with pytest.raises(UserError, match=re.escape(message)):
        app(["train", str(undisturbed[0]), "-o", str(tmp_path / "x"), *arguments], standalone_mode=False)


def test_the_report_shows_the_curves(
    undisturbed: tuple[Path, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ampo.cli import app

    monkeypatch.setenv("COLUMNS", "80")
    app(["report", str(undisturbed[1])], standalone_mode=False)
    printed = capsys.readouterr().out
    assert "trigger rate" in printed
    assert "…" not in printed
    assert f"{logged(undisturbed[1])[-1]['own/length']:.3g}" in printed.splitlines()[-2]
    app(["report", str(undisturbed[1]), "--html"], standalone_mode=False)
    text = (undisturbed[1] / "report.html").read_text()
    for heading in ("Accuracy", "Guidance", "Comprehension scores", "Teachers", "Config"):
        assert f"<h2>{heading}</h2>" in text
    assert "cdn.plot.ly" not in text.split("<script")[1][:500]
