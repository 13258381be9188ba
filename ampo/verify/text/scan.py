"""Splitting a formula at its top level: outside of brackets, braces, \\text{} and environments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_OPEN = {
    "(": ")",
    "[": "]",
    "{": "}",
    "\\{": "\\}",
    "\\lfloor": "\\rfloor",
    "\\lceil": "\\rceil",
    "\\langle": "\\rangle",
}
_CLOSE = set(_OPEN.values())
_OPENINGS, _CLOSINGS = tuple(_OPEN), tuple(_CLOSE)
_PIECE = re.compile(
    r"\\begin\{[a-zA-Z*]+\}|\\end\{[a-zA-Z*]+\}|\\\\|\\[a-zA-Z]+|\\.|<=|>=|!=|==|[a-zA-Z]+|.", re.DOTALL
)


class Piece(NamedTuple):
    """A token, where it starts, and how deep it stands (0 is the top)."""

    text: str
    start: int
    depth: int


def pieces(text: str) -> Iterator[Piece]:
    """The tokens of a text. An opening bracket has the depth outside of it, and so has its closing one.

    Brackets of different kinds may match: (0,1] is one interval.
    """
    depth = 0
    for m in _PIECE.finditer(text):
        token = m.group()
        if token in _CLOSE or token.startswith("\\end{"):
            depth = max(0, depth - 1)
            yield Piece(token, m.start(), depth)
        else:
            yield Piece(token, m.start(), depth)
            if token in _OPEN or token.startswith("\\begin{"):
                depth += 1


def split(text: str, separators: set[str]) -> list[tuple[str, str]]:
    """The parts between top-level separators, each with the separator before it ("" for the first)."""
    if not any(separator in text for separator in separators):
        return [("", text.strip())]
    parts: list[tuple[str, str]] = []
    start, before = 0, ""
    for piece in pieces(text):
        if piece.depth == 0 and piece.text in separators:
            parts.append((before, text[start : piece.start].strip()))
            start, before = piece.start + len(piece.text), piece.text
    parts.append((before, text[start:].strip()))
    return parts


def enclosed(text: str) -> tuple[str, str, str] | None:
    """(opening, inside, closing) where one pair of brackets holds the whole text."""
    if not (text.startswith(_OPENINGS) and text.endswith(_CLOSINGS)):
        return None
    found = list(pieces(text))
    if len(found) < 2 or found[0].text not in _OPEN or found[-1].text not in _CLOSE:
        return None
    if any(p.depth == 0 for p in found[1:-1]) or found[-1].depth:
        return None
    opening, closing = found[0].text, found[-1].text
    return opening, text[len(opening) : found[-1].start].strip(), closing


def has_letters(text: str) -> bool:
    """Whether any letter is in it, of a command too."""
    return any(c.isalpha() for c in text)
