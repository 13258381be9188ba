"""Two or more runs on the same problems: paired differences from the first, and whether they mean anything.

The unit is the problem: its difference is that of its mean scores in the two runs, so that neither the problems'
difficulty nor the number of samples blurs the comparison (arXiv 2411.00640, sections 4 and 5).

Interval and p-value: `ampo.eval.paired`; what would separate the runs: `ampo.eval.power`.
Over all: the mean of the benchmarks' differences, each benchmark weighing the same, as macro_avg does.
More than two runs: each against the first. Their p-values are corrected for how many they are by Holm's method (1979),
    for each benchmark, and over all, by itself; they are not corrected for the number of benchmarks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ampo.eval.metrics import Judged, accuracy, by_problem
from ampo.eval.paired import Test, interval, mean_of, p_value, standard_error
from ampo.eval.power import more_problems, more_samples, noise_of_mean
from ampo.eval.stats import Interval


@dataclass(frozen=True, slots=True)
class Difference:
    """Run b minus run a, on the problems that both have.

    benchmark: its name; "" over all of them.
    won, lost, tied: problems on which b's mean score is higher, lower, the same.
    p_value: two-sided, of the hypothesis that the runs don't differ. p_holm: the same, corrected for the other runs
        that are compared with the first; equal to p_value where there is one.
    level: what p_value is to be below for a difference to show: 0.05, over the runs that are compared with the first,
        at which Holm's method finds it whatever the others show.
    noise_share: the part of the spread (a variance) that comes from sampling, which more samples would shrink; None
        where a problem has only one sample in a run, which doesn't show how it varies.
    more_problems: further problems of this kind that would separate the runs at that level; 0 where these suffice, None
        where the difference is 0.
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
    level: float
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
    level = 0.05 / len(others)
    return _corrected([_compare(first, grouped[first], other, grouped[other], level) for other in others])


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
    a: str, rows_a: Mapping[_Key, Sequence[Judged]], b: str, rows_b: Mapping[_Key, Sequence[Judged]], level: float
) -> Comparison:
    pairs: defaultdict[str, list[Pair]] = defaultdict(list)
    for key in (k for k in rows_a if k in rows_b):
        pairs[key[0]].append(_pair(key[1], rows_a[key], rows_b[key]))
    if not pairs:
        raise ValueError(f"{a} and {b} have no problem in common")
    common = [pair for part in pairs.values() for pair in part]
    lines = tuple(_difference(name, [part], level) for name, part in pairs.items())
    return Comparison(
        a=a,
        b=b,
        benchmarks=lines,
        overall=replace(lines[0], benchmark="") if len(lines) == 1 else _difference("", list(pairs.values()), level),
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


def _difference(benchmark: str, strata: Sequence[Sequence[Pair]], level: float) -> Difference:
    """The mean over strata (benchmarks) of the mean difference over problems."""
    pairs = [pair for stratum in strata for pair in stratum]
    differences = [np.array([pair.difference for pair in stratum]) for stratum in strata]
    every = np.concatenate(differences)
    noise = [np.array([pair.noise for pair in stratum]) for stratum in strata]
    shown = not np.isnan(np.concatenate(noise)).any()  # one sample of a problem doesn't show how it varies
    p, test = p_value(differences)
    error, _ = standard_error(differences)
    return Difference(
        benchmark=benchmark,
        n_problems=len(pairs),
        mean_a=float(np.mean([np.mean([pair.a for pair in stratum]) for stratum in strata])),
        mean_b=float(np.mean([np.mean([pair.b for pair in stratum]) for stratum in strata])),
        difference=mean_of(differences),
        ci95=interval(differences),
        p_value=p,
        p_holm=p,
        test=test,
        level=level,
        noise_share=(min(1.0, noise_of_mean(noise) / error**2) if error > 0 else 0.0) if shown else None,
        won=int((every > 0).sum()),
        lost=int((every < 0).sum()),
        tied=int((every == 0).sum()),
        more_problems=more_problems(differences, level),
        more_samples=more_samples(differences, noise, min(p.samples for p in pairs), level) if shown else None,
    )
