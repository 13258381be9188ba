"""Estimators on counts: pass@k, maj@k, intervals. Pure functions; every score is a fraction in [0, 1].

pass@k: the unbiased estimator of arXiv 2107.03374 (section 2.1).
maj@k: the chance that a majority vote among k of the n samples, drawn without replacement, is right. Exact, by
    counting the draws; a tie is broken by lot, so it counts in part. Votes are for equivalence classes of answers, and
    a sample without an answer uses up a draw and votes for nothing.
Intervals: samples of one problem are not independent, so the standard error is that of the problems' own means
    (arXiv 2411.00640, section 2.2: clusters = problems). Around it stands Wilson's score interval rather than the
    paper's normal one, which leaves [0, 1] and has no width at 0 % and 100 %: Wilson's with the effective number of
    observations p(1 - p) / SE^2 (Korn and Graubard 1998), and Student's quantile in place of the normal one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import comb, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

LEVEL = 0.95


class Interval(NamedTuple):
    """Its two ends."""

    low: float
    high: float


def pass_at_k(n: int, c: int, k: int) -> float:
    """The chance that at least one of k samples is right, from c right ones of n >= k: 1 - C(n-c, k) / C(n, k)."""
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"pass@k needs 0 <= c <= n and 1 <= k <= n, not n={n}, c={c}, k={k}")
    return 1.0 - comb(n - c, k) / comb(n, k)  # exact integers: nothing to overflow or cancel


@lru_cache(maxsize=65536)
def maj_at_k(classes: tuple[tuple[int, int], ...], blanks: int, top: int) -> tuple[float, ...]:
    """maj@1 .. maj@top of one problem.

    classes: (votes, right votes) of each class of answers; a class whose verdicts differ counts by its right share.
    blanks: samples without an answer.
    """
    n = blanks + sum(votes for votes, _ in classes)
    if not 1 <= top <= n:
        raise ValueError(f"maj@k needs 1 <= k <= n, not n={n}, k={top}")
    ways = [0.0] * (top + 1)
    for i, (votes, right) in enumerate(classes):
        if right:
            others = [v for j, (v, _) in enumerate(classes) if j != i]
            for k, won in enumerate(_draws_won(votes, others, blanks, top)):
                ways[k] += won * right / votes
    return tuple(ways[k] / comb(n, k) for k in range(1, top + 1))


def _draws_won(votes: int, others: Sequence[int], blanks: int, top: int) -> list[float]:
    """For each k <= top, the draws of k samples that a class of `votes` wins; one tied among m classes counts 1/m."""
    won = [0.0] * (top + 1)
    for a in range(1, min(votes, top) + 1):  # the winner has a votes in the draw
        rivals = [v for v in others if v >= a]
        free = blanks + sum(v for v in others if v < a)  # these can't reach a votes: any of them may be drawn
        sizes = {(size, 0): comb(free, size) for size in range(min(free, top - a) + 1)}
        for v in rivals:
            sizes = _with_rival(sizes, v, a, top - a)
        for (size, tied), count in sizes.items():
            won[size + a] += comb(votes, a) * count / (tied + 1)
    return won


def _with_rival(sizes: dict[tuple[int, int], int], votes: int, a: int, room: int) -> dict[tuple[int, int], int]:
    """The draws by (size, number of ties with the winner's a votes), with one more rival of `votes` votes."""
    result: dict[tuple[int, int], int] = {}
    for (size, tied), count in sizes.items():
        for b in range(min(a, votes, room - size) + 1):
            key = (size + b, tied + (b == a))
            result[key] = result.get(key, 0) + count * comb(votes, b)
    return result


def standard_error(means: Sequence[float]) -> float:
    """The clustered standard error: of the mean of the problems' means. 0 for a single problem, which says nothing."""
    return float(np.std(means, ddof=1) / sqrt(len(means))) if len(means) > 1 else 0.0


def clustered_interval(means: Sequence[float], n_samples: int) -> Interval:
    """95 % interval of the mean of the problems' means."""
    return interval_around(float(np.mean(means)), standard_error(means), len(means), n_samples)


def interval_around(p: float, error: float, n: int, n_samples: int) -> Interval:
    """95 % interval of a mean from its clustered standard error.

    The effective number of observations lies between the number of problems (all samples of a problem agree, or there
    is one problem, or the means don't differ and so don't say) and the number of samples (they are independent).

    Args:
        p: The mean, a fraction.
        error: Its standard error, clustered by problem.
        n: Problems.
        n_samples: Samples of all problems together.
    """
    effective = min(max(p * (1 - p) / error**2, n), max(n_samples, n)) if error > 0 else n
    return wilson(p, effective, critical_value(n - 1))


def critical_value(degrees: float) -> float:
    """Student's two-sided 95 % quantile; the normal one where there are no degrees of freedom to estimate from."""
    if degrees < 1:
        return NormalDist().inv_cdf((1 + LEVEL) / 2)
    from scipy.special import stdtrit  # what scipy.stats calls, for a third of its memory and a fifth of its time

    return float(stdtrit(degrees, (1 + LEVEL) / 2))


def wilson(p: float, n: float, z: float) -> Interval:
    """Wilson's score interval of a proportion p of n observations (Wilson 1927)."""
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(max(p * (1 - p), 0.0) / n + z * z / (4 * n * n))
    return Interval(max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half)))


def interval_of_mean(means: Sequence[float], errors: Sequence[float], sizes: Sequence[int]) -> Interval:
    """95 % interval of the mean of several sets' means, each weighing the same, from their clustered standard errors
    and numbers of problems.

    Wilson's, as for one set, with the effective number of observations of the stratified standard error; at least the
    number of problems that would tell as much if they all weighed the same. Combining the sets' own intervals instead
    covers 88 to 90 % near 0 and 1, always on the same side, and is twice as wide as need be on the other.
    """
    mean, sets = float(np.mean(means)), len(means)
    variance = sum((e or _unseen_error(m, n)) ** 2 for m, e, n in zip(means, errors, sizes, strict=True)) / sets**2
    effective = max(mean * (1 - mean) / variance, sets**2 / sum(1 / n for n in sizes))
    return wilson(mean, effective, critical_value(sum(sizes) - sets))


def _unseen_error(mean: float, n: int) -> float:
    """The standard error of n problems that don't differ: as if a quarter of a problem more were right, and of one more
    wrong. By simulation 0 undercovers by a point where some sets are at 0 and others at 1.
    """
    p = (n * mean + 0.25) / (n + 0.5)
    return sqrt(p * (1 - p) / n)
