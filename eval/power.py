"""What would separate two runs: at 80 % power and a two-sided level, if the difference seen is the true one.

More problems shrink all of the spread; more samples only its part within problems (arXiv 2411.00640, section 5), and
often can't suffice. Where many problems differ both follow from the normal formula. Where so few do that the exact
test decides, that formula promises too much: they are then found by drawing runs and putting them to the test itself,
problems from those at hand, or differences of the problems at hand from a normal distribution whose spread is what so
many samples would leave. What has not been told apart never takes 0 more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np

from ampo.eval.paired import EXACT_UP_TO, Strata, mean_of, p_value, sign_flip, standard_error

POWER = 0.80
_DRAWS = 400  # of runs, for a size: 80 % then stands within 4 points
_PRECISE = 20  # sizes are found to one in so many
_MOST = 10**6  # samples of a problem: more than anyone draws


def more_problems(strata: Strata, level: float) -> int | None:
    """Further problems of this kind; 0 where these suffice, None where the difference is 0."""
    mean, (error, _) = mean_of(strata), standard_error(strata)
    if mean == 0:
        return None
    n = sum(len(s) for s in strata)
    named = ceil(n * (_reach(level) * error / mean) ** 2 - 1e-9)
    differ = sum(np.count_nonzero(s) for s in strata)
    if differ > EXACT_UP_TO or differ * max(named, n) > 2 * EXACT_UP_TO * n:
        return max(0, named - n)
    least = n + (p_value(strata)[0] >= level)
    return _smallest(lambda size: _drawn_power(strata, size / n, level), least, max(least, named)) - n


def more_samples(strata: Strata, noise: Strata, samples: int, level: float) -> int | None:
    """Further samples of each problem in both runs that would show the difference.

    Args:
        strata: The problems' differences, an array each benchmark.
        noise: The variance of each difference that sampling makes, with `samples` of each problem.
        samples: Of each problem, as it is.
        level: The p-value below which a difference is shown.

    Returns:
        How many; None where no number would do, and where the difference is 0.
    """
    mean, (error, _) = mean_of(strata), standard_error(strata)
    if mean == 0:
        return None
    least = samples + (p_value(strata)[0] >= level)
    open_ = [(s != 0) | (v > 0) for s, v in zip(strata, noise, strict=True)]  # the others stay tied for all we see
    if sum(map(np.count_nonzero, open_)) > EXACT_UP_TO:
        within = noise_of_mean(noise)
        left = (mean / _reach(level)) ** 2 - max(0.0, error**2 - within)
        return None if left <= 0 else max(least, ceil(samples * within / left - 1e-9)) - samples
    terms, spread = (
        np.concatenate([(s / len(s) ** power)[o] for s, o in zip(part, open_, strict=True)])
        for part, power in ((strata, 1), (noise, 2))
    )
    power = partial(_power_of_spread, terms, float(spread.mean()), samples, level)
    return None if power(_MOST) < POWER else _smallest(power, least, least) - samples


def noise_of_mean(noise: Strata) -> float:
    """The part of the mean's squared standard error that sampling makes."""
    return sum(float(np.sum(v)) / len(v) ** 2 for v in noise) / len(noise) ** 2


def _reach(level: float) -> float:
    """The standard errors that a difference must have."""
    return NormalDist().inv_cdf(1 - level / 2) + NormalDist().inv_cdf(POWER)


def _smallest(power: Callable[[int], float], least: int, first: int) -> int:
    """A size, `least` or more, that has the power; `first` is where to look."""
    low, high = least - 1, first
    while power(high) < POWER:
        low, high = high, ceil(1.5 * high)
    while high - low > max(1, high // _PRECISE):
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= POWER else (middle, high)
    return high


def _drawn_power(strata: Strata, times: float, level: float) -> float:
    """The share of runs, drawn from the problems at hand and `times` as large, that the test tells apart."""
    rng = np.random.default_rng(0)
    sizes = [max(1, round(times * len(s))) for s in strata]
    drawn = [s[rng.integers(0, len(s), (_DRAWS, size))] for s, size in zip(strata, sizes, strict=True)]
    return float(np.mean([p_value([part[i] for part in drawn])[0] < level for i in range(_DRAWS)]))


def _power_of_spread(terms: np.ndarray, noise: float, samples: int, level: float, more: int) -> float:
    """The same with `more` samples of these problems. noise: the variance that `samples` of them make in a term."""
    between = max(0.0, float(np.var(terms, ddof=1)) - noise) if len(terms) > 1 else 0.0
    normal = np.random.default_rng(0).standard_normal((_DRAWS, len(terms)))
    drawn = terms.mean() + sqrt(between + noise * samples / more) * normal
    return float(np.mean([sign_flip(row) < level for row in drawn]))
