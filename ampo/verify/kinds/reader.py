"""How the reader of one kind of answer has the parts of it read: by the reader of all kinds, one level deeper."""

from __future__ import annotations

from typing import Protocol

from ampo.verify.kinds.answers import Answer

MAX_ITEMS = 200  # of a list, a tuple, a set or a matrix


class Reader(Protocol):
    """What the reader of one kind may ask for."""

    def whole(self, text: str) -> Answer:
        """Any answer: a list, cases, a matrix, or what `single` reads."""
        ...

    def single(self, text: str) -> Answer:
        """One answer: no list that stands bare."""
        ...

    def agree(self, a: Answer, b: Answer) -> bool:
        """Whether two answers are the same, each taken for the gold."""
        ...
