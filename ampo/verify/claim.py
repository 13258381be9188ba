"""A claim: a response that says it answers a problem, with all that the verifier may know about both. Picklable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from ampo.errors import UserError, nearest
from ampo.types import AnswerKind, FinishReason, Problem, Protocol, as_protocol
from ampo.verify.find.own import usable
from ampo.verify.references import required
from ampo.verify.text.squeeze import squeeze

_KINDS: tuple[str, ...] = get_args(AnswerKind)
_FINISHES: tuple[str, ...] = get_args(FinishReason)


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be judged.

    Raises UserError for a field of another type, an unknown name, and an `extract` that can't work; NoReferenceError,
    which is one, where the gold is empty.

    gold: the reference answer, as it stands in the data set, in any of the forms of `ampo.verify.references`; a number
        is taken as its text.
    response: the model's text, all of it.
    kind: what the gold is; "auto" looks at it and at the options.
    options: the texts of a choice question.
    question: the question's text, "" where it is unknown; it is read for options printed in it ("A) ..."), and for
        the unit it asks for.
    finish_reason: "length" is a response cut off by the token limit; None is unknown.
    extract: the benchmark's own way to find the answer (see `ampo.verify.find.own`); "" is the verifier's. Protocol
        "official" has none but the authors'.
    """

    gold: str
    response: str
    protocol: Protocol = "ampo"
    kind: AnswerKind = "auto"
    options: tuple[str, ...] = ()
    question: str = ""
    finish_reason: str | None = None
    extract: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "gold", _gold(self.gold))
        for name, text in (("gold", self.gold), ("response", self.response), ("question", self.question)):
            if not isinstance(text, str):
                raise UserError(f"a claim's {name} is of type {type(text).__name__}: it must be text")
        as_protocol(self.protocol)
        _one_of("kind", self.kind, _KINDS)
        if self.finish_reason is not None:
            _one_of("finish_reason", self.finish_reason, _FINISHES)
        object.__setattr__(self, "extract", usable(self.extract))

    @classmethod
    def of(cls, problem: Problem, text: str, finish_reason: str | None, protocol: Protocol = "ampo") -> Claim:
        """The claim that a response answers a problem: what everything that scores or rewards a response asks.

        Args:
            problem: read for its answer, kind, options, question and extract.
            text: the response, all of it.
            finish_reason: why it ended; None only where nobody knows.
            protocol: whose rules judge.
        """
        return cls(
            gold=problem.answer,
            response=text,
            protocol=protocol,
            kind=problem.kind,
            options=problem.options,
            question=problem.question,
            finish_reason=finish_reason,
            extract=problem.extract,
        )


def _gold(value: Any) -> Any:
    held = required(value)
    if isinstance(held, (int, float)) and not isinstance(held, bool):
        return str(held)
    return squeeze(held) if isinstance(held, str) else held


def _one_of(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise UserError(f"unknown {what} {name!r}: {nearest(str(name), known, 'it')}")
