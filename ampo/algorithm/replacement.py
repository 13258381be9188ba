"""Adaptive Multi-Guidance Replacement (paper, section 3.2): when guidance steps in, how much, and in which places."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

from ampo.algorithm.presets import Algorithm


@dataclass(frozen=True, slots=True)
class ReplacementPlan:
    """What happens to one group.

    triggered: the group needs guidance, whether or not the pool has any.
    positions: the slots that teacher solutions take, ascending; as many as solutions are to be chosen (k).
    """

    triggered: bool
    positions: tuple[int, ...] = ()

    @property
    def k(self) -> int:
        return len(self.positions)


def plan_replacement(
    correct: Sequence[bool], n_solutions: int, algorithm: Algorithm, *, seed: int, step: int, prompt_id: str
) -> ReplacementPlan:
    """The plan for one group of responses.

    The draw of positions depends on (seed, step, prompt_id) alone: neither resuming nor the number of workers
    changes it.

    Args:
        correct: Whether each response of the group is right.
        n_solutions: Verified solutions in the pool for it (N).
        algorithm: When and how responses give way.
        seed: Of the run.
        step: Of the run, from 1.
        prompt_id: Whose group it is.
    """
    if not is_triggered(correct, algorithm):
        return ReplacementPlan(triggered=False)
    places = range(len(correct)) if algorithm.positions == "first" else [i for i, ok in enumerate(correct) if not ok]
    wanted = algorithm.k0 if algorithm.k == "fixed" else int(algorithm.success_below * len(correct)) - sum(correct)
    k = max(min(wanted, n_solutions, len(places)), 0)
    if algorithm.positions == "first":
        return ReplacementPlan(triggered=True, positions=tuple(range(k)))
    drawn = generator(seed, step, prompt_id, "positions").sample(places, k)
    return ReplacementPlan(triggered=True, positions=tuple(sorted(drawn)))


def is_triggered(correct: Sequence[bool], algorithm: Algorithm) -> bool:
    """Whether a group needs guidance. An empty group needs none."""
    if not correct or algorithm.trigger == "never":
        return False
    if algorithm.trigger == "none_correct":
        return not any(correct)
    return algorithm.trigger == "always" or sum(correct) / len(correct) < algorithm.success_below


def generator(seed: int, step: int, prompt_id: str, purpose: str) -> random.Random:
    """A generator for one decision about one prompt in one step; other arguments make an independent one.

    Args:
        seed: Of the run.
        step: Of the run, from 1.
        prompt_id: Whose group is decided about.
        purpose: Which decision it is.
    """
    digest = hashlib.sha256(f"{seed}/{step}/{purpose}/{prompt_id}".encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))
