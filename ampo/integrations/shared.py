"""What adapters share: claims made of other people's shapes, judged by the pool of the process."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ampo.errors import UserError
from ampo.types import Verdict
from ampo.verify import Claim, NoReferenceError, shared_pool
from ampo.verify.references import required

_SPECIAL = re.compile(r"(?:<\|[^|<>]{1,40}\|>|</s>|<eos>|<end_of_turn>|\s)+\Z")


@contextmanager
def needing(package: str) -> Iterator[None]:
    """Around the import of the tool that an adapter serves. Raises UserError with the command that installs it."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UserError(f"this adapter needs {package} ({error}): pip install {package}") from error


def claim(gold: Any, response: Any, question: Any = "", **more: Any) -> Claim:
    """A claim on a reference, a response and a question in whatever shapes a tool's rows hold them.

    Args:
        gold: in any of the forms of `ampo.verify.references`.
        response: text, or a conversation whose last turn counts.
        question: likewise; None where it is unknown.
        more: what else a Claim takes.

    Raises:
        NoReferenceError: for a row without a reference. It is the data's fault, and no verdict would be right.
    """
    return Claim(required(gold), text_of(response), question=text_of(question), **more)


def claim_or_none(gold: Any, response: Any, question: Any = "") -> Claim | None:
    """The same in a training run, which one bad row must not end: None for a row without a reference, and a warning.

    Whoever asks counts such rows where the trainer's logs show it.
    """
    try:
        return claim(gold, response, question)
    except NoReferenceError as error:
        warnings.warn(f"ampo: a row gets no verdict: {error}", stacklevel=2)
        return None


def judge(claims: Iterable[Claim]) -> list[Verdict]:
    """The verdicts on claims, in their order."""
    return shared_pool().verify_many(claims)


def judge_known(claims: Iterable[Claim | None]) -> list[Verdict | None]:
    """The same of rows of which some have no reference: None for these."""
    asked = list(claims)
    verdicts = iter(judge(claim for claim in asked if claim is not None))
    return [None if claim is None else next(verdicts) for claim in asked]


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
