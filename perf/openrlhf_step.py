"""What guidance adds to a step on OpenRLHF: preset `ampo` against `grpo`, a fifth of the prompts triggering.

The real OpenRLHF, Ray, DeepSpeed and vLLM, the embedded model, two runs after one another, in the order off, on; a
step's median over all but the first, which warms up. An untrained policy fails everywhere, so outcomes are given: every
response goes to the verifier, then a fifth of the prompts count as unsolved and of the others seven responses in eight
as right, the same in both runs (this file is OpenRLHF's reward file). The learning rate is next to nothing, so that
both runs have the same responses: of --tokens at most. Teacher solutions are half as long again as that.

    python perf/openrlhf_step.py [--prompts 5] [--n 4] [--tokens 32] [--steps 3]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ARMS = ("grpo", "ampo")
PARTS = ("rollout", "experience", "update", "sync", "step")


def reward_func(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    """The project's reward, paid for in full; then the outcome that the measurement wants."""
    from ampo.training.openrlhf.reward import reward_func as judged
    from ampo.types import OUTCOMES

    found = judged(queries, prompts, labels)
    unsolved = json.loads(labels[0])["uid"].startswith("unsolved/")
    right = not unsolved and hashlib.sha256(queries[0].encode()).digest()[0] % 8 > 0
    outcome = OUTCOMES.index("correct" if right else "wrong")
    return {"rewards": 0.9 * right, "scores": float(right), "extra_logs": found["extra_logs"] | {"outcome": outcome}}


def make_prompts(n: int, tokens: int, tokenizer: Any) -> list[Any]:
    """Sums, with four solutions each of 1.5 x tokens."""
    from ampo.prompts import load_template
    from ampo.training.prompts import TrainPrompt, tokenized
    from ampo.types import Problem, Solution

    rng, made = random.Random(0), []
    for i in range(n):
        a, b = rng.randrange(100), rng.randrange(100)
        answer = f"<answer> {a + b} </answer>"

        def wordy(answer: str = answer) -> str:
            text = ""
            while len(tokenizer(text + answer)["input_ids"]) < 1.5 * tokens:
                text += f"{rng.randrange(100)} and then "
            return text + answer

        uid = f"unsolved/{i}" if i % 5 == 0 else f"solved/{i}"
        problem = Problem(uid, f"What is {a} + {b}?", str(a + b), kind="math")
        solutions = tuple(Solution(f"t{k}", wordy(), verified=True) for k in range(4))
        [prompt], _ = tokenized([problem], load_template("plain"), tokenizer, 512)
        made.append(TrainPrompt(prompt.problem, prompt.ids, solutions))
    return made


def run_arm(preset: str, options: argparse.Namespace, folder: Path) -> None:
    """One run, in this process."""
    from transformers import AutoConfig, AutoTokenizer

    from ampo import models
    from ampo.training.config import load_config
    from ampo.training.openrlhf import data, flags, launch, plan
    from ampo.training.openrlhf.settings import Settings
    from ampo.training.rundir import TrainDir

    model = models.resolve(models.EMBEDDED).path
    values = {
        "preset": preset,
        "steps": options.steps,
        "rollout.prompts_per_step": options.prompts,
        "rollout.n": options.n,
        "rollout.max_tokens": 2 * options.tokens,  # for teachers: see below
        "optimizer.mini_batch_prompts": options.prompts,
        "optimizer.lr": 1e-12,
        "checkpoints.every": options.steps,
    }
    config = load_config(
        "openrlhf-smoke", [word for name, value in values.items() for word in (f"--{name}", str(value))]
    )
    plan.check(config)
    tokenizer = AutoTokenizer.from_pretrained(model)
    prompts = make_prompts(options.prompts, options.tokens, tokenizer)
    place = flags.Place(model, folder, len(prompts), gpu=False)
    arguments = flags.argv(config, place)
    plan.check_sizes(config, place, arguments, AutoConfig.from_pretrained(model))
    for flag, value in (("reward.remote_url", Path(__file__).resolve()), ("rollout.max_new_tokens", options.tokens)):
        arguments[arguments.index(f"--{flag}") + 1] = str(value)
    TrainDir(folder).start(config)
    data.write(place, prompts, tokenizer)
    data.write_pool(place, prompts)
    launch.run(Settings(config, folder, place.pool_file if preset == "ampo" else None), place, arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prompts", type=int, default=5)
    parser.add_argument("--n", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--arm", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.prompts % 5:
        parser.error("--prompts: a multiple of 5, for a fifth of them triggers")
    if options.arm:
        run_arm(options.arm[0], options, Path(options.arm[1]))
    else:
        measure(options)


def measure(options: argparse.Namespace) -> None:
    """Each arm in a process of its own."""
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for preset in ARMS:
            place = Path(folder) / preset
            place.mkdir()
            subprocess.run([sys.executable, __file__, *sys.argv[1:], "--arm", preset, str(place)], check=True)
            lines = (place / "metrics.jsonl").read_text().splitlines()
            rows[preset] = [json.loads(line) for line in lines][1:]
    report(options, rows)


def report(options: argparse.Namespace, rows: dict[str, list[dict[str, float]]]) -> None:
    samples = options.prompts * options.n
    for preset, found in rows.items():
        wanted = 0.2 if preset == "ampo" else 0.0
        if any(abs(row["guidance/trigger_rate"] - wanted) > 1e-9 for row in found):
            raise SystemExit(f"{preset}: the trigger rate is not {wanted} in every step")
    own = statistics.fmean(row["own/length"] for row in rows["grpo"])
    print(
        f"{options.prompts} prompts x {options.n} responses of {own:.0f} tokens on average, {len(rows['ampo'])} steps"
    )
    learnt = {p: statistics.fmean(row["mixed/length"] for row in found) * samples for p, found in rows.items()}
    print(f"tokens learnt from a step: {learnt['ampo']:.0f} with guidance, {learnt['grpo']:.0f} without")
    print(f"{'':6}" + "".join(f"{part:>12}" for part in PARTS))
    medians = {
        p: [statistics.median(row[f"time/{part}"] for row in found) for part in PARTS] for p, found in rows.items()
    }
    for preset, values in medians.items():
        print(f"{preset:6}" + "".join(f"{value:12.2f}" for value in values) + "  seconds")
    what, ratio = "an AMPO step on OpenRLHF, a fifth triggering: seconds", medians["ampo"][-1] / medians["grpo"][-1]
    print(f"ratio: {what} | the same step without guidance | {ratio:.2f}")


if __name__ == "__main__":
    main()
