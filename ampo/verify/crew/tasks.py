"""What a claim asks of a worker: the verdict that needs none, or a task of plain data and how its answer is read.

Extraction is string work in linear time and is done in the caller's process, so that of a long response only the
final answer travels and the rule that found it stays here. The worker's part is the comparison of gold and answer. What
isn't ordinary goes whole: the authors' scorer reads the response itself, and a gold or question of extraordinary size
is not read in the caller's process at all.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from ampo.types import AnswerKind, Verdict
from ampo.verify.claim import Claim
from ampo.verify.crew.job import Answer
from ampo.verify.find.extraction import Extraction
from ampo.verify.find.own import code
from ampo.verify.formula import guard
from ampo.verify.judge import extraction, quick, quickly_equivalent, verdict
from ampo.verify.ruling import Ruling

_QUESTION = 100_000  # characters of a question with its options


@dataclass(frozen=True, slots=True)
class Task:
    """operation, arguments: what the worker does. key: what the outcome depends on. found: the extraction where the
    caller made it, None where the worker judges the whole claim."""

    claim: Claim
    operation: str
    arguments: dict[str, Any]
    key: Hashable
    found: Extraction | None = None

    def verdict(self, answer: Answer) -> Verdict:
        """What the worker's answer, or the lack of one, means for the claim."""
        protocol = self.claim.protocol
        if answer.problem:
            return Verdict("timeout", None, answer.problem, answer.seconds, protocol, shown=False)
        if self.found is None:
            outcome, extracted, reason, shown = answer.value
            return Verdict(outcome, extracted, reason, answer.seconds, protocol, shown)
        judged = verdict(self.found, Ruling(*answer.value))
        return replace(judged, seconds=answer.seconds, protocol=protocol)


def at_once(claim: Claim) -> Verdict | None:
    """The verdict where it takes no worker, else None."""
    if not _ordinary(claim):
        return None
    try:
        return quick(claim)
    except Exception:  # a defect on some odd text must not end a training run: the worker meets it too, and counts it
        return None


def same_at_once(a: str, b: str, kind: AnswerKind, options: tuple[str, ...], question: str) -> bool | None:
    """Whether two answers to one problem are the same where that takes no worker, else None.

    Args:
        a, b, kind, options, question: As of `ampo.verify.judge.equivalent`.
    """
    if not _short(max(a, b, key=len), question, options):
        return None
    try:
        return quickly_equivalent(a, b, kind, options, question)
    except Exception:  # as above
        return None


def task(claim: Claim) -> Task:
    """The task for a claim that `at_once` leaves open."""
    found = _found(claim)
    if found is None or found.answer is None:
        fields = fields_of(claim)
        digest = blake2b(claim.response.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        key = ("judge", code(claim.extract), *{**fields, "response": digest}.values())
        return Task(claim, "judge", fields, key)
    arguments = {"gold": claim.gold, "answer": found.answer, "question": claim.question}
    return Task(claim, "decide", arguments, ("decide", *arguments.values()), found)


def fields_of(claim: Claim) -> dict[str, Any]:
    """A claim as plain data."""
    return {name: getattr(claim, name) for name in Claim.__dataclass_fields__}


def _found(claim: Claim) -> Extraction | None:
    if claim.protocol != "ampo" or not _ordinary(claim):
        return None
    try:
        found = extraction(claim)
    except Exception:  # as above
        return None
    return found if len(found.answer or "") <= guard.MAX_LENGTH else None  # longer ones are settled at once


def _ordinary(claim: Claim) -> bool:
    """Whether the caller's process may read it: a gold and a question of ordinary size, and no code of the user's."""
    return not claim.extract and _short(claim.gold, claim.question, claim.options)


def _short(gold: str, question: str, options: tuple[str, ...]) -> bool:
    return len(gold) <= guard.MAX_LENGTH and len(question) + sum(map(len, options)) <= _QUESTION
