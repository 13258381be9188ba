"""What a comparison knows beside the two answers."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ROUNDS = re.compile(r"approx|nearest|round|decimal|significant|estimate|about how|roughly", re.IGNORECASE)
_PERCENT = re.compile(r"%|percent", re.IGNORECASE)
_SOLVED = re.compile(
    r"\bsolve\b[^.?]{0,200}\bfor\b|\bin terms of\b|\bas a function of\b|\bisolate\b|\bthe subject\b|\bexplicitly\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What the question tells. integers: the texts declare a parameter to be a whole number. together: the values
    stand in one tuple or matrix, and share their parameters. declared: the gold says over what its parameter runs."""

    question: str = ""
    integers: bool = False
    together: bool = False
    declared: bool = False

    @property
    def rounds(self) -> bool:
        return bool(_ROUNDS.search(self.question))

    @property
    def percent(self) -> bool:
        return not self.question or bool(_PERCENT.search(self.question))

    @property
    def solved(self) -> bool:
        """Whether the question asks for one name by the others, so that an equation left unsolved is no answer."""
        return bool(_SOLVED.search(self.question))
