"""One pool of workers for every adapter of a process, and what adapters share: texts of other people's shapes.

AMPO_VERIFY_WORKERS sets the number of workers; without it there are as many as processors, and 8 at most, since a
trainer's node has a process a GPU, each with a pool, and a worker holds 60 MB.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from threading import Lock
from typing import Any

from ampo.errors import UserError
from ampo.types import Verdict
from ampo.verify import Claim, VerifierPool
from ampo.verify.references import reference

_WORKERS = 8
_SPECIAL = re.compile(r"(?:<\|[^|<>]{1,40}\|>|</s>|<eos>|<end_of_turn>|\s)+\Z")
_starting = Lock()  # trainers call from many threads


def pool() -> VerifierPool:
    """The pool of this process. Its workers end with the process."""
    with _starting:
        return _pool()


def claim(gold: Any, response: Any, question: Any = "", **more: Any) -> Claim:
    """A claim on a reference, a response and a question in whatever shapes a tool's rows hold them.

    Args:
        gold: in any of the forms of `ampo.verify.references`.
        response: text, or a conversation whose last turn counts.
        question: likewise; None where it is unknown.
        more: what else a Claim takes.

    Raises:
        UserError: for a row without a reference. It is the data's fault, and no reward would be right.
    """
    try:
        found = reference(gold)
    except ValueError as error:
        raise UserError(f"a row's reference can't be read: {error}") from error
    if found is None or found == "":
        raise UserError("a row has no reference answer: remove it from the data")
    return Claim(found, text_of(response), question=text_of(question), **more)


def judge(claims: Iterable[Claim]) -> list[Verdict]:
    """The verdicts on claims, in their order."""
    return pool().verify_many(claims)


def text_of(value: Any) -> str:
    """A prompt or a completion as text: a string, or the last turn of a conversation. None is the empty text.

    A turn's content may be a list of parts, of which the texts count.
    """
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return text_of(value.get("content"))
    if isinstance(value, Sequence) and not isinstance(value, str):
        if value and all(isinstance(part, Mapping) and "content" not in part for part in value):
            return "".join(str(part.get("text") or "") for part in value)
        return text_of(value[-1]) if value else ""
    return str(value)


def response_of(query: str, prompt: str) -> str:
    """The response in a text of prompt and response, without the special tokens that OpenRLHF leaves at its end."""
    return _SPECIAL.sub("", query.removeprefix(prompt))


@cache
def _pool() -> VerifierPool:
    given = os.environ.get("AMPO_VERIFY_WORKERS", "")
    if given and not given.isdecimal():
        raise UserError(f"AMPO_VERIFY_WORKERS is {given!r}: it must be a number of processes")
    return VerifierPool(int(given) if given else min(os.cpu_count() or 1, _WORKERS))
