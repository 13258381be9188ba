r"""Recursive definitions from the same index on: a_{n+1} = 2a_n + n is a_n = 2a_{n-1} + (n-1)."""

from __future__ import annotations

import re

_LEFT = re.compile(r"(?:[^=]{1,8}=[^=,]{1,20},)?\s*([a-zA-Z])_\{\s*([i-n])\s*([+-])\s*(\d)\s*\}\s*=(?!=)")
_RECURSIVE = re.compile(r"([a-zA-Z])_\{?\s*[i-n]\s*(?:[+-]\s*\d\s*\})?.{0,40}=.{0,60}\1_\{?\s*[i-n]")
_FROM = re.compile(
    r"(?:\\text\s*\{\s*,?\s*(?:for|where)(?: all)?\s*\}|\s(?:for|where)(?: all)?\s|,|\()"
    r"\s*[i-n]\s*(?:>|\\ge)\s*\d\s*\)?(?=\s*(?:,|;|$))"
)
_WITH = re.compile(r"\s*(?:\\text\s*\{\s*,?\s*(?:with|and)\s*\}|\s(?:with|and)\s)\s*(?=[a-zA-Z]_)")
_MOST = 300  # characters


def from_n(text: str) -> str:
    """The text with n for n + 1 everywhere where its left side is a_{n+1}; any other text as it is."""
    if "_" in text and len(text) <= _MOST and _RECURSIVE.search(text):
        text = _WITH.sub(", ", _FROM.sub("", text))
    m = _LEFT.match(text) if len(text) <= _MOST else None
    if m is None or not re.search(rf"{m[1]}_\{{?\s*{m[2]}", text[m.end() :]):
        return text
    by = int(m[4]) if m[3] == "+" else -int(m[4])
    index = re.compile(rf"_(?:\{{\s*{m[2]}\s*(?:([+-])\s*(\d)\s*)?\}}|{m[2]}(?![a-zA-Z]))")
    bare = re.compile(rf"(?<![a-zA-Z\\_{{]){m[2]}(?![a-zA-Z])")

    def shifted(found: re.Match[str]) -> str:
        at = (int(found[1] + found[2]) if found[1] else 0) - by
        return f"_{{{m[2]}{at:+d}}}" if at else f"_{m[2]}"

    return index.sub(shifted, bare.sub(f"({m[2]}{-by:+d})", text))
