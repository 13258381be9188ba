"""What was found, written down by the command: results.json, figures, and README.md as a page."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ampo.errors import UserError
from ampo.files import write_json
from ampo.study import analysis, design, schedule, task
from ampo.study.analysis import Claim, Estimate, Results
from ampo.study.design import Size

SCHEMA_VERSION = 1


def write(study: Path, size: Size, folder: Path) -> Path:
    """The page of a whole study. Raises UserError where runs are missing: nothing is left out in silence."""
    from ampo.study import figures

    if left := schedule.missing(study, size):
        raise UserError(f"{len(left)} runs have no result, {left[0].place} the first: run the same command again")
    results = {
        arm.name: [_read(study / arm.name / f"seed-{seed}" / "result.json") for seed in range(size.seeds)]
        for arm in design.arms(size)
    }
    warm = _read(study / "warm-start" / "calibration.json")
    claims = analysis.claims(results)
    folder.mkdir(parents=True, exist_ok=True)
    figures.draw(results, claims, warm, folder)
    write_json(folder / "results.json", as_data(size, results, warm, claims))
    (folder / "README.md").write_text("\n".join(_page(size, results, warm, claims)) + "\n", encoding="utf-8")
    return folder / "README.md"


def as_data(size: Size, results: Results, warm: Mapping[str, Any], claims: list[Claim]) -> dict[str, Any]:
    """All that the page says, as data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "size": size.model_dump(mode="json"),
        "hardware": _hardware(),
        "warm_start": {name: warm[name] for name in ("chosen", "teachers", "parameters", "seconds")},
        "arms": {
            arm: {
                "pass@1": {level: analysis.score(found, (level,))._asdict() for level in task.TESTED},
                f"pass@{size.samples}": {
                    level: analysis.score(found, (level,), size.samples)._asdict() for level in task.TESTED
                },
                "seconds": sum(one["seconds"] for one in found),
                "cpu_seconds": sum(one["cpu_seconds"] for one in found),
                "step_seconds": _step_seconds(found),
                "right": [{row["id"]: row["right"] for row in one["test"]} for one in found],
                "guidance": [one["guidance"] for one in found],
            }
            for arm, found in results.items()
        },
        "claims": [claim._asdict() | {"difference": claim.difference._asdict()} for claim in claims],
    }


def _page(size: Size, results: Results, warm: Mapping[str, Any], claims: list[Claim]) -> Iterator[str]:
    yield "# Does AMPO do what it claims? A small controlled study\n"
    yield f"Made by `ampo study --size {size.name}`; every figure on this page comes from `results.json` beside it.\n"
    yield from _found(claims)
    yield from _setting(size, warm)
    yield from _scores(size, results, warm)
    yield from _learnt_from(results, warm)
    yield from _cost(size, results, warm)


def _found(claims: list[Claim]) -> Iterator[str]:
    yield "## What was found\n"
    yield "| claim | compared | levels | difference in pass@1, points | verdict |\n| :-- | :-- | :-- | --: | :-- |"
    for claim in claims:
        levels = "all trained" if claim.levels == task.TRAINED else ", ".join(claim.levels)
        verdict = f"**{claim.verdict}**" if claim.verdict != "undecided" else claim.verdict
        compared = f"{claim.better} − {claim.worse}"
        yield f"| {claim.text} | {compared} | {levels} | {_points(claim.difference, sign=True)} | {verdict} |"
    yield (
        "\nIntervals are of 95 %, over seeds and problems, paired by both. Supported: the interval is above 0. Not "
        f"supported: it holds no advantage of {100 * analysis.WORTH:g} point or more. Undecided: neither; more seeds "
        "or problems would tell. No correction is made for there being several claims.\n"
    )
    yield "![The claims with their intervals](claims.png)\n"


def _setting(size: Size, warm: Mapping[str, Any]) -> Iterator[str]:
    rates = warm["chosen"]["rates"]
    yield "## How\n"
    yield (
        f"A decoder of {warm['parameters'] / 1e6:.1f} million parameters over characters learns chained additions and "
        "subtractions. Levels: "
        + ", ".join(f"{level.name} ({level.terms} numbers up to {level.largest})" for level in task.LEVELS.values())
        + "; `beyond` is never trained on. When the arms begin, it solves "
        + ", ".join(f"{100 * rates[level]:.0f} % of the {level}" for level in task.TRAINED)
        + " validation problems. Four procedural teachers, all right: `own` (its own style), `rare` (words, seen in "
        "few examples), `checking` (each step done again backwards, never seen), `alien` (mirrored digits and signs of "
        "its own, never seen). The answer stands in no trace before its last step.\n"
    )
    yield (
        f"Every arm: {size.steps} steps of {size.prompts_per_step} prompts with {size.n} responses each, "
        f"{size.prompts} training problems, learning rate {size.lr:g}, "
        f"{size.seeds} seed{'s' if size.seeds > 1 else ''}, the same prompts in the same order. The checkpoint that "
        f"does best on {size.validation * len(task.TRAINED)} validation problems is sampled {size.samples} times on "
        f"each of {size.test} test problems a level, at temperature 1. `sft` takes the "
        "pool's solutions in place of responses; `sft-grpo` does that for half of the steps.\n"
    )


