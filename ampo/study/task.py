"""The task: chained additions and subtractions of whole numbers, by level, in splits that share no problem.

The student can do all levels when it works step by step. `hard` is what the arms train on. `easy`, which it knows by
heart as well, and `beyond`, longer chains, are only tested: they show what is lost, and whether a strategy learnt on
one level is taken to another. No total along the way is negative, and none of them is written like the answer, so that
the answer can't be read off a solution before its last step.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from ampo.types import Problem


@dataclass(frozen=True, slots=True)
class Level:
    """terms: numbers in the chain. largest: of them; smallest: 1."""

    name: str
    terms: int
    largest: int


LEVELS = {level.name: level for level in (Level("easy", 3, 9), Level("hard", 5, 9), Level("beyond", 7, 9))}
TRAINED = "hard"


def terms_of(problem: Problem) -> list[int]:
    """The signed numbers of a problem's chain."""
    return [int(term) for term in problem.question.replace("-", " -").replace("+", " ").split()]


def totals_of(terms: Sequence[int]) -> list[int]:
    """The totals along the way, the first number and the answer included."""
    return list(accumulate(terms))


def make_problem(rng: random.Random, level: Level) -> Problem:
    """A problem of a level; its id is its question."""
    while True:
        terms = [rng.randint(1, level.largest)]
        terms += [rng.choice((-1, 1)) * rng.randint(1, level.largest) for _ in range(level.terms - 1)]
        totals = totals_of(terms)
        answer = str(totals[-1])
        seen = [str(abs(number)) for number in (*terms, *totals[:-1])]
        if min(totals) < 0 or any(answer in text or answer[::-1] in text for text in seen):
            continue
        question = "".join(f"{term:+d}" for term in terms).removeprefix("+")
        return Problem(f"{level.name}/{question}", question, answer, level.name, kind="math")


def splits(seed: int, sizes: dict[str, dict[str, int]]) -> dict[str, list[Problem]]:
    """Problems by split, sizes[split][level] of each level; no question comes twice, within a split or across.

    Raises ValueError where a level has not that many problems.
    """
    rng, seen = random.Random(seed), set()
    found: dict[str, list[Problem]] = {}
    for split, counts in sizes.items():
        found[split] = []
        for name, count in counts.items():
            for _ in range(count):
                problem = _fresh(rng, LEVELS[name], seen)
                seen.add(problem.question)
                found[split].append(problem)
    return found


def _fresh(rng: random.Random, level: Level, seen: set[str]) -> Problem:
    for _ in range(10_000):
        problem = make_problem(rng, level)
        if problem.question not in seen:
            return problem
    raise ValueError(f"level {level.name} has too few problems for these splits")
