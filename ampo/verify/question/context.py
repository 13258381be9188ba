"""What a comparison knows beside the two answers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ampo.verify.question import asked

_ROUNDS = re.compile(
    r"approx|\bnearest\b|\bround(?:ed|ing)?\b|\bplaces\b|\bdecimal (?:place|digit)|significant (?:fig|dig)|\bestimate"
    r"|about how|roughly",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"%|percent", re.IGNORECASE)
_SCIENTIFIC = re.compile(
    r"\\times\s*10\s*\^|10\s*\^\s*\{?\s*-?\d+\s*\}?\s*(?:~|\\(?:mathrm|text))|\d[eE][-+]?\d{1,3}(?![\w.])"
    r"|\d\s*~?\s*(?:\\[, ]\s*)?\\(?:(?:mathrm|text)\s*\{\s*~?\s*[a-zA-Z]{1,3}\W|AA)"
)  # powers of ten, and units as physics sets them
_WITH_DECIMALS = re.compile(r"\d\.\d")
_SOLVED = re.compile(
    r"\bsolve\b[^.?]{0,200}\bfor\b|\bin terms of\b|\bas a function of\b|\bisolate\b|\bthe subject\b|\bexplicitly\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What the question tells. integers: the texts declare a parameter to be a whole number. together: the values
    stand in one tuple or matrix, and share their parameters. declared: the gold says over what its parameter runs.
    bounded: a text says that it begins somewhere. placed: the values stand in the order in which the question asks."""

    question: str = ""
    integers: bool = False
    together: bool = False
    declared: bool = False
    bounded: bool = False
    placed: bool = False

    @property
    def rounds(self) -> bool:
        return bool(_ROUNDS.search(self.question))

    @property
    def measured(self) -> bool:
        """Whether the question asks for a measured quantity: its data have powers of ten, or decimals and a unit."""
        text = self.question
        return bool(_SCIENTIFIC.search(text)) or (
            bool(_WITH_DECIMALS.search(text)) and any(u.physical for u in asked.asked(text).units)
        )

    @property
    def percent(self) -> bool:
        return not self.question or bool(_PERCENT.search(self.question))

    @property
    def solved(self) -> bool:
        """Whether the question asks for one name by the others, so that an equation left unsolved is no answer."""
        return bool(_SOLVED.search(self.question))

    @property
    def a_point(self) -> bool:
        """Whether the question asks for a point, so that (2, 3) is no interval."""
        return asked.a_point(self.question)

    @property
    def ordered(self) -> bool:
        """Whether the question asks for several values in an order."""
        return self.placed or asked.ordered(self.question)

    @property
    def repeated(self) -> bool:
        """Whether the question asks for a value as often as it occurs."""
        return asked.repeated(self.question)
