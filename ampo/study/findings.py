"""What the finished jobs say, at any time: calibration, map, claims, and how much of all that is planned they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Any, NamedTuple

from ampo.eval.stats import Interval, wilson
from ampo.study import analysis, decide, design, jobs, task
from ampo.study.analysis import Estimate, Verdict
from ampo.study.curves import reached, spent
from ampo.study.design import Claim, Size
from ampo.study.store import Result, Store
from ampo.study.words import probability

ACCURACIES = (0.25, 0.5)
"""Accuracies on training problems that the time to is told of."""
_Z = 1.96


class Decided(NamedTuple):
    """A claim with what is known of it. seeds: that both arms have; difference: None without any."""

    claim: Claim
    seeds: int
    difference: Estimate | None
    p: float
    corrected: float
    verdict: Verdict


class Point(NamedTuple):
    """A start on the map. begins: the probability of beginning to work. gain: ampo minus grpo."""

    share: float
    begins: Estimate
    scores: dict[str, Estimate]
    gain: Estimate | None
    seeds: int


@dataclass(frozen=True)
class Findings:
    """See the module's docstring."""

    size: Size
    store: Store

    @cached_property
    def lr(self) -> float:
        """The one that was chosen; before it can be, the middle of the grid, for which nothing has been run."""
        grid = sorted(self.size.rate.grid)
        chosen = all(job in self.store for job in jobs.rates(self.size))
        return decide.learning_rate(self.size, self.store) if chosen else grid[len(grid) // 2]

    @cached_property
    def planned(self) -> list[jobs.Job]:
        """All jobs."""
        return jobs.everything(self.size, self.lr)

    @property
    def done(self) -> int:
        """How many of them are finished."""
        return sum(job in self.store for job in self.planned)

    def runs(self, arm: str, share: float | None = None, lr: float | None = None) -> dict[int, Result]:
        """An arm's results by seed, at a start (that arms are compared at) and learning rate (the chosen one)."""
        share, lr = self.size.compared if share is None else share, lr or self.lr
        wanted = [j for j in self.planned if (j.kind, j.arm, j.start, j.lr) == ("train", arm, share, lr)]
        return {job.seed: self.store[job] for job in sorted(wanted, key=lambda j: j.seed) if job in self.store}

    def start(self, share: float) -> Result | None:
        """A start's calibration."""
        return next(iter(self.store.of([jobs.Job("start", start=share)])), None)

    @property
    def where(self) -> str:
        """The start that arms are compared at, in words."""
        start = self.start(self.size.compared)
        return f"where P0 is {probability(begins(start).mean)}" if start else "at one start"

    def seeds_planned(self, arm: str) -> int:
        """At the start that arms are compared at."""
        return self.size.seeds.claim if arm in jobs.claimed(self.size) else self.size.seeds.why

    def compared(
        self, better: str, worse: str, levels: Sequence[str], share: float | None = None, lr: float | None = None
    ) -> tuple[int, Estimate | None]:
        """How much better one arm is than another, over the seeds that both have.

        Args:
            better: The one arm.
            worse: The other; `design.START` is the model before training.
            levels: Of the test problems, those that count.
            share: Where the runs began; None for the study's compared start.
            lr: The learning rate; None for the study's own.

        Returns:
            The number of seeds, and better minus worse; None where there is none.
        """
        a = self.runs(better, share, lr)
        if worse == design.START:
            start = self.start(self.size.compared if share is None else share)
            b = dict.fromkeys(a, start) if start else {}
        else:
            b = self.runs(worse, share, lr)
        both = [seed for seed in a if seed in b]
        if not both:
            return 0, None
        return len(both), analysis.difference([a[s] for s in both], [b[s] for s in both], levels)

    @cached_property
    def claims(self) -> list[Decided]:
        """All claims, corrected together for their number, those that were not run included."""
        asked = design.claims(self.size)
        found = [self.compared(c.better, c.worse, c.levels) for c in asked]
        values = [
            analysis.p_value(d, c.margin) if d and seeds > 1 else 1.0
            for c, (seeds, d) in zip(asked, found, strict=True)
        ]
        corrected = analysis.holm(values)
        return [
            Decided(c, seeds, d, p, q, analysis.verdict(d, c.margin, q) if d else "not run")
            for c, (seeds, d), p, q in zip(asked, found, values, corrected, strict=True)
        ]

    @cached_property
    def map(self) -> list[Point]:
        """From the rarest start to the commonest."""
        points = []
        for share in reversed(self.size.starts):
            if not (start := self.start(share)):
                continue
            scores = {
                arm: analysis.score(list(runs.values()), (task.TRAINED,))
                for arm in jobs.MAPPED
                if (runs := self.runs(arm, share))
            }
            seeds, gain = self.compared("ampo", "grpo", (task.TRAINED,), share)
            points.append(Point(share, begins(start), scores, gain, seeds))
        return sorted(points, key=lambda point: point.begins.mean)

    def times(self, arm: str) -> dict[float, list[dict[str, float] | None]]:
        """For each accuracy, by seed: steps, tokens and processor seconds to it; None where it wasn't reached."""
        runs = self.runs(arm).values()
        return {accuracy: [reached(one["curves"], accuracy, _before(one)) for one in runs] for accuracy in ACCURACIES}

    def teachers(self) -> list[dict[str, Any]]:
        """By teacher: what the student makes of it where arms are compared, and the gain of learning from it alone."""
        start = self.start(self.size.compared)
        rows = []
        for name, about in (start["teachers"] if start else {}).items():
            seeds, gain = self.compared(f"ampo-{name}", design.START, (task.TRAINED,))
            rows.append({"teacher": name, **about, "seeds": seeds, "gain": gain})
        return rows

    def won(self, teacher: str) -> list[float]:
        """A teacher's share of the replaced rows in `ampo`, by seed, early and late alike."""
        found = [one["wins"] for one in self.runs("ampo").values()]
        return [fmean(value for _, value in wins.get(teacher, [[0, 0.0]])) for wins in found]


def cpu_seconds(run: Result) -> float:
    """Of a run's training, also where it was interrupted."""
    return _before(run) + spent(run["curves"])


def _before(run: Result) -> float:
    """Processor seconds of an earlier, supervised phase."""
    return run.get("sft_cpu_seconds", 0.0)


def begins(start: Result) -> Estimate:
    """The probability of beginning, over the probe problems."""
    import numpy as np

    found = analysis.estimate(np.array([start["begins"]]))
    return found._replace(low=max(found.low, 0.0))


def rate(counts: Sequence[int]) -> tuple[float, Interval] | None:
    """(share, its interval) of [responses, right ones]; None without any."""
    n, right = counts
    return (right / n, wilson(right / n, n, _Z)) if n else None
