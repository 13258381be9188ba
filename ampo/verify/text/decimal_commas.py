"""Decimal commas: 3,5 for 3.5, where nothing else can be meant.

That is: the reference is one decimal with a point, and the answer one number whose comma is followed by no space and
not by the three digits of a thousand (0,375 is no thousand). 1.234,5 has both separators, and so tells which is which.
"""

from __future__ import annotations

import re

_GOLD = re.compile(r"[-+]?\s*\d*\.\d+(?![\d.,])[^\d,;]*(?:\^?\{?-?\d\}?[^\d,;]*)?")
_SCIENTIFIC = re.compile(
    r"[-+]?\d\.\d+\s*(?:\\times|\\cdot|\*)\s*10\s*\^\s*\{?-?\d{1,3}\}?[^\d,;]*(?:\^?\{?-?\d\}?[^\d,;]*)?"
)
_POWER = r"\s*(?:\\times|\\cdot|\*)\s*10\s*\^"
_NAME = re.compile(r"[a-zA-Z](?:_\w)?\s*=\s*")
_TAIL = r"(?![\d.,])([^,;]*)"
_PLAIN = re.compile(r"([-+]?\s*)(\d{1,30}),(\d{1,2}|\d{4,30})" + _TAIL)
_BELOW_ONE = re.compile(r"([-+]?\s*)(0),(\d{3})" + _TAIL)
_GROUPED = re.compile(r"([-+]?\s*)(\d{1,3}(?:\.\d{3})+),(\d{1,30})" + _TAIL)


def with_point(gold: str, answer: str) -> str | None:
    """The normalised answer with a decimal point, where its comma is one; else None."""
    if not _GOLD.fullmatch(gold) and not (_SCIENTIFIC.fullmatch(gold) and re.search(_POWER, answer)):
        return None
    name = _NAME.match(answer)
    label, answer = (name[0], answer[name.end() :]) if name else ("", answer)
    for pattern in (_PLAIN, _BELOW_ONE, _GROUPED):
        m = pattern.fullmatch(answer)
        if m:
            return f"{label}{m[1]}{m[2].replace('.', '')}.{m[3]}{m[4]}"
    return None
