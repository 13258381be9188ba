"""Scores and differences with intervals over seeds and problems, and what they say of each claim.

An arm's score at a level is a table of seeds by problems. Both are samples: another seed and other problems would have
given other figures. The error of a mean is that of the seeds' means and that of the problems' means together (the two
are crossed, so what both carry is counted twice: the interval is rather too wide), with Student's t by Satterthwaite's
degrees of freedom. Differences are taken cell by cell first, since all arms have the same seeds and problems. Verdicts
are corrected for the number of claims by Holm's procedure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy.stats import t as student_t

from ampo.eval.stats import critical_value
from ampo.study.store import Result

LEVEL = 0.05

Verdict = Literal["supported", "refuted", "undecided", "not run"]


class Estimate(NamedTuple):
    """A mean with its 95 % interval. error, degrees: its standard error and degrees of freedom."""

    mean: float
    low: float
    high: float
    error: float
    degrees: float


def table(results: Sequence[Result], levels: Sequence[str]) -> np.ndarray:
    """pass@1 [seeds, problems] on some levels."""
    return np.array([[n for level in levels for n in one["test"][level]] for one in results]) / results[0]["samples"]


def estimate(values: np.ndarray) -> Estimate:
    """The mean of [seeds, problems] values. With one seed the interval is over problems alone."""
    parts = [(means.var(ddof=1) / len(means), len(means) - 1) for means in _marginals(values) if len(means) > 1]
    mean, variance = float(values.mean()), float(sum(part for part, _ in parts))
    if variance == 0:
        return Estimate(mean, mean, mean, 0.0, 0.0)
    degrees = variance**2 / sum(part**2 / n for part, n in parts)
    reach = critical_value(degrees) * variance**0.5
    return Estimate(mean, mean - reach, mean + reach, variance**0.5, degrees)


def _marginals(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values.mean(1), values.mean(0)


def score(results: Sequence[Result], levels: Sequence[str]) -> Estimate:
    """pass@1 of an arm, its interval kept within 0 and 1."""
    found = estimate(table(results, levels))
    return found._replace(low=max(found.low, 0.0), high=min(found.high, 1.0))


def difference(a: Sequence[Result], b: Sequence[Result], levels: Sequence[str]) -> Estimate:
    """a minus b in pass@1, paired by seed and problem."""
    return estimate(table(a, levels) - table(b, levels))


def p_value(found: Estimate, margin: float = 0.0) -> float:
    """Of the hypothesis that the difference is -margin, from both sides; 1 where nothing varied or there is one
    seed."""
    if found.error == 0 or found.degrees <= 0:
        return 1.0
    return float(2 * student_t.sf(abs(found.mean + margin) / found.error, found.degrees))


def holm(values: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm 1979): the smallest times n, the next times n - 1, never falling."""
    order = sorted(range(len(values)), key=values.__getitem__)
    corrected, highest = [0.0] * len(values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, values[i] * (len(values) - rank)))
        corrected[i] = highest
    return corrected


def verdict(found: Estimate, margin: float, corrected: float) -> Verdict:
    """By the corrected p-value: better, worse, or neither was shown."""
    if corrected >= LEVEL:
        return "undecided"
    return "supported" if found.mean > -margin else "refuted"
