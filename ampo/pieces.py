"""A text that comes piece by piece."""

from __future__ import annotations


class Pieces:
    """Joins them when the text is read: joined at every piece, a long text would take time in the square of its
    length."""

    def __init__(self) -> None:
        self._text = ""
        self._new: list[str] = []

    def add(self, piece: str) -> None:
        self._new.append(piece)

    @property
    def text(self) -> str:
        """All so far."""
        if self._new:
            self._text = "".join((self._text, *self._new))
            self._new.clear()
        return self._text
