r"""Recursive definitions from the same index on: a_{n+1} = 2a_n + n is a_n = 2a_{n-1} + (n-1)."""

from __future__ import annotations

import re

_LEFT = re.compile(r"(?:[^=]{1,8}=[^=,]{1,20},)?\s*([a-zA-Z])_\{\s*([i-n])\s*([+-])\s*(\d)\s*\}\s*=(?!=)")
_RECURSIVE = re.compile(r"([a-zA-Z])_\{?\s*[i-n]\s*(?:[+-]\s*\d\s*\})?.{0,40}=.{0,60}\1_\{?\s*[i-n]")
_FROM = re.compile(
    r"(?:\\text\s*\{\s*,?\s*(?:for|where)(?: all)?\s*\}|\s(?:for|where)(?: all)?\s|,|\()"
    r"\s*([i-n])\s*(>|\\ge)\s*(\d)\s*\)?(?=\s*(?:,|;|$))"
)
_WITH = re.compile(r"\s*(?:\\text\s*\{\s*,?\s*(?:with|and)\s*\}|\s(?:with|and)\s)\s*(?=[a-zA-Z]_)")
_BEGINS = re.compile(r", [i-n] \\ge (\d+)$")
_MOST = 300  # characters


def from_n(text: str) -> str:
    """The text with n for n + 1 everywhere where its left side is a_{n+1}, and from where on it holds at its end; any
    other text as it is."""
    if "_" not in text or len(text) > _MOST or not _RECURSIVE.search(text):
        return text
    begins = _FROM.search(text)
    text = _WITH.sub(", ", _FROM.sub("", text))
    m = _LEFT.match(text)
    by = 0
    if m is not None and re.search(rf"{m[1]}_\{{?\s*{m[2]}", text[m.end() :]):
        by = int(m[4]) if m[3] == "+" else -int(m[4])
        text = _shifted(text, m[2], by)
    if begins is None:
        return text
    first = int(begins[3]) + (begins[2] == ">") + by
    return f"{text}, {begins[1]} \\ge {first}" if first >= 0 else text


def without_beginning(gold: str, answer: str) -> tuple[str, str]:
    """Both without the index from which a recursion holds, where one of them alone says it."""
    a, b = _BEGINS.search(gold), _BEGINS.search(answer)
    if bool(a) == bool(b):
        return gold, answer
    return (gold[: a.start()], answer) if a else (gold, answer[: b.start()] if b else answer)


def _shifted(text: str, name: str, by: int) -> str:
    """With n - by for n: in indices, in powers, and wherever it stands as a factor."""
    token = re.compile(
        rf"\\[a-zA-Z]+|_\{{\s*{name}\s*(?:([+-])\s*(\d)\s*)?\}}|_{name}|(\^?){name}|\d+|."
    )  # a command is one token, its letters are none

    def of(m: re.Match[str]) -> str:
        if m[0].startswith("_") and m[0] != "_":
            at = (int(m[1] + m[2]) if m[1] else 0) - by
            return f"_{{{name}{at:+d}}}" if at else f"_{name}"
        if m[0].endswith(name) and not m[0].startswith("\\"):
            moved = f"{name}{-by:+d}"
            return f"^{{{moved}}}" if m[3] else f"({moved})"
        return m[0]

    return token.sub(of, text)
