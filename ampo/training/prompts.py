"""Which prompts a step takes, and what the pool has for them."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, overload

from ampo import prompts
from ampo.algorithm.presets import WIDEST, Algorithm
from ampo.engines.encoding import encode
from ampo.errors import UserError, nearest
from ampo.guidance.formats import PoolEntry, question_key
from ampo.guidance.judging import Judged, judge
from ampo.guidance.lengths import Measure
from ampo.guidance.pool import GuidancePool
from ampo.prompts import Template
from ampo.training.refusal import REFUSED, refusal
from ampo.training.rows import MixedRow
from ampo.types import Problem, Solution
from ampo.verify import VerifierPool

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class TrainPrompt:
    """A problem as the policy reads it: its token ids, the assistant's turn opened. solutions: in memory or a pool."""

    problem: Problem
    ids: tuple[int, ...]
    solutions: Sequence[Solution] = ()


class PooledSolutions(Sequence[Solution]):
    """Verified solutions that stay in their pool and are read when they are asked for: the pool may be large.

    uid: of the pool's entry. places: of the solutions in it.
    """

    def __init__(self, pool: GuidancePool, uid: str, places: tuple[int, ...]) -> None:
        self._pool, self._uid, self._places = pool, uid, places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Solution]:
        held = self._pool[self._uid].solutions if self._places else ()
        return (replace(held[place], verified=True) for place in self._places)

    @overload
    def __getitem__(self, index: int) -> Solution: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Solution, ...]: ...

    def __getitem__(self, index: int | slice) -> Solution | tuple[Solution, ...]:
        return tuple(self)[index]


class Guidance(NamedTuple):
    """Prompts with what the pool has for them.

    solutions: what was found for them there; refused: of these, by reason (`ampo.training.refusal`).
    teacher: the only one whose solutions are among them; None where it may be any.
    """

    prompts: list[TrainPrompt]
    solutions: int
    refused: Counter[str]
    teacher: str | None

    def describe(self) -> Iterator[str]:
        """Lines for a person."""
        reasons = ", ".join(f"{words} {self.refused[r]:,}" for r, words in REFUSED.items() if self.refused[r])
        yield f"{self.refused.total():,} of {self.solutions:,} solutions refused{f': {reasons}' if reasons else ''}"
        if self.teacher is not None:
            covered = sum(bool(prompt.solutions) for prompt in self.prompts)
            yield f"the teacher is {self.teacher}, for {covered:,} of {len(self.prompts):,} prompts"


def tokenized(
    problems: Sequence[Problem], template: Template, tokenizer: Any, max_tokens: int
) -> tuple[list[TrainPrompt], int]:
    """The problems through template and chat template.

    Args:
        problems: What is asked.
        template: Makes conversations of them.
        tokenizer: The model's, with its chat template.
        max_tokens: How long a prompt may be.

    Returns:
        The prompts, and how many were left out for their length.

    Raises:
        UserError: None is left.
    """
    made = []
    for problem in problems:
        ids, _ = encode(template.render(problem), tokenizer)
        if len(ids) <= max_tokens:
            made.append(TrainPrompt(problem, tuple(ids)))
    if not made:
        raise UserError(f"every prompt is longer than data.max_prompt_tokens = {max_tokens}: raise it")
    return made, len(problems) - len(made)


def with_guidance(
    made: Sequence[TrainPrompt],
    pool: GuidancePool,
    verifier: VerifierPool,
    algorithm: Algorithm,
    measure: Measure,
    room: int,
) -> Guidance:
    """The prompts with the verified solutions that the pool has for the same question, by uid, else by its text.

    A solution that nobody has verified against the training set's own reference answer is verified here; one that the
    verifier rejects never enters.

    Args:
        made: The prompts.
        pool: Where solutions are looked for.
        verifier: Judges them.
        algorithm: Says whether one teacher's count alone.
        measure: Lengths in tokens.
        room: How long a solution may be.

    Raises:
        UserError: The pool doesn't have the teacher that is asked for.
    """
    refused: Counter[str] = Counter()
    entries = (("", _entry(prompt.problem, pool, refused)) for prompt in made)
    usable = [
        (judged.entry.uid, _usable(judged, refused, algorithm, measure, room))
        for judged in judge(entries, verifier, trust=True)
    ]
    teacher = _teacher(algorithm, [found for _, found in usable], pool)
    guided, kept = [], 0
    for prompt, (uid, found) in zip(made, usable, strict=True):
        places = tuple(place for place, source in found if teacher in (None, source))
        refused["other_teacher"] += len(found) - len(places)
        kept += len(places)
        guided.append(replace(prompt, solutions=PooledSolutions(pool, uid, places)))
    return Guidance(guided, kept + refused.total(), refused, teacher)


