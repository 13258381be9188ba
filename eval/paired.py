"""The mean of paired differences that come in strata (benchmarks), each weighing the same: its error, interval, test.

A stratum is an array of its problems' differences, [problems], each in [-1, 1].

Interval: Student's, from the spread of the differences. Where they are all the same (two runs that tie on every
    problem) the spread says nothing, and the interval is as wide as the chance of a difference that has not shown
    itself in so many problems (Wilson's bound at 0 of N).
p-value: an exact sign-flip permutation test where at most 16 problems differ, since Student's test is not to be
    trusted there; else Student's paired test. The interval of so few problems is a guide, the p-value is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import sqrt
from statistics import NormalDist
from typing import Literal

import numpy as np

from ampo.eval.stats import Interval, critical_value, wilson

EXACT_UP_TO = 16  # problems that differ: 2^16 sign patterns at most
_ROUNDING = 1e-12  # what a sum of weighted differences that cancel may leave

Strata = Sequence[np.ndarray]
Test = Literal["sign-flip permutation", "paired t"]


def mean_of(strata: Strata) -> float:
    """The mean of the strata's means; 0 where only rounding is left of it."""
    mean = float(np.mean([np.mean(s) for s in strata]))
    return mean if abs(mean) > _ROUNDING else 0.0


def standard_error(strata: Strata) -> tuple[float, float]:
    """Of the mean of the strata's means, and its degrees of freedom (Satterthwaite 1946).

    A stratum of one problem shows no spread and adds none.
    """
    parts = [(float(np.var(s, ddof=1)) / len(s), len(s) - 1) for s in strata if len(s) > 1]
    total = sum(v for v, _ in parts)
    spread = sum(v * v / d for v, d in parts)
    degrees = total * total / spread if spread > 0 else float(sum(d for _, d in parts))
    return sqrt(total) / len(strata), degrees


def interval(strata: Strata) -> Interval:
    """Student's interval, with a width for the strata that show no spread; within [-1, 1]."""
    mean, (error, degrees) = mean_of(strata), standard_error(strata)
    unseen = [wilson(0.0, len(s), critical_value(len(s) - 1)).high for s in strata if np.ptp(s) == 0]
    seen = critical_value(degrees) * error if error > 0 else 0.0
    half = sqrt(seen**2 + sum(u * u for u in unseen) / len(strata) ** 2)
    return Interval(max(-1.0, mean - half), min(1.0, mean + half))


def p_value(strata: Strata) -> tuple[float, Test]:
    """Two-sided, of the hypothesis that the mean is 0."""
    terms = np.concatenate([s / (len(strata) * len(s)) for s in strata])
    terms = terms[terms != 0]
    if len(terms) <= EXACT_UP_TO:
        return sign_flip(terms), "sign-flip permutation"
    mean, (error, degrees) = mean_of(strata), standard_error(strata)
    if error == 0:  # no spread for Student's test: the permutation test in its normal approximation
        return 2 * NormalDist().cdf(-abs(mean) / float(np.linalg.norm(terms))), "sign-flip permutation"
    from scipy.special import stdtr

    return float(2 * stdtr(degrees, -abs(mean) / error)), "paired t"


def sign_flip(terms: Sequence[float] | np.ndarray) -> float:
    """Two-sided exact p-value of sum(terms), if each term's sign were a coin's toss. terms [n], n at most 16 or so."""
    return _sign_flip(tuple(sorted(float(term) for term in terms)))


@lru_cache(maxsize=65536)
def _sign_flip(terms: tuple[float, ...]) -> float:
    sums = np.array(terms[:1] or [0.0])  # the first sign is fixed: turning all signs changes no size
    for term in terms[1:]:
        sums = np.concatenate([sums + term, sums - term])
    return float(np.mean(np.abs(sums) >= abs(sum(terms)) - _ROUNDING))  # equal sums may differ by rounding
