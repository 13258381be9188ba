"""Where a benchmark stands that was sampled in two stages: its score, the intervals, and what makes their widths.

The first stage asks every problem `pilot` times; the second's shares differ from problem to problem (see
`ampo.eval.adaptive`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np

from ampo.eval.stats import clustered_interval, critical_value, standard_error, wilson

Z = critical_value(0)  # the normal quantile
LEAST = 2  # later samples of each problem: a variance takes two
_MANY = 10**9


class Tally(NamedTuple):
    """A benchmark's problems, an entry each (suffix _p). first: right ones of the first `pilot` samples; n, right: of
    all samples.
    """

    pilot: int
    first_p: np.ndarray
    n_p: np.ndarray
    right_p: np.ndarray


@dataclass(frozen=True, slots=True)
class Estimate:
    """Where a benchmark stands. All are fractions; widths are halves of 95 % intervals.

    unbiased: the score with the two stages weighed alike for every problem.
    half_width: of the interval over problems. sampling_half_width: over samples of these problems.
    between, within: the parts of score's squared standard error that problems and sampling make.
    floor: what half_width would be with samples without end; floor_low: the same, by the lower 95 % limit of the
        spread between problems, which is itself estimated.
    """

    score: float
    unbiased: float
    half_width: float
    sampling_half_width: float
    between: float
    within: float
    floor: float
    floor_low: float


def tally(outcomes: Sequence[Sequence[bool]], pilot: int) -> Tally:
    """From each problem's outcomes in the order of its samples."""
    return Tally(
        pilot,
        np.array([sum(row[:pilot]) for row in outcomes], dtype=float),
        np.array([len(row) for row in outcomes], dtype=int),
        np.array([sum(row) for row in outcomes], dtype=float),
    )


def estimate(t: Tally) -> Estimate:
    """Where the benchmark stands."""
    from scipy.stats import chi2

    means_p = t.right_p / t.n_p
    error = standard_error(list(means_p))
    within = float(np.sum(means_p * (1 - means_p) / np.maximum(t.n_p - 1, 1))) / len(means_p) ** 2
    between = max(0.0, error**2 - within)
    score, half_width = float(means_p.mean()), _half_width(list(means_p), int(t.n_p.sum()))
    unbiased, sampling = _two_stages(t)
    degrees = len(means_p) - 1
    low = degrees / float(chi2.ppf(0.95, degrees)) if degrees else 1.0
    flat = error == 0  # one problem, or all alike: the width comes from their number alone
    return Estimate(
        score=score,
        unbiased=unbiased,
        half_width=half_width,
        sampling_half_width=sampling,
        between=between,
        within=within,
        floor=half_width if flat else min(half_width, predicted(score, between, len(means_p))),
        floor_low=half_width if flat else min(half_width, predicted(score, between * low, len(means_p))),
    )


def _two_stages(t: Tally) -> tuple[float, float]:
    """The unbiased score, and the half-width of its interval over samples.

    Where all samples of all problems agree, the estimated variance is 0 and says nothing: it is taken to be at least
    that of one problem that is a coin's toss.
    """
    first_p, later_n_p = t.first_p / t.pilot, t.n_p - t.pilot
    variance_p = first_p * (1 - first_p) / max(t.pilot - 1, 1)
    score_p = first_p
    if later_n_p.any():
        share = t.pilot * len(t.n_p) / float(t.n_p.sum())
        later_p = np.where(later_n_p > 0, (t.right_p - t.first_p) / np.maximum(later_n_p, 1), first_p)
        seen_p = later_p * (1 - later_p) / np.maximum(later_n_p - 1, 1)
        later_variance_p = np.where(later_n_p >= LEAST, seen_p, variance_p)
        score_p = share * first_p + (1 - share) * later_p
        variance_p = share**2 * variance_p + (1 - share) ** 2 * later_variance_p
    variance = max(float(variance_p.sum()), 0.25 / int(t.n_p.min())) / len(t.n_p) ** 2
    return float(score_p.mean()), Z * sqrt(variance)


def _half_width(means: Sequence[float], n_samples: int) -> float:
    low, high = clustered_interval(means, n_samples)
    return (high - low) / 2


def predicted(score: float, squared_error: float, problems: int) -> float:
    """The half-width of the interval over problems for a squared standard error, as `clustered_interval` makes it."""
    effective = max(score * (1 - score) / squared_error, problems) if squared_error > 0 else _MANY
    low, high = wilson(score, min(effective, _MANY), critical_value(problems - 1))
    return (high - low) / 2
