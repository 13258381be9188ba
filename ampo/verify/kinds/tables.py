"""Answers in rows: matrices (`matrices`), and functions by cases, in an environment or in words ("x^2 for x < 1")."""

from __future__ import annotations

import re

from ampo.verify.kinds.answers import Answer, Phrase, Piecewise
from ampo.verify.kinds.matrices import matrix
from ampo.verify.kinds.reader import Reader
from ampo.verify.text.phrases import phrase, plain
from ampo.verify.text.scan import split

_CASES = re.compile(
    r"^(.*?)\\begin\s*\{(?:cases|aligned|array)\}(?:\s*\{[lcr| ]*\})?(.*)\\end\s*\{(?:cases|aligned|array)\}\s*$",
    re.DOTALL,
)
_WORDED_CASE = re.compile(r"\b(?:if|for|when)\b|(?=\botherwise\b)")


def table(text: str, reader: Reader) -> Answer | None:
    """A matrix, a chain of matrices, or a function by cases; None for what is none."""
    found = _CASES.match(text)
    if found:
        return _cases(found[1], found[2], reader)
    if (rows := matrix(text, reader)) is not None:
        return rows
    return _worded_cases(text, reader) if _WORDED_CASE.search(text) else None


def _cases(before: str, inside: str, reader: Reader) -> Answer:
    rows = [r for _, r in split(inside, {"\\\\"}) if r.strip()]
    cells = [[c.strip(" ,;") for _, c in split(row, {"&"}) if c.strip(" ,;")] for row in rows]
    if before.strip().endswith("=") and all(len(r) == 1 for r in cells):
        cells = [
            [
                c.strip(" ,")
                for c in re.split(r"\\text\s*\{\s*(?:if|for|when)?\s*\}|\b(?:if|for|when)\b|,(?!\d)", r[0], maxsplit=1)
            ]
            for r in cells
        ]
    if before.strip() and all(len(r) == 2 for r in cells):
        return Piecewise(tuple((reader.single(v), _condition(c, reader)) for v, c in cells))
    if all(len(r) == 2 for r in cells) and not any("=" in r[0] for r in cells):
        return Piecewise(tuple((reader.single(v), _condition(c, reader)) for v, c in cells))
    return reader.whole(", ".join(" ".join(r) for r in cells))


def _worded_cases(text: str, reader: Reader) -> Answer | None:
    """x^2 for x < 1 and 2x - 1 for x >= 1; None where not every part has its condition."""
    found = split(plain(text), {",", ";", "and"})
    rows = [_WORDED_CASE.split(part, maxsplit=1) for _, part in found if part]
    if len(rows) < 2 or not all(len(r) == 2 and all(r) for r in rows):
        return None
    return Piecewise(tuple((reader.single(v.strip()), _condition(c, reader)) for v, c in rows))


def _condition(text: str, reader: Reader) -> Answer:
    bare = re.sub(r"^(?:if|for|when|where)\b\s*", "", plain(text)).strip(" ,.;")
    if re.search(r"(?<![\\a-zA-Z])(?!and\b)[a-z]{3,}", bare):
        return Phrase(" ".join(w for w in phrase(bare).split() if w not in ("is", "be", "are")))
    return reader.whole(bare)
