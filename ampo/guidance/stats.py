"""What a pool offers: how many prompts have how many right solutions, how long they are, and whether teachers agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ampo.guidance.judging import Judged
from ampo.guidance.lengths import Measure
from ampo.types import Outcome

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


@dataclass(frozen=True)
class TeacherStats:
    """One teacher. prompts: those it has a solution of; solved: those with a right one. lengths: tokens, of the right
    solutions, by quantile (empty where there are none); histogram: solutions a bin of `PoolStats.bins`.
    """

    source: str
    prompts: int
    solved: int
    solutions: int
    right: int
    outcomes: Mapping[Outcome, int]
    lengths: Mapping[float, int]
    histogram: tuple[int, ...]


class Pair(NamedTuple):
    """Two teachers over all prompts of the pool: how many have a right solution by whom. A teacher without a solution
    has solved nothing, so that a pool and what is left of it when it is cleaned say the same.

    kappa: Cohen's, the agreement beyond chance; None where one of them solved all or none.
    """

    a: str
    b: str
    both: int
    only_a: int
    only_b: int
    neither: int

    @property
    def agreement(self) -> float:
        total = self.both + self.only_a + self.only_b + self.neither
        return (self.both + self.neither) / total if total else float("nan")

    @property
    def kappa(self) -> float | None:
        total = self.both + self.only_a + self.only_b + self.neither
        if not total:
            return None
        a, b = (self.both + self.only_a) / total, (self.both + self.only_b) / total
        chance = a * b + (1 - a) * (1 - b)
        return None if chance == 1 else (self.agreement - chance) / (1 - chance)


@dataclass(frozen=True)
class PoolStats:
    """coverage: prompts by their number of right solutions. solutions_each: prompts by their number of solutions.

    bins: upper edges, in tokens, of the teachers' histograms.
    """

    prompts: int
    solutions: int
    right: int
    coverage: Mapping[int, int]
    solutions_each: Mapping[int, int]
    teachers: tuple[TeacherStats, ...]
    pairs: tuple[Pair, ...]
    bins: tuple[int, ...]

    def to_dict(self) -> dict:
        """As plain data."""
        return {
            "schema_version": 1,
            "prompts": self.prompts,
            "solutions": self.solutions,
            "right": self.right,
            "coverage": {str(k): v for k, v in self.coverage.items()},
            "solutions_each": {str(k): v for k, v in self.solutions_each.items()},
            "teachers": [
                {
                    **{name: getattr(t, name) for name in ("source", "prompts", "solved", "solutions", "right")},
                    "outcomes": dict(t.outcomes),
                    "right_tokens": {f"p{100 * q:.0f}": n for q, n in t.lengths.items()},
                }
                for t in self.teachers
            ],
            "pairs": [p._asdict() | {"agreement": p.agreement, "kappa": p.kappa} for p in self.pairs],
        }


def pool_stats(judged: Iterable[Judged], measure: Measure) -> PoolStats:
    """Count. Of each right solution only its length is kept."""
    coverage: Counter[int] = Counter()
    each: Counter[int] = Counter()
    prompts: Counter[str] = Counter()
    solved: Counter[str] = Counter()
    outcomes: defaultdict[str, Counter[Outcome]] = defaultdict(Counter)
    lengths: defaultdict[str, list[int]] = defaultdict(list)
    together: Counter[tuple[str, str]] = Counter()  # prompts that both solved
    for _, entry, verdicts in judged:
        each[len(verdicts)] += 1
        coverage[sum(v.correct for v in verdicts)] += 1
        by_source: dict[str, bool] = {}
        rows = zip(entry.solutions, verdicts, measure(entry.solutions), strict=True)
        for solution, verdict, length in rows:
            source = solution.source
            outcomes[source][verdict.outcome] += 1
            by_source[source] = by_source.get(source, False) or verdict.correct
            if verdict.correct:
                lengths[source].append(length)
        prompts.update(by_source.keys())
        right = sorted(source for source, right in by_source.items() if right)
        solved.update(right)
        together.update(combinations(right, 2))
    bins = _bins(lengths.values())
    teachers = [
        TeacherStats(
            source=source,
            prompts=prompts[source],
            solved=solved[source],
            solutions=outcomes[source].total(),
            right=outcomes[source]["correct"],
            outcomes=dict(outcomes[source]),
            lengths=_quantiles(lengths[source]),
            histogram=tuple(np.bincount(np.searchsorted(bins, lengths[source]), minlength=len(bins)).tolist()),
        )
        for source in sorted(outcomes)
    ]
    return PoolStats(
        prompts=each.total(),
        solutions=sum(t.solutions for t in teachers),
        right=sum(t.right for t in teachers),
        coverage=_filled(coverage),
        solutions_each=_filled(each),
        teachers=tuple(teachers),
        pairs=tuple(_pair(a, b, solved, together[a, b], each.total()) for a, b in combinations(sorted(outcomes), 2)),
        bins=bins,
    )


def _pair(a: str, b: str, solved: Mapping[str, int], both: int, prompts: int) -> Pair:
    return Pair(a, b, both, solved[a] - both, solved[b] - both, prompts - solved[a] - solved[b] + both)


def _filled(counts: Counter[int]) -> dict[int, int]:
    """From 0 to the largest, without gaps."""
    return {k: counts[k] for k in range(max(counts, default=0) + 1)}


def _quantiles(lengths: list[int]) -> dict[float, int]:
    return {q: round(float(np.quantile(lengths, q))) for q in QUANTILES} if lengths else {}


def _bins(lengths: Iterable[list[int]]) -> tuple[int, ...]:
    """About 40 equal steps of a round width, up to the longest."""
    longest = max((max(values) for values in lengths if values), default=1)
    width = next(w for w in (1, 2, 5, 10, 20, 50, 100, 200, 250, 500, 1000, 2500, 5000, 10**9) if longest <= 40 * w)
    return tuple(range(width, longest + width, width))
