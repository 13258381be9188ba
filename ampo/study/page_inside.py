"""The page's sections on what went on inside: the mechanism, other learning rates, and what it took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, median

from ampo.study import decide, design, jobs, task
from ampo.study.findings import ACCURACIES, Findings, cpu_seconds
from ampo.study.words import figure, percent, points, seeds


def mechanism(found: Findings, figures: Sequence[str]) -> Iterator[str]:
    """Which teachers are chosen, whose gradient is how large, and who helps."""
    if not found.teachers():
        return
    yield "## Mechanism\n"
    yield "| teacher | score at the start | log p a token | weight of a token | tokens | chosen in ampo | gain alone |"
    yield "| :-- | --: | --: | --: | --: | --: | --: |"
    for row in found.teachers():
        won = found.won(row["teacher"])
        yield (
            f"| {row['teacher']} | {row['score']:.3f} | {row['log_prob']:.2f} | {row['weight']:.3f} | "
            f"{row['tokens']:.0f} | {percent(fmean(won)) if won else '–'} | {points(row['gain'])} |"
        )
    yield (
        "\nScore: the comprehension score. Weight: d f / d log p of a teacher's token, γp / (p + γ)², at "
        "most 0.25, and "
        "0.08 at p = 1, where each token of a failed row weighs 1. Gain alone: points over the start of learning from "
        "that teacher alone.\n"
    )
    yield from _norms(found)
    yield from figure(figures, "mechanism.png", "Gradients, the beginning, who is chosen, and who helps")


def _norms(found: Findings) -> Iterator[str]:
    runs = [one["curves"] for one in found.runs("ampo").values()]
    ratios = [
        [f[1] / t[1] for t, f in zip(one["teacher_norm"], one["failed_norm"], strict=False) if t[1] > 0]
        for one in runs
        if "teacher_norm" in one
    ]
    if ratios and all(ratios):
        first, whole = fmean(r[0] for r in ratios), median(value for r in ratios for value in r)
        yield (
            f"In guided groups of `ampo` the gradient of the failed rows is {first:.1f} times that of the "
            "teachers' rows at "
            f"the first step, {whole:.1f} times over the run (median).\n"
        )


def robust(found: Findings) -> Iterator[str]:
    """The first claim at other learning rates."""
    if not any(found.runs(arm, lr=factor * found.lr) for arm in jobs.MAPPED for factor in (0.5, 2.0)):
        return
    yield "## Twice and half the learning rate\n"
    yield "| learning rate | grpo | ampo | ampo minus grpo | seeds |\n| --: | --: | --: | --: | --: |"
    gains: list[float | None] = []
    for factor in (0.5, 1.0, 2.0):
        lr = factor * found.lr
        cells = [
            percent(fmean(decide.accuracy(one) for one in runs.values())) if (runs := found.runs(arm, lr=lr)) else "–"
            for arm in jobs.MAPPED
        ]
        n, gain = found.compared("ampo", "grpo", (task.TRAINED,), lr=lr)
        planned = found.size.seeds.claim if factor == 1 else found.size.seeds.robust
        gains.append(gain.mean if gain else None)
        yield f"| {lr:g} | {' | '.join(cells)} | {points(gain)} | {seeds(n, planned)} |"
    yield f"\n{_hangs([gain for gain in gains if gain is not None])}\n"


def _hangs(gains: list[float]) -> str:
    """What the table says of the first claim: its sign, and its size within a factor of two."""
    if min(gains) <= 0 < max(gains):
        return "**The first claim hangs on the learning rate.**"
    if min(map(abs, gains)) < 0.5 * max(map(abs, gains)):
        return (
            "The sign of the first claim's difference does not hang on the learning rate; **its size does**, by more "
            "than a factor of two: at other rates the same steps were not enough."
        )
    return "The first claim does not hang on the learning rate."


def times(found: Findings) -> Iterator[str]:
    """What it takes to get to an accuracy."""
    if not any(found.runs(name) for name in design.arms(found.size)):
        return
    yield "## Time to a given accuracy\n"
    heads = [f"{100 * a:.0f} %: steps, tokens, CPU seconds" for a in ACCURACIES]
    yield f"| arm | {' | '.join(heads)} | CPU seconds in all |\n| :-- | {'--: | ' * len(heads)}--: |"
    for name in design.arms(found.size):
        if not (runs := list(found.runs(name).values())):
            continue
        cells = []
        for times in found.times(name).values():
            reached = [one for one in times if one]
            means = [fmean(one[what] for one in reached) for what in ("steps", "tokens", "seconds")] if reached else []
            share = f" ({len(reached)} of {len(times)} seeds)" if len(reached) < len(times) else ""
            cells.append(", ".join(f"{value:,.0f}" for value in means) + share if means else "never")
        yield f"| {name} | {' | '.join(cells)} | {fmean(map(cpu_seconds, runs)):,.0f} |"
    yield (
        "\nAccuracy of the student's own responses to training problems, over four steps; tokens: that it "
        "sampled; means "
        "over the seeds that got there. CPU seconds in all: without testing.\n"
    )
