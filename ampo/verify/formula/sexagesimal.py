"""Angles in degrees, minutes and seconds of arc, as degrees: 45° 30' is 45.5°."""

from __future__ import annotations

import re
from fractions import Fraction

from ampo.verify.formula.tree import Tree, num, number

_NUMBER = r"(\d{1,30}(?:\.\d{1,30})?)"
_PRIME = r"(?:'|\\prime|\^\s*\{?\s*(?:'|\\prime)\s*\}?)"
_SECOND = rf"(?:\"|\^\s*\{{\s*(?:'|\\prime)\s*(?:'|\\prime)\s*\}}|{_PRIME}\s*{_PRIME})"
_ANGLE = re.compile(
    rf"([-+]?)\s*(?:{_NUMBER}\s*\^\s*\{{?\s*\\circ\s*\}}?)?\s*"
    rf"(?:{_NUMBER}\s*{_PRIME}(?!\s*(?:'|\\prime|\^)))?\s*(?:{_NUMBER}\s*{_SECOND})?"
)
_IN_WORDS = re.compile(
    rf"(-?){_NUMBER} degrees?,? (?:and )?{_NUMBER} minutes?(?:,? (?:and )?{_NUMBER} seconds?)?(?: of arc)?"
)
_TEXT = re.compile(r"\\text\s?\{([^{}]*)\}")
_ARC = re.compile(rf"\d\s*{_PRIME}|\\circ[^a-zA-Z]*\d[^a-zA-Z]*(?:'|\\prime)")


def degrees(text: str) -> Tree | None:
    """The degrees of an angle with minutes or seconds of arc; None for what is none."""
    told = " ".join(_TEXT.sub(r" \1 ", text).split()) if "minute" in text else ""
    m = _IN_WORDS.fullmatch(told) or _ANGLE.fullmatch(text.strip())
    if m is None or not (m[3] or m[4]):
        return None
    value = sum((number(part or "0") / 60**i for i, part in enumerate(m.group(2, 3, 4))), Fraction(0))
    return num(-value if m[1] == "-" else value)


def mentions_arc(text: str) -> bool:
    """Whether a text has minutes or seconds of arc, which other readers take for derivatives or drop."""
    return bool(_ARC.search(text))
