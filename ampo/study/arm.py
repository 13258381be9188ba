"""One arm with one seed, in a process of its own: trained by the local backend from the warm-started student, then
sampled on the test problems. A folder for each:

    <arm>/seed-<n>/sft/      the supervised part, for the arms that have one before their own
    <arm>/seed-<n>/train/    the run, as `ampo train` writes it
    <arm>/seed-<n>/result.json   written last, so that it is there only where all of it is done

    python -m ampo.study.arm FOLDER SIZE ARM SEED
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

from ampo.files import write_json
from ampo.study import design, mechanism, student, task
from ampo.study.design import Arm, Size, WarmStart, problems
from ampo.study.student import prompt_ids
from ampo.study.teachers import solution
from ampo.types import Problem

CURVES = ("own/accuracy", "own/entropy", "own/length", "own/solved_none", "mixed/replaced", "val/accuracy")
_WIN = "guidance/win/"


def run(study: Path, size: Size, arm: Arm, seed: int) -> dict[str, Any]:
    """Train, then sample on the test problems with the checkpoint that did best on the validation problems."""
    started, busy = time.time(), time.process_time()
    folder = study / arm.name / f"seed-{seed}"
    split = problems(size)
    start, supervised = study / "warm-start" / "student", round(size.steps * arm.sft_first)
    if supervised:
        start = _train(folder / "sft", size, arm, seed, start, split, preset="sft", steps=supervised)
    _train(folder / "train", size, arm, seed, start, split, preset=arm.preset, steps=size.steps - supervised)
    metrics = _metrics(folder / "train")
    result = {
        "arm": arm.name,
        "seed": seed,
        "curves": {name: [[supervised + row["step"], row[name]] for row in metrics if name in row] for name in CURVES},
        "guidance": _guidance(metrics),
        "step_seconds": median(row["time/step"] for row in metrics),
        "test": sample_test(folder / "train" / "best", size, split["test"]),
        "seconds": time.time() - started,
        "cpu_seconds": time.process_time() - busy,
    }
    write_json(folder / "result.json", result)
    return result


def sample_test(model: Path, size: Size, test: Sequence[Problem]) -> list[dict[str, Any]]:
    """size.samples responses to every test problem, at temperature 1: how many are right, by problem."""
    from ampo.training.rollout import Sampler, rollout_seed
    from ampo.types import SamplingParams
    from ampo.verify import VerifierPool
    from ampo.verify.claim import Claim

    loaded = _loaded(model)
    sampler = Sampler(loaded.model, loaded.tokenizer, loaded.stop_ids, batch_size=256)
    params = SamplingParams(n=size.samples, temperature=1.0, max_tokens=size.max_tokens)
    ids = [prompt_ids(loaded.tokenizer, problem) for problem in test]
    seeds = [rollout_seed(0, 0, problem.id, "test") for problem in test]
    right, tokens = [0] * len(test), [0] * len(test)
    with VerifierPool(workers=1) as verifier:
        judged = []
        for done in sampler.sample(ids, seeds, params):
            tokens[done.prompt] += len(done.ids)
            claim = Claim.of(test[done.prompt], done.text, done.finish_reason)
            judged.append((done.prompt, verifier.submit(claim)))
        for prompt, verdict in judged:
            right[prompt] += verdict.result().correct
    return [
        {"id": p.id, "level": p.benchmark, "right": right[i], "samples": size.samples, "tokens": tokens[i]}
        for i, p in enumerate(test)
    ]


def warm_start(study: Path, size: Size) -> dict[str, Any]:
    """The student that all arms begin with: of the checkpoints of a supervised run, the one nearest to the target."""
    place = study / "warm-start"
    if (place / "calibration.json").exists():
        return json.loads((place / "calibration.json").read_text(encoding="utf-8"))
    started = time.time()
    student.write_untrained(place / "untrained", size.shape, 2 * size.max_tokens, seed=0)
    split = problems(size)
    found: list[dict[str, Any]] = []
    for step, model in _supervised(place, size.warm_start, split):
        rows = sample_test(model, size.model_copy(update={"samples": 8}), split["validation"])
        rates = {
            level: fmean(row["right"] / row["samples"] for row in rows if row["level"] == level)
            for level in task.TRAINED
        }
        target = size.warm_start.target
        distance = sum(abs(rates[level] - target[level]) / target[level] ** 0.5 for level in target)
        found.append({"step": step, "rates": rates, "distance": distance})
        print(f"warm start, step {step}: {rates}", flush=True)
        if distance <= min(one["distance"] for one in found):
            _copy(model, place / "student")
        if all(rates[level] > target[level] for level in target):
            break  # what is learnt further leads away from the target
    chosen = _loaded(place / "student")
    hard = [problem for problem in split["train"] if problem.benchmark == "hard"][:100]
    record = {
        "checkpoints": found,
        "chosen": min(found, key=lambda one: one["distance"]),
        "teachers": mechanism.of_teachers(chosen.model, chosen.tokenizer, hard),
        "test": sample_test(place / "student", size, split["test"]),
        "parameters": sum(weights.numel() for weights in chosen.model.parameters()),
        "seconds": time.time() - started,
    }
    write_json(place / "calibration.json", record)
    return record


def _supervised(place: Path, settings: WarmStart, split: dict[str, list[Problem]]) -> Any:
    """(step, folder) of every checkpoint of a supervised run on fresh examples, none of which is in a split."""
    import random

    import torch

    known = {problem.question for part in split.values() for problem in part}
    loaded = _loaded(place / "untrained")
    rng, tokenizer, end = random.Random(1), loaded.tokenizer, loaded.tokenizer.eos_token_id
    names, weights = list(settings.levels), list(settings.levels.values())
    optimizer = torch.optim.AdamW(loaded.model.parameters(), lr=settings.lr, betas=(0.9, 0.98), weight_decay=0.01)
    for step in range(1, settings.steps + 1):
        rows = []
        while len(rows) < settings.batch:
            problem = task.make_problem(rng, task.LEVELS[rng.choices(names, weights)[0]])
            style = "rare" if rng.random() < settings.rare else "own"
            if problem.question not in known:
                text = solution(problem, style).content
                rows.append((prompt_ids(tokenizer, problem), (*tokenizer(text)["input_ids"], end)))
        for group in optimizer.param_groups:
            group["lr"] = settings.lr * min(1.0, step / 50)
        loaded.model.train()
        loss = loaded.model(**_padded(rows)).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(loaded.model.parameters(), 1.0)
        optimizer.step()
        if step % settings.every == 0:
            folder = place / "checkpoint"
            loaded.model.eval()
            loaded.model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
            yield step, folder


def _padded(rows: Sequence[tuple[tuple[int, ...], tuple[int, ...]]]) -> dict[str, Any]:
    """input_ids, attention_mask and labels [B, T] of (prompt, response) rows, padded on the right."""
    import torch

    width = max(len(prompt) + len(response) for prompt, response in rows)
    ids, mask, labels = [], [], []
    for prompt, response in rows:
        rest = width - len(prompt) - len(response)
        ids.append([*prompt, *response, *[0] * rest])
        mask.append([1] * (width - rest) + [0] * rest)
        labels.append([-100] * len(prompt) + [*response] + [-100] * rest)
    return {name: torch.tensor(v) for name, v in (("input_ids", ids), ("attention_mask", mask), ("labels", labels))}


def _train(
    folder: Path,
    size: Size,
    arm: Arm,
    seed: int,
    start: Path,
    split: dict[str, list[Problem]],
    *,
    preset: str,
    steps: int,
) -> Path:
    """Run the local backend, or go on with it. Gives the folder of the best weights by validation."""
    from ampo.training.loop import LocalTrainer
    from ampo.training.prompts import TrainPrompt
    from ampo.training.rundir import TrainDir
    from ampo.verify import VerifierPool

    config = train_config(size, arm, seed, start, preset, steps)
    loaded, directory = _loaded(start), TrainDir(folder)
    guided = config.resolved_algorithm().uses_pool
    prompts = [
        TrainPrompt(p, prompt_ids(loaded.tokenizer, p), tuple(solution(p, t) for t in arm.teachers) if guided else ())
        for p in split["train"]
    ]
    validation = [TrainPrompt(p, prompt_ids(loaded.tokenizer, p)) for p in split["validation"]]
    with VerifierPool(workers=1) as verifier, directory.locked():
        directory.start(config)
        LocalTrainer(config, loaded, directory, verifier, prompts, validation, _accuracy).run()
    return directory.best


def train_config(size: Size, arm: Arm, seed: int, start: Path, preset: str, steps: int) -> Any:
    """The arm as a config of the local backend; its prompts are given to the trainer as they are."""
    from ampo.training.config import validated

    own = arm.algorithm if preset == arm.preset else {}
    return validated(
        {
            "model": str(start),
            "preset": preset,
            "data": {"train": "study"},
            "steps": steps,
            "seed": seed,
            "algorithm": {"repetition_penalty": False, **own},
            "rollout": {
                "prompts_per_step": size.prompts_per_step,
                "n": size.n,
                "max_tokens": size.max_tokens,
                "batch_size": size.prompts_per_step * size.n,
            },
            "optimizer": {
                "lr": size.lr,
                "weight_decay": 0.0,
                "mini_batch_prompts": size.mini_batch_prompts,
                "micro_batch_tokens": 16384,
            },
            "validation": {"every": size.validate_every, "samples": size.validation_samples, "temperature": 1.0},
            "checkpoints": {"every": size.validate_every, "keep": 1},
            "log": {"tensorboard": False},
        },
        f"arm {arm.name}",
    )


def _accuracy(samples: Sequence[Any]) -> dict[str, float]:
    return {"accuracy": fmean(sample.verdict.correct for sample in samples)}


def _loaded(folder: Path) -> Any:
    from ampo.engines.loading import load
    from ampo.engines.settings import EngineSettings

    return load(str(folder), None, EngineSettings(dtype="float32"), None, None)


def _metrics(folder: Path) -> list[dict[str, Any]]:
    from ampo.training.rundir import TrainDir

    return TrainDir(folder).read_metrics()


def _guidance(metrics: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Over the run: the trigger rate by step, the histogram of scores, the share of ties, and who was chosen.

    wins: each teacher's share of the replaced rows; wins_by_step: the same of each step that replaced any.
    """
    rows = [row for row in metrics if "guidance/trigger_rate" in row]
    scored = [row for row in rows if row.get("guidance/scored")]
    replacing = [row for row in rows if row["mixed/replaced"]]
    names = sorted({key.removeprefix(_WIN) for row in replacing for key in row if key.startswith(_WIN)})
    shares = {name: [row.get(_WIN + name, 0.0) for row in replacing] for name in names}
    replaced = [row["mixed/replaced"] for row in replacing]
    return {
        "trigger_rate": [[row["step"], row["guidance/trigger_rate"]] for row in rows],
        "scores": [sum(row.get(f"guidance/score_hist_{i}", 0.0) for row in scored) for i in range(10)],
        "ties": fmean(row["guidance/ties"] for row in scored) if scored else None,
        "wins": {name: fmean(share, replaced) for name, share in shares.items()},
        "wins_by_step": {
            name: [[row["step"], value] for row, value in zip(replacing, share, strict=True)]
            for name, share in shares.items()
        },
    }


def _copy(source: Path, place: Path) -> None:
    import shutil

    from ampo.training.rundir import replace_folder

    replace_folder(place, lambda fresh: shutil.copytree(source, fresh, dirs_exist_ok=True) and None)


def main(folder: str, size: str, arm: str, seed: str) -> None:
    """One arm, or the warm-start under the name `warm-start`."""
    import torch

    torch.set_num_threads(1)
    chosen = design.size(size)
    if arm == "warm-start":
        warm_start(Path(folder), chosen)
        return
    run(Path(folder), chosen, next(one for one in design.arms(chosen) if one.name == arm), int(seed))


if __name__ == "__main__":
    main(*sys.argv[1:])
