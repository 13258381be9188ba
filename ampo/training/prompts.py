"""Which prompts a step takes, and what the pool has for them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

from ampo import prompts
from ampo.errors import UserError
from ampo.guidance.formats import PoolEntry
from ampo.guidance.judging import Judged, judge
from ampo.guidance.pool import GuidancePool
from ampo.prompts import Template
from ampo.training.rows import MixedRow
from ampo.types import Problem, Solution
from ampo.verify import VerifierPool

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class TrainPrompt:
    """A problem as the policy reads it: its token ids, the assistant's turn opened."""

    problem: Problem
    ids: tuple[int, ...]
    solutions: tuple[Solution, ...] = ()


def tokenized(
    problems: Sequence[Problem], template: Template, tokenizer: Any, max_tokens: int
) -> tuple[list[TrainPrompt], int]:
    """The problems through template and chat template, and how many were left out for their length.

    Raises UserError where none is left.
    """
    made = []
    for problem in problems:
        text = prompts.render(template.render(problem), tokenizer)
        ids = tokenizer(text, add_special_tokens=not tokenizer.chat_template)["input_ids"]
        if len(ids) <= max_tokens:
            made.append(TrainPrompt(problem, tuple(ids)))
    if not made:
        raise UserError(f"every prompt is longer than data.max_prompt_tokens = {max_tokens}: raise it")
    return made, len(problems) - len(made)


def with_guidance(made: Sequence[TrainPrompt], pool: GuidancePool, verifier: VerifierPool) -> list[TrainPrompt]:
    """The prompts with the verified solutions that the pool has for them, by uid, else by question.

    A solution that nobody has verified is verified here; one that the verifier rejects never enters.
    """
    judged = judge(((p.problem.id, _entry(p.problem, pool)) for p in made), verifier, trust=True)
    return [replace(p, solutions=_right(found)) for p, found in zip(made, judged, strict=True)]


def solution_rows(
    prompt: TrainPrompt, encode: Callable[[str], Sequence[int]], end_ids: Sequence[int], max_tokens: int
) -> tuple[MixedRow, ...]:
    """What preset sft learns from: every solution of a prompt with the end of a turn, where both have room."""
    found = [(s.source, (*encode(s.content), *end_ids)) for s in prompt.solutions]
    return tuple(MixedRow(prompt.ids, ids, 1.0, 0.0, source) for source, ids in found if len(ids) <= max_tokens)


def _entry(problem: Problem, pool: GuidancePool) -> PoolEntry:
    """The pool's entry, held to the training set's own reference answer."""
    found = pool.get(problem.id) or pool.get(problem.question)
    return PoolEntry(problem.id, problem.question, problem.answer, found.solutions if found else ())


def _right(found: Judged) -> tuple[Solution, ...]:
    pairs = zip(found.entry.solutions, found.verdicts, strict=True)
    return tuple(replace(solution, verified=True) for solution, verdict in pairs if verdict.correct)


def batch(made: Sequence[_T], step: int, size: int, seed: int) -> list[_T]:
    """The prompts of a step (from 1): epochs in a shuffled order each, that depends on seed, size and epoch alone.

    Every prompt comes once an epoch. A step takes up the next epoch where one ends, and no prompt twice.
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
