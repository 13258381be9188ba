"""Plain rational numbers: an integer, a decimal or a fraction of integers, exactly, without a tree."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

_INTEGER = re.compile(r"[-+]?\d{1,300}")
_DECIMAL = re.compile(r"[-+]?(?:\d{1,300}\.\d{0,300}|\.\d{1,300})")
_FRACTION = re.compile(
    r"([-+]?)\s*\\frac\s*\{\s*(\d{1,300})\s*\}\s*\{\s*(\d{1,300})\s*\}|([-+]?\d{1,300})\s*/\s*(\d{1,300})"
)


def is_decimal(text: str) -> bool:
    """Whether a text is a literal with a decimal point."""
    return _DECIMAL.fullmatch(text) is not None


@lru_cache(maxsize=2048)
def rational(text: str) -> Fraction | None:
    """The number; None for any other text."""
    if _INTEGER.fullmatch(text) or _DECIMAL.fullmatch(text):
        return Fraction(text)
    m = _FRACTION.fullmatch(text)
    if m is None:
        return None
    top, bottom = (int(m[1] + m[2]), int(m[3])) if m[2] else (int(m[4]), int(m[5]))
    return Fraction(top, bottom) if bottom else None
