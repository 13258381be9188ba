"""A claim: a response that says it answers a problem, with all that the verifier may know about both. Picklable."""

from __future__ import annotations

from dataclasses import dataclass

from ampo.types import AnswerKind, Protocol


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be judged.

    gold: the reference answer, as it stands in the data set.
    response: the model's text, all of it.
    kind: what the gold is; "auto" looks at it and at the options.
    options: the texts of a choice question.
    question: the question's text, "" where it is unknown; it is read for options printed in it ("A) ..."), and for
        the unit it asks for.
    finish_reason: "length" is a response cut off by the token limit; None is unknown.
    """

    gold: str
    response: str
    protocol: Protocol = "ampo"
    kind: AnswerKind = "auto"
    options: tuple[str, ...] = ()
    question: str = ""
    finish_reason: str | None = None
