"""What is ruled about an answer, and by which rule."""

from __future__ import annotations

from typing import NamedTuple


class Ruling(NamedTuple):
    """same: whether the answer is the gold; rule: what decided.

    shown: where it isn't the same, whether it was shown to be another; False where one of the two could not be read, or
    the two could not be compared.
    """

    same: bool
    rule: str
    shown: bool = True


def not_shown(rule: str) -> Ruling:
    """Neither the same nor shown to be another."""
    return Ruling(False, rule, shown=False)
