"""Counts in their own notation, where a number is wanted: C(5, 2), 10P3, !4. Elsewhere C(5, 2) is a point."""

from __future__ import annotations

import re

_PAIR = r"(?<![a-zA-Z\\])([CP])\s*\(\s*(\d{1,4})\s*,\s*(\d{1,4})\s*\)"
_BESIDE = r"(?<![\w}\\.])(\d{1,4})\s*([CP])\s*(\d{1,4})(?![\w.])"
_DERANGED = r"(?<![\w)}\]!])!\s*(\d{1,3})(?![\w!])"
_NOTATION = re.compile(f"{_PAIR}|{_BESIDE}|{_DERANGED}")
_POINTS = re.compile(r"\b(?:points?|cent(?:er|re)|coordinates?|vertex|distance)\b|\$[CP]\$", re.IGNORECASE)


def expanded(text: str, question: str) -> str:
    """A normalised text with such counts as binomials, factorials and numbers, unless the question is of points."""
    return text if _POINTS.search(question) else _NOTATION.sub(_expanded, text)


def _expanded(m: re.Match[str]) -> str:
    if m[7]:
        return str(_derangements(int(m[7])))
    kind, n, k = (m[1], m[2], m[3]) if m[1] else (m[5], m[4], m[6])
    if kind == "C":
        return f"\\binom{{{n}}}{{{k}}}"
    return f"\\frac{{{n}!}}{{({n}-{k})!}}" if int(k) <= int(n) else "0"


def _derangements(n: int) -> int:
    count = 1
    for i in range(1, n + 1):
        count = i * count + (-1) ** i
    return count
