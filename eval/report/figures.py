"""How a figure is written, the same in every form of a report. Scores are fractions and are shown in percent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

RATES = ("truncated_rate", "no_answer_rate", "timeout_rate")


def percent(value: float | None) -> str:
    """One decimal place; empty for what isn't there."""
    return "" if value is None else f"{100 * value:.1f}"


def interval(value: float, ci95: Sequence[float]) -> str:
    """As in 31.7 [23.8, 40.8]."""
    return f"{percent(value)} [{percent(ci95[0])}, {percent(ci95[1])}]"


def counts(row: Mapping[str, Any], times: str) -> str:
    """Problems and samples of each: 30 x 32, or 30 x 8-32."""
    fewest, most = row["samples_per_problem"]
    return f"{row['n_problems']} {times} {most if fewest == most else f'{fewest}-{most}'}"


def pass_at_most(row: Mapping[str, Any]) -> float | None:
    """pass@k for the largest k that every problem has samples for."""
    curve = row["pass_at_k"]
    return curve[max(curve, key=int)] if curve else None
