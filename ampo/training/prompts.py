"""Which prompts a step takes, and what the pool has for them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ampo import prompts
from ampo.errors import UserError
from ampo.guidance.formats import PoolEntry
from ampo.guidance.pool import GuidancePool
from ampo.prompts import Template
from ampo.types import Problem, Solution
from ampo.verify import VerifierPool
from ampo.verify.claim import Claim


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
    found = [pool.get(p.problem.id) or pool.get(p.problem.question) for p in made]
    unknown = [
        (p, s) for p, entry in zip(made, found, strict=True) if entry for s in entry.solutions if s.verified is None
    ]
    claims = [Claim(p.problem.answer, s.content, question=p.problem.question) for p, s in unknown]
    verdicts = {
        (p.problem.id, s.content): verdict.correct
        for (p, s), verdict in zip(unknown, verifier.verify_many(claims), strict=True)
    }
    return [replace(p, solutions=_verified(p, entry, verdicts)) for p, entry in zip(made, found, strict=True)]


def _verified(
    prompt: TrainPrompt, entry: PoolEntry | None, verdicts: dict[tuple[str, str], bool]
) -> tuple[Solution, ...]:
    settled = (
        s if s.verified is not None else replace(s, verified=verdicts[prompt.problem.id, s.content])
        for s in (entry.solutions if entry else ())
    )
    return tuple(s for s in settled if s.verified)


def batch(made: Sequence[TrainPrompt], step: int, size: int, seed: int) -> list[TrainPrompt]:
    """The prompts of a step (from 1): epochs in a shuffled order each, that depends on the seed and the epoch alone.

    A step takes up the next epoch where this one ends; no prompt comes twice in a step.
    """
    size = min(size, len(made))
    first = (step - 1) * size
    taken: list[TrainPrompt] = []
    position = first
    while len(taken) < size:
        epoch, place = divmod(position, len(made))
        candidate = made[_order(len(made), seed, epoch)[place]]
        if all(candidate is not other for other in taken):
            taken.append(candidate)
        position += 1
    return taken


_orders: dict[tuple[int, int, int], list[int]] = {}


def _order(n: int, seed: int, epoch: int) -> list[int]:
    key = (n, seed, epoch)
    if key not in _orders:
        _orders.clear()
        digest = hashlib.sha256(f"{seed}/epoch/{epoch}".encode()).digest()
        order = list(range(n))
        random.Random(int.from_bytes(digest[:8], "big")).shuffle(order)
        _orders[key] = order
    return _orders[key]
