"""Preset sft on OpenRLHF's own SFT command: its flags, its rows, and a real run that is killed and resumed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openrlhf", reason="OpenRLHF is not installed (extra openrlhf)")

from ampo.errors import UserError
from ampo.guidance.formats import PoolEntry, line_of
from ampo.training.config import TrainConfig, load_config
from ampo.training.openrlhf import data, flags, sft
from ampo.training.prompts import TrainPrompt, solution_rows
from ampo.types import Problem, Solution

STEPS = 4


def config(*overrides: str) -> TrainConfig:
    return load_config("sft-qwen2.5-7b", overrides)


def place(folder: Path, prompts: int = 8491, rows: int = 30000) -> flags.Place:
    return flags.Place("/models/m", folder, prompts, rows=rows)


def test_openrlhfs_sft_parser_reads_what_the_config_says(tmp_path: Path) -> None:
    chosen = config("--seed", "7")
    sft.check(chosen)
    arguments = sft.argv(chosen, place(tmp_path))
    found = flags.parse(arguments, sft.COMMAND)
    assert set(sft.COMMAND.table) <= set(found)
    assert found["model.model_name_or_path"] == "/models/m"
    assert (found["data.input_key"], found["data.output_key"], found["data.input_template"]) == (
        "input",
        "output",
        "{}",
    )
    assert (found["data.max_len"], found["train.seed"]) == (1024 + 8192, 7)
    assert (found["train.max_epochs"], found["train.batch_size"]) == (3, 228)  # 64 prompts' rows, for 4 GPUs
    assert (found["adam.lr"], found["lr_scheduler"], found["ds.zero_stage"]) == (1e-5, "cosine", 3)
    assert sft.resolved(chosen, place(tmp_path)).steps == 7500 * 3 // 57
    assert sft.shell_command(chosen, arguments).startswith("torchrun --standalone --nproc-per-node=4 -m openrlhf.cli.")


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        (("--openrlhf.vllm.num_engines", "2"), "no setting 'vllm.num_engines'"),
        (("--openrlhf.train.batch_size", "8"), "set from rollout.prompts_per_step"),
        (("--openrlhf.actor.num_nodes", "2"), "starts one node"),
        (("--openrlhf.actor.num_gpus_per_node", "x"), "must be a number, at least 1"),
        (("--openrlhf.ds.lora.rank", "8"), "nothing merges"),
        (("--openrlhf.ds.load_in_4bit", "true"), "nothing merges"),
        (("--openrlhf.ckpt.disable_ds", "true"), "no run goes on"),
        (("--openrlhf.data.apply_chat_template", "true"), "through data.template"),
        (("--optimizer.mini_batch_prompts", "16"), "a step one update"),
        (("--dtype", "float32"), "bfloat16"),
    ],
)
def test_what_can_not_work_is_refused(overrides: tuple[str, ...], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        sft.check(config(*overrides))


def test_too_few_rows_for_an_update_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="don't make one update"):
        sft.argv(config("--openrlhf.train.micro_batch_size", "8"), place(tmp_path, 8, 24))


def test_rows_are_the_local_backends_in_text(model_path: str) -> None:
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(model_path)
    text = "<|im_start|>user\nWhat is 1 + 1?<|im_end|>\n<|im_start|>assistant\n"
    contents = ["It is <answer> 2 </answer>", "It is 2. " * 40, "\n\n\nIt is 2"]  # right, too long, melting
    prompt = TrainPrompt(
        Problem("p", "What is 1 + 1?", "2"),
        tuple(tokenizer(text)["input_ids"]),
        tuple(Solution(f"t{i}", content, verified=True) for i, content in enumerate(contents)),
    )
    found = list(data.solutions([prompt], tokenizer, (tokenizer.eos_token_id,), 32))
    assert found == [(text, contents[0] + tokenizer.eos_token)]
    row = solution_rows(prompt, lambda t: tokenizer(t)["input_ids"], (tokenizer.eos_token_id,), 32)[0]
    assert tuple(tokenizer("".join(found[0]))["input_ids"]) == row.prompt_ids + row.response_ids


def sums(file: Path) -> Path:
    """A pool of eight problems with two solutions each, which is the training set as well."""
    made = [
        PoolEntry(f"p{i}", f"What is {i} + {i + 2}?", answer, (Solution("a", told), Solution("b", f"Well: {told}")))
        for i in range(8)
        for answer in [str(2 * i + 2)]
        for told in [f"{i} + {i + 2} = <answer> {answer} </answer>"]
    ]
    file.write_text("".join(line_of(entry) for entry in made))
    return file


def command(model: Path, pool: Path, run: Path) -> list[str]:
    values = {
        "data.train": pool,
        "data.pool": pool,
        "data.max_prompt_tokens": 192,
        "rollout.max_tokens": 64,
        "rollout.prompts_per_step": 4,
        "optimizer.mini_batch_prompts": 4,
        "optimizer.lr": 0.02,
        "optimizer.schedule": "constant",
        "optimizer.warmup_steps": 0,
        "steps": STEPS,
        "checkpoints.every": 1,
        "openrlhf.actor.num_gpus_per_node": 1,
        "openrlhf.ds.zero_stage": 2,
        "openrlhf.train.micro_batch_size": 4,
    }
    words = [word for name, value in values.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "ampo", "train", "sft-qwen2.5-7b", "--model", str(model), "-o", str(run), *words]


@pytest.mark.long
@pytest.mark.timeout(2000)
@pytest.mark.usefixtures("stack")
def test_a_run_is_killed_resumed_and_gives_a_model(tiny_model: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    run, log, pool = tmp_path / "run", tmp_path / "log", sums(tmp_path / "pool.jsonl")
    whole = run / "checkpoints" / "_actor" / "global_step1" / "whole"
    with log.open("w") as said:
        process = subprocess.Popen(command(tiny_model, pool, run), stdout=said, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 500
    try:
        while not whole.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not (run / "final").exists()

    done = subprocess.run(command(tiny_model, pool, run), capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "going on from step" in done.stdout + done.stderr
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [(row["step"], row["sft/rows"]) for row in rows] == [(step, 8) for step in range(1, STEPS + 1)]
    assert rows[0]["update/loss"] == pytest.approx(10.8, abs=0.3)  # ln of the vocabulary: it knows nothing yet
    assert rows[-1]["update/loss"] < rows[0]["update/loss"] - 1
    assert [row["samples"] for row in rows] == [8.0 * step for step in range(1, STEPS + 1)]
    assert AutoModelForCausalLM.from_pretrained(run / "final").config.use_cache
    assert f"{STEPS} of {STEPS} steps of preset `sft`" in (run / "final" / "README.md").read_text()
