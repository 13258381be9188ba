"""The study's figures, as PNG files, of whatever is finished."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from ampo.study import jobs, task
from ampo.study.curves import Curve
from ampo.study.findings import Findings

COLOURS = {"grpo": "#6b7280", "ampo": "#4f46e5"}
VERDICTS = {"supported": "#15803d", "refuted": "#b91c1c", "undecided": "#6b7280", "not run": "#d1d5db"}
LEARNING = ("grpo", "ampo", "ampo-random", "ampo-always", "ampo-no-push", "ampo-push-only", "rl-sft", "luffy")
"""The arms that curves are drawn of, where they are there: more would not be told apart."""

plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 110})


def draw(found: Findings, folder: Path) -> list[str]:
    """All figures that there is something for, written to a folder; their names."""
    makers: dict[str, Callable[[Findings], Any]] = {
        "map.png": the_map,
        "claims.png": _claims,
        "learning.png": _learning,
        "mechanism.png": _mechanism,
    }
    made = []
    for name, maker in makers.items():
        (folder / name).unlink(missing_ok=True)
        if figure := maker(found):
            figure.savefig(folder / name, bbox_inches="tight")
            plt.close(figure)
            made.append(name)
    return made


def the_map(found: Findings) -> Any:
    """P0 against what GRPO and AMPO reach, and against the gain of guidance."""
    points = [point for point in found.map if point.scores]
    if not points:
        return None
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    for arm in jobs.MAPPED:
        known = [(p.begins.mean, p.scores[arm]) for p in points if arm in p.scores]
        _with_intervals(left, known, COLOURS[arm], arm)
    left.set_title(f"right answers on {task.TRAINED} problems after training, %", loc="left")
    left.legend(frameon=False)
    _with_intervals(right, [(p.begins.mean, p.gain) for p in points if p.gain], "#111827", None)
    right.axhline(0, color="#9ca3af", lw=0.8, zorder=0)
    right.set_title("ampo minus grpo, points", loc="left")
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xlabel("P0: how often the student begins to work")
    figure.tight_layout()
    return figure


def _with_intervals(axes: Any, points: Sequence[tuple[float, Any]], colour: str, label: str | None) -> None:
    x = [at for at, _ in points]
    y = np.array([[100 * e.mean, 100 * (e.mean - e.low), 100 * (e.high - e.mean)] for _, e in points]).T
    if x:
        axes.errorbar(
            x, y[0], yerr=np.maximum(y[1:], 0), color=colour, marker="o", ms=4, lw=1.4, capsize=2, label=label
        )


def _claims(found: Findings) -> Any:
    known = [one for one in reversed(found.claims) if one.difference]
    if not known:
        return None
    figure, axes = plt.subplots(figsize=(7.5, 0.42 * len(known) + 0.9))
    for place, one in enumerate(known):
        assert one.difference
        mean, low, high = (100 * value for value in one.difference[:3])
        axes.plot([low, high], [place, place], color=VERDICTS[one.verdict], lw=2)
        axes.plot(mean, place, "o", color=VERDICTS[one.verdict], ms=5)
        if one.claim.margin:
            axes.plot([-100 * one.claim.margin] * 2, [place - 0.3, place + 0.3], color="#9ca3af", lw=1)
    axes.axvline(0, color="#9ca3af", lw=0.8, zorder=0)
    axes.set_yticks(range(len(known)), [f"{one.claim.text} ({one.verdict}, {one.seeds} seeds)" for one in known])
    axes.set_xlabel("difference in pass@1, points, with its 95 % interval over seeds and problems")
    return figure


def _learning(found: Findings) -> Any:
    runs = {arm: [one["curves"] for one in found.runs(arm).values()] for arm in LEARNING}
    runs = {arm: curves for arm, curves in runs.items() if curves}
    if not runs:
        return None
    panels = {
        "accuracy": "right answers of the student's own, training",
        "works": "share of responses that work",
        "entropy": "entropy, nats a token",
        "none_right": "groups with none right",
    }
    figure, grid = plt.subplots(2, 2, figsize=(9, 6))
    for axes, (name, title) in zip(grid.flat, panels.items(), strict=True):
        for arm, curves in runs.items():
            _band(axes, [one.get(name, []) for one in curves], arm)
        axes.set_title(title, loc="left")
        axes.set_xlabel("step")
    figure.tight_layout()
    return _with_legend(figure, grid[0, 0], 4)


def _mechanism(found: Findings) -> Any:
    runs = list(found.runs("ampo").values())
    if not runs:
        return None
    figure, ((norms, begins), (chosen, helps)) = plt.subplots(2, 2, figsize=(9, 6))
    for name, label, colour in (
        ("teacher_norm", "teachers' rows", "#15803d"),
        ("failed_norm", "failed own rows", "#b91c1c"),
    ):
        _band(norms, [one["curves"].get(name, []) for one in runs], label, colour)
    norms.set_title("ampo: norm of the gradient in guided groups", loc="left")
    for arm in ("grpo", "ampo", "ampo-no-push", "ampo-push-only"):
        _band(begins, [one["curves"].get("begins", []) for one in found.runs(arm).values()], arm)
    begins.set_yscale("log")
    begins.set_title("probability of beginning to work", loc="left")
    for teacher in sorted({name for one in runs for name in one["wins"]}):
        _band(chosen, [one["wins"].get(teacher, []) for one in runs], teacher)
    chosen.set_title("ampo: share of replaced rows by teacher", loc="left")
    for axes in (norms, begins, chosen):
        axes.set_xlabel("step")
        axes.legend(frameon=False, fontsize=7)
    _helping(helps, found)
    figure.tight_layout()
    return figure


def _helping(axes: Any, found: Findings) -> None:
    """Each teacher's comprehension score at the start, against the gain of learning from it alone."""
    for row in found.teachers():
        if row["gain"]:
            axes.plot(row["score"], 100 * row["gain"].mean, "o", color="#4f46e5")
            axes.annotate(f" {row['teacher']}", (row["score"], 100 * row["gain"].mean), fontsize=8)
    axes.set_xlabel("comprehension score at the start")
    axes.set_title("gain from each teacher alone, points", loc="left")


def _band(axes: Any, curves: Sequence[Curve], label: str, colour: str | None = None) -> None:
    """The mean over seeds and their range; seeds that have no value at a step are left out of it."""
    by_step: dict[float, list[float]] = {}
    for curve in curves:
        for step, value in curve:
            by_step.setdefault(step, []).append(value)
    if not by_step:
        return
    steps = sorted(by_step)
    (line,) = axes.plot(steps, [np.mean(by_step[s]) for s in steps], lw=1.4, label=label, color=colour)
    low, high = ([pick(by_step[s]) for s in steps] for pick in (min, max))
    axes.fill_between(steps, low, high, alpha=0.12, color=line.get_color())


def _with_legend(figure: Any, axes: Any, columns: int) -> Any:
    """One legend for all its axes, below them."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=columns, frameon=False, fontsize=8
    )
    return figure
