"""The one pool of a process that everybody uses who has none of his own, and `verify` on it.

`verify`, the adapters of other people's tools, the reward of training and the tasks of lm-eval judge here, so that a
process has one set of workers and one cache however many of them it uses. Its workers start as claims wait for them:
who judges one at a time has one. AMPO_VERIFY_WORKERS says how many there may be; without it as many as processors, and
8 at most, since a trainer's node has a process a GPU, each with a pool, and a worker holds 60 MB.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from threading import Lock

from ampo.errors import UserError
from ampo.types import AnswerKind, Protocol, Verdict
from ampo.verify.claim import Claim
from ampo.verify.crew.pool import VerifierPool

_WORKERS = 8
_starting = Lock()  # trainers call from many threads


def shared_pool() -> VerifierPool:
    """The pool of this process, never to be closed: its workers end with the process.

    It has as many workers as there are processors, and 8 at most: AMPO_VERIFY_WORKERS gives another number.

    Raises UserError where AMPO_VERIFY_WORKERS is no number.
    """
    with _starting:
        return _pool()


def verify(
    gold: str,
    response: str,
    protocol: Protocol = "ampo",
    *,
    kind: AnswerKind = "auto",
    options: Sequence[str] = (),
    question: str = "",
    finish_reason: str | None = None,
    extract: str = "",
) -> Verdict:
    """Judge one response.

    Goes to the pool of this process (`shared_pool`), with a VerifierPool's default limits. For many claims use that
    pool, or make a VerifierPool.

    Args:
        gold: The reference answer, as it stands in the data set; a number is taken as its text.
        response: The model's text, all of it.
        protocol: Whose rules judge: "ampo", or the authors' as "official".
        kind: What the gold is; "auto" looks at it and at the options.
        options: The texts of a choice question.
        question: The question's text, "" where it is unknown; read for the unit it asks for, and for options in it.
        finish_reason: Why the response ended; "length" is one cut off by the token limit, None is unknown.
        extract: The benchmark's own way to find the answer; "" is the verifier's.

    Returns:
        The verdict; a time-out is one, too.

    Raises:
        UserError: As `Claim` does (NoReferenceError for an empty gold), and where AMPO_VERIFY_WORKERS is no number.
    """
    claim = Claim(gold, response, protocol, kind, tuple(options), question, finish_reason, extract)
    return shared_pool().submit(claim).result()


@cache
def _pool() -> VerifierPool:
    given = os.environ.get("AMPO_VERIFY_WORKERS", "")
    if given and not (given.isdecimal() and int(given)):
        raise UserError(f"AMPO_VERIFY_WORKERS is {given!r}: it must be a number of processes")
    return VerifierPool(int(given) if given else min(os.cpu_count() or 1, _WORKERS), eager=False)


def _after_fork() -> None:
    """Another thread of the parent may have held the lock."""
    global _starting
    _starting = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
