"""One job, in a process of its own: a student made and measured, or an arm trained by the local backend and tested.

python -m ampo.study.arm FOLDER SIZE JOB       JOB: a `Job` as JSON; the result goes to work/<job>/result.json
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ampo.engines.transformers import Loaded
from ampo.files import write_json
from ampo.study import calibration, design, warm_start
from ampo.study.curves import curves, wins
from ampo.study.design import Arm, Size, problems
from ampo.study.jobs import Job
from ampo.study.sampling import right_by_level, sample
from ampo.study.student import prompt_ids
from ampo.study.teachers import solution
from ampo.study.watch import WatchedTrainer
from ampo.training.config import TrainConfig, validated
from ampo.training.loop import ValidationSample
from ampo.training.prompts import TrainPrompt
from ampo.training.rundir import TrainDir
from ampo.types import Problem
from ampo.verify import VerifierPool


def run(study: Path, size: Size, job: Job, folder: Path) -> dict[str, Any]:
    """Do a job.

    Args:
        study: The study's folder.
        size: Which of the study's sizes.
        job: What is done.
        folder: The job's; checkpoints are in it.

    Returns:
        Its result, with the seconds that it took.
    """
    started, busy = time.time(), time.process_time()
    found: dict[str, Any] = {}
    if job.kind == "skill":
        warm_start.skilled(study, size)
    elif job.kind == "start":
        found = calibration.measure(warm_start.starting(study, size, job.start), size)
    else:
        found = _trained(study, size, job, folder)
    return found | {"seconds": time.time() - started, "cpu_seconds": time.process_time() - busy}


def _trained(study: Path, size: Size, job: Job, folder: Path) -> dict[str, Any]:
    """Train an arm to its end, then sample on the test problems with the last weights."""
    arm, split = _arm(size, job), problems(size)
    start = warm_start.starting(study, size, job.start)
    loaded = warm_start.loaded(start)
    found: dict[str, Any] = {}
    with VerifierPool(workers=1, eager=False) as verifier:
        supervised = round(job.steps * arm.sft_first)
        for name, preset, steps in _phases(arm, job.steps - supervised, supervised):
            busy = time.process_time()
            config = train_config(size, arm, job, start, preset, steps)
            metrics = _train(folder / name, config, loaded, verifier, arm, split)
            found[f"{name}_cpu_seconds"] = time.process_time() - busy
        found |= {"curves": curves(metrics, supervised), "wins": wins(metrics)}
        if job.kind == "rate":
            return found  # validation alone decides
        test = split["test"]
        sampled = sample(loaded, test, size.test.samples, size.training.max_tokens, verifier, begun=False)
    return found | {"test": right_by_level(sampled, test), "samples": size.test.samples}


def _arm(size: Size, job: Job) -> Arm:
    if job.kind == "gate":
        return Arm(name=job.arm, preset="sft", teachers=("own",))
    return design.arms(size)[job.arm]


def _phases(arm: Arm, steps: int, supervised: int) -> Iterator[tuple[str, str, int]]:
    """(folder, preset, steps) of what an arm does, one after the other."""
    if supervised:
        yield "sft", "sft", supervised
    yield "train", arm.preset, steps


def _train(
    folder: Path,
    config: TrainConfig,
    loaded: Loaded,
    verifier: VerifierPool,
    arm: Arm,
    split: dict[str, list[Problem]],
) -> list[dict[str, Any]]:
    """Run the local backend, or go on with it; `loaded` has the last weights then. Gives the steps' metrics."""
    tokenizer, directory = loaded.tokenizer, TrainDir(folder)
    teachers = arm.teachers if config.resolved_algorithm().uses_pool else ()
    prompts = [
        TrainPrompt(p, prompt_ids(tokenizer, p), tuple(solution(p, t) for t in teachers)) for p in split["train"]
    ]
    validation = [TrainPrompt(p, prompt_ids(tokenizer, p)) for p in split["validation"]]
    with directory.locked():
        directory.start(config)
        trainer = WatchedTrainer(config, loaded, directory, verifier, prompts, validation, _accuracy)
        trainer.probe = calibration.probe(tokenizer, split["probe"])
        trainer.guided_rows = arm.guided_rows
        trainer.run()
    return directory.read_metrics()


def train_config(size: Size, arm: Arm, job: Job, start: Path, preset: str, steps: int) -> TrainConfig:
    """A job as a config of the local backend; its prompts are given to the trainer as they are.

    Args:
        size: Has the training's numbers.
        arm: Whose algorithm.
        job: Has seed and learning rate.
        start: The folder of the model to begin with.
        preset: Of this phase of the job; the arm's own settings count in its own preset alone.
        steps: Of this phase.
    """
    own, training = arm.algorithm if preset == arm.preset else {}, size.training
    return validated(
        {
            "model": str(start),
            "preset": preset,
            "data": {"train": "study"},
            "steps": steps,
            "seed": job.seed,
            "algorithm": {"repetition_penalty": False, **own},
            "rollout": {
                "prompts_per_step": training.prompts_per_step,
                "n": training.n,
                "max_tokens": training.max_tokens,
                "batch_size": training.prompts_per_step * training.n,
            },
            "optimizer": {"lr": job.lr, "weight_decay": 0.0, "mini_batch_prompts": training.prompts_per_step},
            "validation": {
                "every": training.validate_every,
                "samples": training.validation_samples,
                "temperature": 1.0,
            },
            "checkpoints": {"every": training.validate_every, "keep": 1},
            "log": {"tensorboard": False, "stop_at": []},
        },
        f"arm {arm.name}",
    )


def _accuracy(samples: Sequence[ValidationSample]) -> dict[str, float]:
    return {"accuracy": sum(sample.verdict.correct for sample in samples) / len(samples)}


def main(study: Path, size: Size, job: Job, folder: Path) -> None:
    """A job, in this process: what it prints goes to log.txt, its result to result.json. Arguments as of `run`."""
    import torch

    with (folder / "log.txt").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    torch.set_num_threads(1)
    write_json(folder / "result.json", run(study, size, job, folder))
