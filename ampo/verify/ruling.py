"""What is ruled about an answer, and by which rule."""

from __future__ import annotations

from typing import NamedTuple


class Ruling(NamedTuple):
    """same: whether the answer is the gold; rule: what decided."""

    same: bool
    rule: str