def solution_rows(
    prompt: TrainPrompt, encode: Callable[[str], Sequence[int]], end_ids: Sequence[int], max_tokens: int
) -> tuple[MixedRow, ...]:
    """What preset sft learns from: every solution of a prompt with the end of a turn, where both have room.

    Args:
        prompt: With its solutions.
        encode: Text to tokens, without special ones.
        end_ids: The tokens that close a turn.
        max_tokens: How long a solution with its end may be.
    """
    found = [(s.source, (*encode(s.content), *end_ids)) for s in prompt.solutions]
    return tuple(MixedRow(prompt.ids, ids, 1.0, 0.0, source) for source, ids in found if len(ids) <= max_tokens)


def _entry(problem: Problem, pool: GuidancePool, refused: Counter[str]) -> PoolEntry:
    """The pool's entry for the same question, held to the training set's own reference answer: where the pool has
    another, what is recorded about its solutions says nothing."""
    asked = prompts.in_full(problem)
    entries = [entry for key in (problem.id, asked) if (entry := pool.get(key))]
    found = next((entry for entry in entries if question_key(entry.question) == question_key(asked)), None)
    if found is None:
        refused["other_question"] += sum(len(entry.solutions) for entry in entries[:1])
        return PoolEntry("", asked, problem.answer)
    solutions = found.solutions
    if found.answer != problem.answer:
        solutions = tuple(replace(solution, verified=None) for solution in solutions)
    return PoolEntry(found.uid, asked, problem.answer, solutions)


def _usable(
    judged: Judged, refused: Counter[str], algorithm: Algorithm, measure: Measure, room: int
) -> list[tuple[int, str]]:
    """(place in the entry, teacher) of each solution that can be learnt from; the others are counted."""
    outcomes = [verdict.outcome for verdict in judged.verdicts]
    right = [place for place, outcome in enumerate(outcomes) if outcome == "correct"]
    refused.update(outcome for outcome in outcomes if outcome != "correct")
    solutions = [judged.entry.solutions[place] for place in right]
    kept = []
    for place, solution, tokens in zip(right, solutions, measure(solutions), strict=True):
        if reason := refusal(solution, tokens, room, algorithm):
            refused[reason] += 1
        else:
            kept.append((place, solution.source))
    return kept


def _teacher(algorithm: Algorithm, usable: Iterable[Sequence[tuple[int, str]]], pool: GuidancePool) -> str | None:
    """The only one, where the algorithm takes one. Of those that cover as many prompts, the first in the pool."""
    if algorithm.teacher is None:
        return None
    covered = Counter(source for found in usable for source in dict.fromkeys(source for _, source in found))
    if algorithm.teacher == WIDEST:
        return next((source for source, _ in covered.most_common(1)), None)
    if covered and algorithm.teacher not in covered:
        hint = nearest(algorithm.teacher, covered, "a teacher")
        raise UserError(f"algorithm.teacher = {algorithm.teacher!r} has no solution in the pool {pool.name}: {hint}")
    return algorithm.teacher


def batch(made: Sequence[_T], step: int, size: int, seed: int) -> list[_T]:
    """The prompts of a step: epochs in a shuffled order each, that depends on seed, size and epoch alone.

    Every prompt comes once an epoch. A step takes up the next epoch where one ends, and no prompt twice.

    Args:
        made: All prompts.
        step: Of the run, from 1.
        size: Prompts of a step; all of them where there are fewer.
        seed: Of the run.
    """
    n = len(made)
    size = min(size, n)
    epoch, place = divmod((step - 1) * size, n)
    taken = list(_order(n, size, seed, epoch)[place : place + size])
    if missing := size - len(taken):
        taken += _order(n, size, seed, epoch + 1)[:missing]
    return [made[i] for i in taken]


@lru_cache(maxsize=2)
def _order(n: int, size: int, seed: int, epoch: int) -> tuple[int, ...]:
    """An epoch's permutation. It begins with prompts that the step which reaches into it doesn't have already."""
    order: list[int] = []
    for e in range(epoch + 1):
        begun = e * n % size
        had = set(order[n - begun :])
        shuffled = list(range(n))
        digest = hashlib.sha256(f"{seed}/epoch/{e}".encode()).digest()
        random.Random(int.from_bytes(digest[:8], "big")).shuffle(shuffled)
        first = [i for i in shuffled if i not in had][: size - begun]
        rest = set(shuffled).difference(first)
        order = [*first, *(i for i in shuffled if i in rest)]
    return tuple(order)
