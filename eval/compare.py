"""Two or more runs on the same problems: paired differences from the first, and whether they mean anything.

The unit is the problem: its difference is that of its mean scores in the two runs, so that neither the problems'
difficulty nor the number of samples blurs the comparison (arXiv 2411.00640, sections 4 and 5).

Interval: Student's, from the spread of the differences. Where they are all the same (two runs that tie on every
    problem) the spread says nothing, and the interval is as wide as the chance of a difference that has not shown
    itself in so many problems (Wilson's bound at 0 of N).
p-value: an exact sign-flip permutation test where at most 16 problems differ, since Student's test is not to be
    trusted there; else Student's paired test. The interval of so few problems is a guide, the p-value is exact.
Over all: the mean of the benchmarks' differences, each benchmark weighing the same, as macro_avg does.
What would separate the runs: at 80 % power and 5 % two-sided, if the difference seen is the true one. More problems
    shrink all of the spread; more samples only its part within problems (their section 5), and often can't suffice.
More than two runs: each against the first. Their p-values are corrected for how many they are by Holm's method (1979),
    for each benchmark, and over all, by itself; they are not corrected for the number of benchmarks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt
from typing import Literal, NamedTuple

import numpy as np
from scipy.stats import norm, t

from eval.metrics import Judged, accuracy, by_problem
from eval.stats import Interval, critical_value, wilson

EXACT_UP_TO = 16  # problems that differ: 2^16 sign patterns at most
_REACH = float(norm.ppf(0.975) + norm.ppf(0.80))  # standard errors that a difference must have, at 80 % power

Test = Literal["sign-flip permutation", "paired t"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Run b minus run a, on the problems that both have.

    benchmark: its name; "" over all of them.
    won, lost, tied: problems on which b's mean score is higher, lower, the same.
    p_value: two-sided, of the hypothesis that the runs don't differ. p_holm: the same, corrected for the other runs
        that are compared with the first; equal to p_value where there is one.
    noise_share: the part of the spread (a variance) that comes from sampling, which more samples would shrink; None
        where a problem has only one sample in a run, which doesn't show how it varies.
    more_problems: further problems of this kind that would separate the runs; 0 where these suffice, None where the
        difference is 0.
    more_samples: further samples of each problem and run that would; None where no number would, the difference is
        0, or noise_share isn't known.
    """

    benchmark: str
    n_problems: int
    mean_a: float
    mean_b: float
    difference: float
    ci95: Interval
    p_value: float
    p_holm: float
    test: Test
    noise_share: float | None
    won: int
    lost: int
    tied: int
    more_problems: int | None
    more_samples: int | None


class Pair(NamedTuple):
    """A problem in both runs: its mean score in each, the fewer of their samples, and the estimated variance of the
    difference (NaN where a run has one sample).
    """

    id: str
    a: float
    b: float
    samples: int
    noise: float

    @property
    def difference(self) -> float:
        return self.b - self.a


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run b against run a. only_a, only_b: problems that the other run lacks, which are left out.

    won, lost: the problems on which b is better, and worse, the clearest first.
    """

    a: str
    b: str
    benchmarks: tuple[Difference, ...]
    overall: Difference
    only_a: int
    only_b: int
    won: tuple[Pair, ...]
    lost: tuple[Pair, ...]


def compare(runs: Mapping[str, Sequence[Judged]]) -> list[Comparison]:
    """Each further run against the first, in the order given.

    Raises ValueError for fewer than two runs, and for one that has no problem in common with the first.
    """
    if len(runs) < 2:
        raise ValueError(f"a comparison takes at least two runs, not {len(runs)}")
    grouped = {name: _grouped(rows) for name, rows in runs.items()}
    first, *others = grouped
    return _corrected([_compare(first, grouped[first], other, grouped[other]) for other in others])


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979): in 5 % of families without differences, one is below 0.05."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    corrected, least = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[i]))
        corrected[i] = least
    return corrected


def _corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """With p_holm set: one family for each benchmark, and one over all."""
    lines: defaultdict[str, list[Difference]] = defaultdict(list)
    for comparison in comparisons:
        for line in (*comparison.benchmarks, comparison.overall):
            lines[line.benchmark].append(line)
    holms = {name: iter(holm([line.p_value for line in family])) for name, family in lines.items()}
    return [
        replace(
            comparison,
            benchmarks=tuple(replace(d, p_holm=next(holms[d.benchmark])) for d in comparison.benchmarks),
            overall=replace(comparison.overall, p_holm=next(holms[""])),
        )
        for comparison in comparisons
    ]


_Key = tuple[str, str]  # benchmark, problem


def _grouped(rows: Sequence[Judged]) -> dict[_Key, list[Judged]]:
    parts: defaultdict[str, list[Judged]] = defaultdict(list)
    for row in rows:
        parts[row.benchmark].append(row)
    return {(name, pid): samples for name, part in parts.items() for pid, samples in by_problem(part).items()}


def _compare(
    a: str, rows_a: Mapping[_Key, Sequence[Judged]], b: str, rows_b: Mapping[_Key, Sequence[Judged]]
) -> Comparison:
    pairs: defaultdict[str, list[Pair]] = defaultdict(list)
    for key in (k for k in rows_a if k in rows_b):
        pairs[key[0]].append(_pair(key[1], rows_a[key], rows_b[key]))
    if not pairs:
        raise ValueError(f"{a} and {b} have no problem in common")
    common = [pair for part in pairs.values() for pair in part]
    return Comparison(
        a=a,
        b=b,
        benchmarks=tuple(_difference(name, [part]) for name, part in pairs.items()),
        overall=_difference("", list(pairs.values())),
        only_a=len(rows_a.keys() - rows_b.keys()),
        only_b=len(rows_b.keys() - rows_a.keys()),
        won=tuple(sorted((p for p in common if p.difference > 0), key=lambda p: -p.difference)),
        lost=tuple(sorted((p for p in common if p.difference < 0), key=lambda p: p.difference)),
    )


def _pair(problem: str, a: Sequence[Judged], b: Sequence[Judged]) -> Pair:
    return Pair(problem, accuracy(a), accuracy(b), min(len(a), len(b)), _noise(a) + _noise(b))


def _noise(samples: Sequence[Judged]) -> float:
    """The unbiased estimate of the variance of a problem's mean score. One sample shows none."""
    n, p = len(samples), accuracy(samples)
    return p * (1 - p) / (n - 1) if n > 1 else float("nan")


