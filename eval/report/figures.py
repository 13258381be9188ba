"""How a figure is written, the same in every form of a report. Scores are fractions and are shown in percent.

Results from elsewhere (`ampo.eval.elsewhere`) have a part of the figures only: what isn't there is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ampo.eval.metrics import mean_of
from ampo.eval.paper import AVERAGES, PaperRow


def percent(value: float | None) -> str:
    """One decimal place."""
    return "" if value is None else f"{100 * value:.1f}"


def interval(value: float | None, ci95: Sequence[float] | None) -> str:
    """As in 31.7 [23.8, 40.8]."""
    return f"{percent(value)} [{span(ci95)}]" if ci95 else percent(value)


def span(ci95: Sequence[float]) -> str:
    """As in 23.8, 40.8."""
    return f"{percent(ci95[0])}, {percent(ci95[1])}"


def score(row: Mapping[str, Any]) -> str:
    """A benchmark's avg@k with its interval."""
    return interval(row.get("avg_at_k"), row.get("ci95"))


def mean(metrics: Mapping[str, Any]) -> str:
    """The mean over benchmarks with its interval."""
    return interval(metrics.get("macro_avg"), metrics.get("macro_ci95"))


def bounds(row: Mapping[str, Any]) -> str:
    """The score with what was not shown all wrong, and all right, as in 25.0-50.0; empty where both are one."""
    low, high = row.get("bounds", (0, 0))
    return f"{percent(low)}-{percent(high)}" if high > low else ""


def averaged(metrics: Mapping[str, Any]) -> int:
    """How many benchmarks the mean is over: lm-eval's filters of one task are one."""
    return len({row.get("task", name) for name, row in metrics["benchmarks"].items() if "avg_at_k" in row})


def averages(metrics: Mapping[str, Any], printed: Iterable[PaperRow]) -> dict[str, dict[str, Any]]:
    """The averages that any of these rows prints and whose benchmarks are all there, as avg_at_k and ci95."""
    benchmarks, names = metrics["benchmarks"], {name for row in printed for name in row.averages}
    found: dict[str, dict[str, Any]] = {}
    for name, members in AVERAGES.items():
        if name in names and all("avg_at_k" in benchmarks.get(member, {}) for member in members):
            average, ci95 = mean_of([benchmarks[member] for member in members])
            found[name] = {"avg_at_k": average, "ci95": ci95}
    return found


def tokens(row: Mapping[str, Any]) -> str:
    """The mean length."""
    length = row.get("mean_completion_tokens")
    return "" if length is None else f"{length:.0f}"


def samples(row: Mapping[str, Any]) -> str:
    """Of each problem: 32, or 8-32."""
    fewest, most = row["samples_per_problem"]
    return str(most) if fewest == most else f"{fewest}-{most}"


def counts(row: Mapping[str, Any], times: str) -> str:
    """Problems and samples of each: 30 x 32, or 30 x 8-32."""
    if "n_problems" not in row:
        return ""
    return f"{row['n_problems']} {times} {samples(row)}"


def pass_at_most(row: Mapping[str, Any]) -> float | None:
    """pass@k for the largest k that every problem has samples for."""
    curve = row.get("pass_at_k")
    return curve[max(curve, key=int)] if curve else None
