"""Where the time of a training step goes, and what guidance adds to it.

One step of the embedded model: rollouts (once, real), then all that follows, twice over the same responses, in turn:
with preset `ampo`, a fifth of the prompts triggering, and with guidance off (`grpo`). Weights are put back in between.
Teacher solutions are half as long again as the responses. The ratio is that of whole steps, rollouts included.

    python perf/train_step.py [--prompts 5] [--n 8] [--tokens 64] [--repeat 3]
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import torch

from ampo import models
from ampo.engines.settings import EngineSettings
from ampo.engines.transformers import Loaded, load
from ampo.prompts import load_template
from ampo.training.config import TrainConfig, validated
from ampo.training.loop import LocalTrainer
from ampo.training.prompts import TrainPrompt, tokenized
from ampo.training.rows import Group, OwnResponse
from ampo.training.rundir import TrainDir
from ampo.types import Problem, Solution
from ampo.verify import VerifierPool

TEACHERS = 4


def wordy(rng: random.Random, tokens: int, answer: int, tokenizer) -> str:
    """A solution of so many tokens, and the answer."""
    body = ""
    while len(tokenizer.encode(body)) < tokens:
        body += f"{rng.randrange(100)} and then "
    return f"{body}<answer> {answer} </answer>"


def make_prompts(n: int, tokens: int, tokenizer) -> list[TrainPrompt]:
    rng = random.Random(0)
    problems, solutions = [], []
    for i in range(n):
        a, b = rng.randrange(100), rng.randrange(100)
        problems.append(Problem(f"p{i}", f"What is {a} + {b}?", str(a + b)))
        solutions.append(
            tuple(
                Solution(f"t{k}", wordy(rng, int(1.4 * tokens), a + b, tokenizer), verified=True)
                for k in range(TEACHERS)
            )
        )
    made, _ = tokenized(problems, load_template("ampo"), tokenizer, 512)
    return [TrainPrompt(p.problem, p.ids, s) for p, s in zip(made, solutions, strict=True)]


def a_fifth_fails(groups: list[Group]) -> list[Group]:
    """The same responses, with outcomes such that every fifth group has nothing right."""

    def judged(group: Group, i: int) -> Group:
        right = set() if i % 5 == 0 else {0, 3}
        responses = tuple(
            OwnResponse(r.ids, r.text, "correct" if j in right else "wrong", r.finish_reason)
            for j, r in enumerate(group.responses)
        )
        return Group(group.prompt_id, group.prompt_ids, group.answer, responses, group.solutions)

    return [judged(group, i) for i, group in enumerate(groups)]


def main() -> None:
    options = _options()
    loaded = load(models.resolve(models.EMBEDDED).path, None, EngineSettings(dtype="float32"), None, None)
    prompts = make_prompts(options.prompts, options.tokens, loaded.tokenizer)
    _show(options, *_measured(options, loaded, prompts))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prompts", type=int, default=5)
    parser.add_argument("--n", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--repeat", type=int, default=1)
    return parser.parse_args()


def _measured(
    options: argparse.Namespace, loaded: Loaded, prompts: list[TrainPrompt]
) -> tuple[list[Group], float, dict[str, dict[str, list[float]]]]:
    """The groups that both arms learn from, the rollout's seconds, and those of each arm's parts, a number a turn."""
    values = {
        "model": models.EMBEDDED,
        "data": {"train": "-", "pool": "-"},
        "rollout": {"prompts_per_step": options.prompts, "n": options.n, "max_tokens": 2 * options.tokens},
        "optimizer": {"mini_batch_prompts": max(options.prompts // 2, 1), "micro_batch_tokens": 2048},
    }

    def trainer(preset: str) -> LocalTrainer:
        config: TrainConfig = validated(values | {"preset": preset}, "train_step")
        return LocalTrainer(config, loaded, TrainDir(Path(folder) / preset), verifier, prompts)

    with VerifierPool() as verifier, tempfile.TemporaryDirectory() as folder:
        arms = {name: trainer(name) for name in ("ampo", "grpo")}
        for name in arms:
            (Path(folder) / name).mkdir()
        weights = {k: v.clone() for k, v in loaded.model.state_dict().items()}
        started = time.perf_counter()
        groups = a_fifth_fails(arms["ampo"].rollouts(prompts, 1))
        rollout = time.perf_counter() - started
        seconds: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in arms}
        for turn in range(options.repeat):
            for name, arm in list(arms.items())[:: 1 if turn % 2 == 0 else -1]:
                loaded.model.load_state_dict(weights)
                parts = _learning(name, arm, groups)
                parts["whole"] += rollout
                print(f"{name} {turn + 1}: {parts['whole']:.1f} s", flush=True)
                for part, value in parts.items():
                    seconds[name][part].append(value)
    return groups, rollout, seconds


def _learning(name: str, arm: LocalTrainer, groups: list[Group]) -> dict[str, float]:
    """The seconds of an arm's learning, by part and as a whole; where guidance stepped in as it shouldn't, the end."""
    arm.seconds.clear()
    started = time.perf_counter()
    learnt = arm.learn(groups, 1)
    whole = time.perf_counter() - started
    scored, replaced = learnt["guidance/scored"], learnt["mixed/replaced"]
    if (scored > 0 and replaced > 0) != (name == "ampo"):
        raise SystemExit(f"{name}: {scored:.0f} solutions scored, {replaced:.3f} of the rows replaced")
    return {**arm.seconds, "whole": whole}


def _show(
    options: argparse.Namespace, groups: list[Group], rollout: float, seconds: dict[str, dict[str, list[float]]]
) -> None:
    tokens = sum(len(r.ids) for g in groups for r in g.responses)
    print(f"{options.prompts} prompts x {options.n} responses, {tokens} tokens; torch {torch.__version__}")
    print(f"{'':10}{'rollout':>10}" + "".join(f"{part:>10}" for part in ("guide", "own", "update", "whole")))
    for name, parts in seconds.items():
        medians = [statistics.median(parts[part]) for part in ("guide", "own", "update", "whole")]
        print(f"{name:10}{rollout:10.1f}" + "".join(f"{value:10.1f}" for value in medians) + "  seconds")
    whole = {name: statistics.median(parts["whole"]) for name, parts in seconds.items()}
    what = "an AMPO step on one machine, a fifth of the prompts triggering: seconds"
    print(f"ratio: {what} | the same step without guidance | {whole['ampo'] / whole['grpo']:.2f}")


if __name__ == "__main__":
    main()
