"""A training step beside TRL's GRPOTrainer: the same model, prompts, group, tokens and micro-batches, no guidance.

TRL runs in an environment of its own (the one of `make integrations`). The model is the embedded one with the rows of
its end tokens at zero, so that no response ends before its limit, and both sample and learn from as many tokens. Each
side trains in a process of its own, a step for warming up and then `--steps` of them; the sides take turns. TRL's
rewards are the lengths of texts; ours are the verifier's.

    python perf/trl.py [--prompts 2] [--n 8] [--tokens 32] [--steps 1] [--repeat 1]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
SYSTEM = "Reason step by step, then give the answer."
MICRO_ROWS = 8


def questions(n: int) -> list[str]:
    return [f"What is {13 + 7 * i} + {58 + 11 * i}? Show each carry." for i in range(n)]


def write_model(folder: Path) -> None:
    """The embedded model, which never ends a response."""
    import torch

    from ampo import models
    from ampo.engines.settings import EngineSettings
    from ampo.engines.transformers import load

    loaded = load(models.resolve(models.EMBEDDED).path, None, EngineSettings(dtype="float32"), "cpu", None)
    with torch.no_grad():
        loaded.model.get_output_embeddings().weight[sorted(loaded.stop_ids)] = 0.0
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)


def timed(step: Callable[[], None], steps: int) -> dict[str, float]:
    """Seconds by the clock and of processors, of all steps but the first."""
    step()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(steps):
        step()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def ours(model: Path, options: argparse.Namespace) -> dict[str, Any]:
    from ampo.engines.settings import EngineSettings
    from ampo.engines.transformers import load
    from ampo.training.config import validated
    from ampo.training.loop import LocalTrainer
    from ampo.training.prompts import TrainPrompt
    from ampo.training.rundir import TrainDir
    from ampo.types import Problem
    from ampo.verify import VerifierPool

    loaded = load(str(model), None, EngineSettings(dtype="float32"), "cpu", None)
    made = []
    for i, question in enumerate(questions(options.prompts)):
        chat = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
        ids = loaded.tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=False)
        made.append(TrainPrompt(Problem(f"p{i}", question, str(71 + 18 * i)), tuple(ids)))
    width = max(len(p.ids) for p in made) + options.tokens
    values = {
        "model": str(model),
        "preset": "grpo",
        "data": {"train": "-"},
        "algorithm": {"entropy_coefficient": 0.0},  # TRL's loss has no such term
        "rollout": {"prompts_per_step": len(made), "n": options.n, "max_tokens": options.tokens},
        "optimizer": {"mini_batch_prompts": len(made), "micro_batch_tokens": MICRO_ROWS * width},
        "checkpoints": {"every": 1000},
        "validation": {"every": 1000},
        "steps": 1000,
    }
    with VerifierPool() as verifier, tempfile.TemporaryDirectory() as folder:
        trainer = LocalTrainer(validated(values, "perf/trl.py"), loaded, TrainDir(Path(folder)), verifier, made)
        found: list[dict[str, float]] = []
        seconds = timed(lambda: found.append(trainer.step(len(found) + 1)), options.steps)
    parts = {name: found[-1][f"time/{name}"] for name in ("rollout", "verify", "guide", "own", "update")}
    return seconds | {"tokens": found[0]["tokens"], "parts": parts}


def trls(model: Path, options: argparse.Namespace) -> dict[str, Any]:
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, TrainerCallback

    sys.path.remove(str(HERE))  # where a module of that name is this one
    trl: Any = import_module("trl")

    chats = [
        [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
        for question in questions(options.prompts)
    ]
    marks: list[tuple[float, float]] = []
    counts: list[int] = []

    def lengths(completions: list[Any], completion_ids: list[list[int]], **_: Any) -> list[float]:
        counts.append(sum(map(len, completion_ids)))
        return [float(len(c[0]["content"])) for c in completions]

    class Clock(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            marks.append((time.perf_counter(), time.process_time()))

    with tempfile.TemporaryDirectory() as folder:
        trainer = trl.GRPOTrainer(
            model=AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32),
            reward_funcs=lengths,
            args=_settings(trl, folder, options),
            train_dataset=Dataset.from_dict({"prompt": chats}),
            callbacks=[Clock()],
        )
        trainer.train()
    (wall, cpu), (wall_end, cpu_end) = marks[0], marks[-1]
    return {"wall": wall_end - wall, "cpu": cpu_end - cpu, "tokens": counts[0], "parts": {}}


def _settings(trl: Any, folder: str, options: argparse.Namespace) -> Any:
    """TRL's, such that it does what our trainer does."""
    return trl.GRPOConfig(
        output_dir=folder,
        per_device_train_batch_size=MICRO_ROWS,
        gradient_accumulation_steps=options.prompts * options.n // MICRO_ROWS,
        num_generations=options.n,
        max_completion_length=options.tokens,
        max_steps=options.steps + 1,
        learning_rate=1e-6,
        beta=0.0,
        loss_type="dr_grpo",
        scale_rewards="none",
        temperature=1.0,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
    )


def asked(python: Path | str, arm: str, model: Path, options: argparse.Namespace) -> dict[str, Any]:
    """An arm in a process of its own."""
    numbers = [f"--{name}={getattr(options, name)}" for name in ("prompts", "n", "tokens", "steps")]
    environment = os.environ | {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1"}
    command = [str(python), __file__, f"--arm={arm}", f"--model={model}", *numbers]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{arm} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prompts", type=int, default=2)
    parser.add_argument("--n", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--arm", choices=("ampo", "trl"), help=argparse.SUPPRESS)
    parser.add_argument("--model", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.arm:
        print(json.dumps((ours if options.arm == "ampo" else trls)(options.model, options)))
        return
    sys.path.insert(0, str(ROOT / "tests" / "integrations" / "real"))
    from run_tools import TOOLS, environment, pinned  # type: ignore[import-not-found]

    pythons = {"ampo": sys.executable, "trl": environment(ROOT / "build" / "integrations" / "trl", TOOLS["trl"][1])}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in pythons}
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder))
        for turn in range(options.repeat):
            for name in list(pythons)[:: 1 if turn % 2 == 0 else -1]:
                found[name].append(one := asked(pythons[name], name, Path(folder), options))
                samples = options.steps * options.prompts * options.n
                print(
                    f"{name:5} {samples / one['wall']:6.2f} samples/s, {one['cpu'] / options.steps:6.1f} processor "
                    f"seconds a step, {one['tokens']:.0f} tokens in the first; {one['parts'] or ''}",
                    flush=True,
                )
    what = f"a GRPO step on two cores, {options.prompts} x {options.n} responses of {options.tokens} tokens"
    for unit, name in (("wall", "samples a second"), ("cpu", "samples a processor second")):
        theirs, own = (sum(one[unit] for one in found[arm]) for arm in ("trl", "ampo"))
        print(f"ratio: {what}: {name} | TRL {pinned('trl')}'s GRPOTrainer | {theirs / own:.2f}")


if __name__ == "__main__":
    main()