def _difference(benchmark: str, strata: Sequence[Sequence[Pair]]) -> Difference:
    """The mean over strata (benchmarks) of the mean difference over problems."""
    pairs = [pair for stratum in strata for pair in stratum]
    weights = np.array([1 / (len(strata) * len(stratum)) for stratum in strata for _ in stratum])
    differences = np.array([pair.difference for pair in pairs])
    mean = float(weights @ differences)
    error, degrees = _error(strata)
    p_value, test = _p_value(weights * differences, mean, error, degrees)
    within = _within(strata)
    return Difference(
        benchmark=benchmark,
        n_problems=len(pairs),
        mean_a=float(weights @ [pair.a for pair in pairs]),
        mean_b=float(weights @ [pair.b for pair in pairs]),
        difference=mean,
        ci95=_interval(mean, error, degrees, strata),
        p_value=p_value,
        p_holm=p_value,
        test=test,
        noise_share=None if within is None else min(1.0, within / error**2) if error > 0 else 0.0,
        won=int((differences > 0).sum()),
        lost=int((differences < 0).sum()),
        tied=int((differences == 0).sum()),
        more_problems=_more_problems(mean, error, len(pairs)),
        more_samples=_more_samples(mean, error, within, min(pair.samples for pair in pairs)),
    )


def _error(strata: Sequence[Sequence[Pair]]) -> tuple[float, float]:
    """The standard error of the mean of the strata's means, and its degrees of freedom (Satterthwaite 1946).

    A stratum of one problem shows no spread and adds none.
    """
    parts = [(np.var([p.difference for p in s], ddof=1) / len(s), len(s) - 1) for s in strata if len(s) > 1]
    total = float(sum(v for v, _ in parts))
    spread = float(sum(v * v / d for v, d in parts))
    degrees = total * total / spread if spread > 0 else float(sum(d for _, d in parts))
    return sqrt(total) / len(strata), degrees


def _interval(mean: float, error: float, degrees: float, strata: Sequence[Sequence[Pair]]) -> Interval:
    """Student's interval, with a width for the strata that show no spread; within [-1, 1]."""
    unseen = [
        wilson(0.0, len(s), critical_value(len(s) - 1)).high for s in strata if len({p.difference for p in s}) == 1
    ]
    seen = critical_value(degrees) * error if error > 0 else 0.0
    half = sqrt(seen**2 + sum(u * u for u in unseen) / len(strata) ** 2)
    return Interval(max(-1.0, mean - half), min(1.0, mean + half))


def _p_value(terms: np.ndarray, mean: float, error: float, degrees: float) -> tuple[float, Test]:
    terms = terms[terms != 0]
    if len(terms) <= EXACT_UP_TO:
        return sign_flip(terms), "sign-flip permutation"
    if error == 0:  # no spread for Student's test: the permutation test in its normal approximation
        return float(2 * norm.sf(abs(mean) / np.linalg.norm(terms))), "sign-flip permutation"
    return float(2 * t.sf(abs(mean) / error, degrees)), "paired t"


def sign_flip(terms: Sequence[float] | np.ndarray) -> float:
    """Two-sided exact p-value of sum(terms), if each term's sign were a coin's toss. terms [n], n at most 16 or so."""
    sums = np.zeros(1)
    for term in terms:
        sums = np.concatenate([sums + term, sums - term])
    observed = abs(float(np.sum(terms)))
    return float(np.mean(np.abs(sums) >= observed - 1e-12))  # equal sums may differ by rounding


def _more_problems(mean: float, error: float, n: int) -> int | None:
    if mean == 0:
        return None
    return max(0, ceil(n * (_REACH * error / mean) ** 2 - 1e-9) - n)


def _within(strata: Sequence[Sequence[Pair]]) -> float | None:
    """The part of the squared error that sampling makes; None where one sample of a problem doesn't show it."""
    within = sum(float(np.sum([p.noise for p in s])) / len(s) ** 2 for s in strata) / len(strata) ** 2
    return None if np.isnan(within) else within


def _more_samples(mean: float, error: float, within: float | None, k0: int) -> int | None:
    """Solves (between + within * k0 / k) = (mean / reach)^2 for k samples, where k0 are there now."""
    if mean == 0 or within is None:
        return None
    wanted = (mean / _REACH) ** 2
    if error**2 <= wanted:
        return 0
    between = max(0.0, error**2 - within)
    if between >= wanted:
        return None
    return max(0, ceil(k0 * within / (wanted - between) - 1e-9) - k0)
