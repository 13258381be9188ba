"""The study's figures, as PNG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from ampo.study import analysis, task
from ampo.study.analysis import Claim, Results

SHOWN = ("grpo", "sft-grpo", "luffy", "ampo", "ampo-random", "ampo-always", "ampo-adaptive")
"""The arms that curves are drawn of: more would not be told apart."""

plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 150})


def draw(results: Results, claims: Sequence[Claim], warm: Mapping[str, Any], folder: Path) -> list[str]:
    """All figures, written to a folder; their names."""
    made = {
        "claims.png": _claims(claims),
        "learning.png": _learning(results),
        "pass_at_k.png": _pass_at_k(results),
        "guidance.png": _guidance(results, warm),
    }
    for name, figure in made.items():
        figure.savefig(folder / name, bbox_inches="tight")
        plt.close(figure)
    return list(made)


def _claims(claims: Sequence[Claim]) -> Any:
    colours = {"supported": "#15803d", "not supported": "#b91c1c", "undecided": "#6b7280"}
    figure, axes = plt.subplots(figsize=(7.5, 0.42 * len(claims) + 0.9))
    for place, claim in enumerate(reversed(claims)):
        mean, low, high = (100 * value for value in claim.difference)
        axes.plot([low, high], [place, place], color=colours[claim.verdict], lw=2)
        axes.plot(mean, place, "o", color=colours[claim.verdict], ms=5)
    axes.axvline(0, color="#9ca3af", lw=0.8, zorder=0)
    axes.set_yticks(range(len(claims)), [f"{c.text} ({c.verdict})" for c in reversed(claims)])
    axes.set_xlabel("difference in pass@1, points, with its 95 % interval over seeds and problems")
    return figure


def _learning(results: Results) -> Any:
    names = {
        "own/accuracy": "right answers of the policy's own",
        "own/solved_none": "groups with none right",
        "own/entropy": "entropy, nats a token",
        "own/length": "tokens of a response",
    }
    figure, grid = plt.subplots(2, 2, figsize=(9, 6))
    for axes, (name, label) in zip(grid.flat, names.items(), strict=True):
        for arm in _present(results):
            _band(axes, [result["curves"].get(name, []) for result in results[arm]], arm)
        axes.set_xlabel("step")
        axes.set_title(label, loc="left")
    figure.tight_layout()
    return _with_legend(figure, grid[0, 0])


def _with_legend(figure: Any, axes: Any) -> Any:
    """One legend for all its axes, below them."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=len(labels), frameon=False, fontsize=8
    )
    return figure


def _band(axes: Any, curves: Sequence[Sequence[Sequence[float]]], label: str) -> None:
    """The mean over seeds, smoothed over five steps, and the range of the seeds."""
    if not all(curves):
        return
    length = min(map(len, curves))
    steps = [step for step, _ in curves[0][:length]]
    width = min(5, length)
    kernel = np.ones(width) / width
    values = np.array([[value for _, value in curve[:length]] for curve in curves])
    smooth = np.array([np.convolve(row, kernel, "valid") for row in values])
    (line,) = axes.plot(steps[width - 1 :], smooth.mean(0), lw=1.4, label=label)
    axes.fill_between(steps[width - 1 :], smooth.min(0), smooth.max(0), alpha=0.12, color=line.get_color())


def _pass_at_k(results: Results) -> Any:
    most = next(iter(results.values()))[0]["test"][0]["samples"]
    ks = [k for k in (1, 2, 4, 8, 16, 32, 64) if k <= most]
    figure, grid = plt.subplots(1, len(task.TESTED), figsize=(11, 2.9))
    for axes, level in zip(grid, task.TESTED, strict=True):
        for arm in _present(results):
            axes.plot(ks, [100 * analysis.score(results[arm], (level,), k).mean for k in ks], lw=1.4, label=arm)
        axes.set_xscale("log", base=2)
        axes.set_xticks(ks, ks)
        axes.set_title(f"{level}: pass@k, %", loc="left")
        axes.set_xlabel("k")
    figure.tight_layout()
    return _with_legend(figure, grid[0])


def _guidance(results: Results, warm: Mapping[str, Any]) -> Any:
    figure, ((left, middle), (right, last)) = plt.subplots(2, 2, figsize=(9, 6))
    for arm in ("ampo", "ampo-adaptive"):
        if arm in results:
            _band(left, [result["guidance"]["trigger_rate"] for result in results[arm]], arm)
    left.set_title("prompts that get guidance", loc="left")
    left.set_xlabel("step")
    left.legend(frameon=False, fontsize=7)
    counts = np.sum([result["guidance"]["scores"] for result in results["ampo"]], axis=0)
    middle.bar(np.arange(len(counts)) / 10 + 0.05, counts / max(counts.sum(), 1), width=0.09, color="#4f46e5")
    middle.set_title("comprehension scores in ampo", loc="left")
    styles = list(warm["teachers"])
    for place, arm in enumerate(a for a in ("ampo", "ampo-likelihood", "ampo-random") if a in results):
        wins = [np.mean([r["guidance"]["wins"].get(style, 0.0) for r in results[arm]]) for style in styles]
        right.bar(np.arange(len(styles)) + 0.27 * place - 0.27, wins, width=0.25, label=arm)
    right.set_xticks(range(len(styles)), styles)
    right.set_title("share of replaced rows by teacher", loc="left")
    right.legend(frameon=False, fontsize=7)
    for style in styles:
        _band(last, [result["guidance"]["wins_by_step"].get(style, []) for result in results["ampo"]], style)
    last.set_title("share of replaced rows in ampo, by step", loc="left")
    last.set_xlabel("step")
    last.set_ylim(0, 1.2 * last.get_ylim()[1])  # room for the legend
    last.legend(frameon=False, fontsize=7, ncols=len(styles), loc="upper left")
    figure.tight_layout()
    return figure


def _present(results: Results) -> list[str]:
    return [arm for arm in SHOWN if arm in results]
