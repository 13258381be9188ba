"""Scores and differences with intervals over seeds and problems, and what they say of each claim.

An arm's score at a level is a table of seeds by problems. Both are samples: another seed and other problems would have
given other figures. The error of a mean is that of the seeds' means and that of the problems' means together (the two
are crossed, so what both carry is counted twice: the interval is rather too wide), with Student's t by Satterthwaite's
degrees of freedom. Differences are taken cell by cell first, since all arms have the same seeds and problems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from ampo.eval.stats import critical_value, pass_at_k
from ampo.study import task

Results = Mapping[str, Sequence[Mapping[str, Any]]]
"""By arm: the result.json of every seed, in order."""

WORTH = 0.01
"""A difference in pass@1 below this is none worth speaking of."""


class Estimate(NamedTuple):
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


class Claim(NamedTuple):
    """better minus worse in pass@1, over some levels. finding: in words."""

    text: str
    better: str
    worse: str
    levels: tuple[str, ...]
    difference: Estimate
    verdict: Literal["supported", "not supported", "undecided"]


def table(results: Sequence[Mapping[str, Any]], levels: Sequence[str], k: int) -> np.ndarray:
    """pass@k [seeds, problems] of an arm on some levels."""
    return np.array(
        [
            [pass_at_k(row["samples"], row["right"], k) for row in result["test"] if row["level"] in levels]
            for result in results
        ]
    )


def estimate(values: np.ndarray) -> Estimate:
    """The mean of [seeds, problems] values. With one seed the interval is over problems alone."""
    parts = [(means.var(ddof=1) / len(means), len(means) - 1) for means in _marginals(values) if len(means) > 1]
    mean, variance = float(values.mean()), float(sum(part for part, _ in parts))
    if variance == 0:
        return Estimate(mean, mean, mean)
    degrees = variance**2 / sum(part**2 / n for part, n in parts)
    reach = critical_value(degrees) * variance**0.5
    return Estimate(mean, mean - reach, mean + reach)


def _marginals(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values.mean(1), values.mean(0)


def score(results: Sequence[Mapping[str, Any]], levels: Sequence[str], k: int = 1) -> Estimate:
    """pass@k of an arm, its interval kept within 0 and 1."""
    found = estimate(table(results, levels, k))
    return Estimate(found.mean, max(found.low, 0.0), min(found.high, 1.0))


def difference(a: Sequence[Mapping[str, Any]], b: Sequence[Mapping[str, Any]], levels: Sequence[str]) -> Estimate:
    """a minus b in pass@1, paired by seed and problem."""
    return estimate(table(a, levels, 1) - table(b, levels, 1))


def best_and_worst_teacher(results: Results) -> tuple[str, str]:
    """Of the arms with a single teacher, by validation alone."""
    reached = {
        arm: float(np.mean([max(value for _, value in one["curves"]["val/accuracy"]) for one in found]))
        for arm, found in results.items()
        if arm in SINGLE
    }
    return max(reached, key=reached.__getitem__), min(reached, key=reached.__getitem__)


SINGLE = ("ampo-own", "ampo-rare", "ampo-checking", "ampo-alien")


def claims(results: Results) -> list[Claim]:
    """The paper's claims, and those of its baselines, as far as the arms are there."""
    hard, all_levels = ("hard",), task.TRAINED
    asked = [
        ("guidance beats GRPO on hard problems", "ampo", "grpo", hard),
        ("guidance beats GRPO over all levels", "ampo", "grpo", all_levels),
        ("guidance by comprehension beats guidance at random", "ampo", "ampo-random", all_levels),
        ("guidance where the model fails beats guidance always", "ampo", "ampo-always", all_levels),
        ("AMPO beats LUFFY", "ampo", "luffy", all_levels),
        ("AMPO beats SFT, then GRPO", "ampo", "sft-grpo", all_levels),
        ("the revision beats the first version", "ampo-adaptive", "ampo", all_levels),
        ("guidance helps beyond what is trained on", "ampo", "grpo", ("beyond",)),
    ]
    if all(arm in results for arm in SINGLE):
        best, _ = best_and_worst_teacher(results)
        asked.insert(4, ("several teachers beat the best one alone", "ampo", best, all_levels))
    return [
        Claim(text, a, b, levels, found := difference(results[a], results[b], levels), verdict(found))
        for text, a, b, levels in asked
        if a in results and b in results
    ]


def verdict(found: Estimate) -> Literal["supported", "not supported", "undecided"]:
    """supported: the interval is above 0. not supported: it holds no difference worth speaking of. Else undecided; so
    is what never varied, of which no error is known."""
    if found.low == found.high:
        return "undecided"
    if found.low > 0:
        return "supported"
    return "not supported" if found.high < WORTH else "undecided"