def _scores(size: Size, results: Results, warm: Mapping[str, Any]) -> Iterator[str]:
    columns = [(level, k) for level in task.TESTED for k in (1, size.samples)]
    yield "## Scores on the test problems\n"
    yield "| arm | gained | " + " | ".join(f"{level}<br>pass@{k}" for level, k in columns) + " |"
    yield "| :-- | --: |" + " --: |" * len(columns)
    start = [{"test": warm["test"]}]
    for arm, found in {"(warm start)": start, **results}.items():
        gained = "" if found is start else _points(analysis.difference(found, start, task.TRAINED), sign=True)
        cells = [_points(analysis.score(found, (level,), k), short=k > 1) for level, k in columns]
        yield f"| {arm} | {gained} | {' | '.join(cells)} |"
    yield (
        "\nIn %, with 95 % intervals over seeds and problems. Gained: points of pass@1 over the trained levels since "
        "the warm start.\n"
    )
    yield "![pass@k by level](pass_at_k.png)\n"
    yield "![Learning curves, the range of the seeds shaded](learning.png)\n"


def _learnt_from(results: Results, warm: Mapping[str, Any]) -> Iterator[str]:
    yield "## What was learnt from whom\n"
    yield "| teacher | score at the start | log p a token | weight of a token | tokens | won in `ampo` |"
    yield "| :-- | --: | --: | --: | --: | --: |"
    for style, about in warm["teachers"].items():
        wins = [one["guidance"]["wins"].get(style, 0.0) for one in results["ampo"]]
        yield (
            f"| {style} | {about['score']:.3f} | {about['log_prob']:.2f} | {about['weight']:.3f} | "
            f"{about['tokens']:.0f} | {100 * sum(wins) / len(wins):.0f} % |"
        )
    ties = [one["guidance"]["ties"] for one in results["ampo"] if one["guidance"]["ties"] is not None]
    rates = [value for one in results["ampo"] for _, value in one["guidance"]["trigger_rate"]]
    yield (
        "\nOn hard problems, before training. Score: the comprehension score. Weight: d f / d log p of a teacher's "
        "token, γp / (p + γ)², at most 0.25: near 0 for what the student holds impossible, so that a style it can't "
        f"read teaches it little, however right it is. In `ampo` {100 * sum(rates) / max(len(rates), 1):.0f} % of the "
        f"prompts triggered guidance; {100 * sum(ties) / max(len(ties), 1):.0f} % of the choices were ties.\n"
    )
    yield "![Trigger rate, comprehension scores, who was chosen, and when](guidance.png)\n"


def _cost(size: Size, results: Results, warm: Mapping[str, Any]) -> Iterator[str]:
    seconds = sum(one["cpu_seconds"] for found in results.values() for one in found) + warm["seconds"]
    runs = sum(map(len, results.values()))
    yield "## Cost\n"
    yield (
        f"{runs} runs and a warm start, {seconds / 3600:.1f} hours of processor time on: {_hardware()}. A step, "
        "of which rollouts are most: "
        + ", ".join(f"{arm} {_step_seconds(found):.1f} s" for arm, found in results.items())
        + "."
    )
    if size.name == "small":
        yield (
            "\nThis is the size for two cores: a smaller student, fewer problems, steps and seeds than `--size full`, "
            "which is meant for a GPU and has not been run here."
        )


def _step_seconds(found: Sequence[Mapping[str, Any]]) -> float:
    """Of wall time, in the quickest seed: something else may have run beside the others."""
    return min(one["step_seconds"] for one in found)


def _points(found: Estimate, *, sign: bool = False, short: bool = False) -> str:
    mean, low, high = (100 * value for value in found)
    if short:
        return f"{mean:.1f}"
    return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]" if sign else f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def _hardware() -> str:
    import os

    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{os.cpu_count()} cores ({platform.machine()}), no GPU"


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
