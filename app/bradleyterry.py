"""Strengths from votes between pairs: the Bradley-Terry model (Biometrika 39, 1952), with an interval for each.

The chance that i is preferred to j is p_i / (p_i + p_j). A tie is half a win for each. Strengths are on Elo's scale:
400 points are odds of ten to one; their mean is 0. A name that has won or lost everything has no finite estimate, so
each name also has half a win and half a loss against an imagined one of strength 0, which pulls all towards 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Result = tuple[str, str, float]
"""First name, second name, and the first one's score: 1 a win, 0.5 a tie, 0 a loss."""

_PRIOR = 0.5
_SCALE = 400 / np.log(10)
_RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class Strength:
    """One name's place. low, high: the 95 % interval, by resampling the votes."""

    name: str
    wins: int
    ties: int
    losses: int
    elo: float
    low: float
    high: float


def strengths(results: Sequence[Result], seed: int = 0) -> list[Strength]:
    """All names, the strongest first. The interval is the same for the same votes."""
    names = sorted({name for first, second, _ in results for name in (first, second)})
    if not names:
        return []
    where = {name: i for i, name in enumerate(names)}
    pairs = np.array([(where[first], where[second]) for first, second, _ in results])
    scores = np.array([score for *_, score in results])
    elo = _fit(pairs, scores, len(names))
    draws = np.random.default_rng(seed)
    picks = (draws.integers(0, len(results), len(results)) for _ in range(_RESAMPLES))
    again = np.array([_fit(pairs[pick], scores[pick], len(names)) for pick in picks])
    low, high = np.percentile(again, [2.5, 97.5], axis=0)
    found = [
        Strength(name, *_counts(pairs, scores, i), float(elo[i]), float(low[i]), float(high[i]))
        for name, i in where.items()
    ]
    return sorted(found, key=lambda one: -one.elo)


def _fit(pairs: np.ndarray, scores: np.ndarray, count: int) -> np.ndarray:
    """Elo points of each name, by the minorisation of Hunter (Annals of Statistics 32, 2004)."""
    met, won = np.zeros((count, count)), np.full(count, _PRIOR)
    np.add.at(met, (pairs[:, 0], pairs[:, 1]), 1.0)
    met += met.T
    np.add.at(won, pairs[:, 0], scores)
    np.add.at(won, pairs[:, 1], 1 - scores)
    p = np.ones(count)
    for _ in range(200):
        before = p
        p = won / ((met / (p[:, None] + p[None, :])).sum(axis=1) + 2 * _PRIOR / (p + 1))
        if np.abs(np.log(p) - np.log(before)).max() < 1e-6:
            break
    points = np.log(p) * _SCALE
    return points - points.mean()


def _counts(pairs: np.ndarray, scores: np.ndarray, i: int) -> tuple[int, int, int]:
    own = np.concatenate([scores[pairs[:, 0] == i], 1 - scores[pairs[:, 1] == i]])
    return int((own == 1).sum()), int((own == 0.5).sum()), int((own == 0).sum())
