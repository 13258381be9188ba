"""What is kept of a run: its metrics in short, averaged over a few steps, so that many runs fit into a small file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from ampo.study.watch import BIN

KEPT = {
    "accuracy": "own/accuracy",
    "none_right": "own/solved_none",
    "entropy": "own/entropy",
    "length": "own/length",
    "works": "study/works",
    "begins": "study/begins",
    "teacher_norm": "study/teacher_norm",
    "failed_norm": "study/failed_norm",
    "teacher_prob": "update/teacher_prob",
    "triggered": "guidance/trigger_rate",
    "validation": "val/accuracy",
    "tokens": "tokens",
    "cpu": "study/cpu",
}
"""Our names of the backend's metrics. tokens: sampled so far. cpu: seconds a step."""

_WIN = "guidance/win/"

Curve = list[list[float]]
"""[last step of the bin, mean over it], where the bin has a value."""


def curves(metrics: Sequence[Mapping[str, Any]], before: int) -> dict[str, Curve]:
    """By our names. before: steps of an earlier phase."""
    return {name: found for name, theirs in KEPT.items() if (found := _binned(metrics, theirs, before))}


def wins(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Curve]:
    """Each teacher's share of the replaced rows, over the steps that replaced any."""
    names = sorted({name for row in metrics for name in row if name.startswith(_WIN)})
    replacing = [row for row in metrics if any(name in row for name in names)]
    full = [{name: row.get(name, 0.0) for name in names} | {"step": row["step"]} for row in replacing]
    return {name.removeprefix(_WIN): _binned(full, name, 0) for name in names}


def _binned(metrics: Sequence[Mapping[str, Any]], name: str, before: int) -> Curve:
    bins: dict[int, list[float]] = {}
    for row in metrics:
        if name in row:
            bins.setdefault(-(-row["step"] // BIN) * BIN + before, []).append(row[name])
    return [[step, float(f"{fmean(values):.4g}")] for step, values in bins.items()]


def spent(found: Mapping[str, Curve], until: float = float("inf")) -> float:
    """Processor seconds up to a step, that step's bin included."""
    return sum(BIN * value for at, value in found["cpu"] if at <= until)


def reached(found: Mapping[str, Curve], accuracy: float, before: float = 0.0) -> dict[str, float] | None:
    """steps, tokens and processor seconds after which the mean accuracy of a bin is so high; None where it never is.
    before: seconds of an earlier phase."""
    step = next((step for step, value in found["accuracy"] if value >= accuracy), None)
    if step is None:
        return None
    tokens = next(value for at, value in found["tokens"] if at == step)
    return {"steps": step, "tokens": tokens, "seconds": before + spent(found, step)}
