"""Comprehension-based Guidance Selection (paper, section 3.3): which of the teachers' solutions a group learns from.

The rank is 0.9 score + 0.1 format, descending, in float32; equal ranks go to the shorter solution, then to the earlier
(the authors' sort is unstable, and bf16 makes ties of near misses: deviations). The other rankings are for ablations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ampo.algorithm.presets import Algorithm
from ampo.algorithm.replacement import generator


@dataclass(frozen=True, slots=True)
class Candidate:
    """A solution to choose from. tokens: its length. score: comprehension, or mean log-probability for `likelihood`."""

    tokens: int
    formatted: bool
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """indices: of the chosen candidates, best first. ranks: of every candidate, higher is better; empty where nothing
    was to be chosen. tied: whether the last chosen and the first left out have the same rank."""

    indices: tuple[int, ...]
    ranks: tuple[float, ...] = ()
    tied: bool = False


def needs_scores(algorithm: Algorithm, n: int, k: int) -> bool:
    """Whether candidates must be scored: not where nothing is to be chosen, nor by a ranking that reads no score."""
    return n > k > 0 and algorithm.selection in ("comprehension", "likelihood")


def select_guidance(
    candidates: Sequence[Candidate], k: int, algorithm: Algorithm, *, seed: int, step: int, prompt_id: str
) -> Chosen:
    """The k best of the candidates; all of them, in their order, where there are no more than k.

    Args:
        candidates: In the pool's order.
        k: How many responses give way.
        algorithm: Its `selection` says what is best.
        seed, step, prompt_id: All that a random choice depends on.

    Raises:
        ValueError: A score is missing that the ranking needs.
    """
    if k <= 0:
        return Chosen(())
    if len(candidates) <= k:
        return Chosen(tuple(range(len(candidates))))
    if algorithm.selection == "random":
        drawn = generator(seed, step, prompt_id, "selection").sample(range(len(candidates)), k)
        return Chosen(tuple(drawn))
    ranks = [_rank(candidate, i, algorithm) for i, candidate in enumerate(candidates)]
    order = sorted(range(len(candidates)), key=lambda i: (-ranks[i], candidates[i].tokens, i))
    return Chosen(tuple(order[:k]), tuple(ranks), ranks[order[k - 1]] == ranks[order[k]])


def _rank(candidate: Candidate, index: int, algorithm: Algorithm) -> float:
    if algorithm.selection == "shortest":
        return -float(candidate.tokens)
    if algorithm.selection == "first":
        return -float(index)
    if candidate.score is None:
        raise ValueError(f"ranking by {algorithm.selection} needs a score for every candidate")
    if algorithm.selection == "likelihood":
        return float(np.float32(candidate.score))
    weight = np.float32(algorithm.format_weight)
    return float((1 - weight) * np.float32(candidate.score) + weight * np.float32(candidate.formatted))
