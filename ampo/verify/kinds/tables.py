"""Answers in rows: matrices, and functions by cases, in an environment or in words ("x^2 for x < 1")."""

from __future__ import annotations

import re

from ampo.verify.formula.parse import read
from ampo.verify.formula.tree import Tree, UnreadableError, num
from ampo.verify.kinds.answers import Answer, Matrix, Phrase, Piecewise, Unread, Value
from ampo.verify.kinds.determinants import determinant
from ampo.verify.kinds.reader import MAX_ITEMS, Reader
from ampo.verify.text.phrases import phrase, plain
from ampo.verify.text.scan import split

_MATRIX = re.compile(
    r"^(.*?)\\begin\s*\{([pbBvV]?matrix|smallmatrix|array)\}(?:\s*\{[lcr| ]*\})?(.*)\\end\s*\{\2\}\s*$", re.DOTALL
)
_CASES = re.compile(
    r"^(.*?)\\begin\s*\{(?:cases|aligned|array)\}(?:\s*\{[lcr| ]*\})?(.*)\\end\s*\{(?:cases|aligned|array)\}\s*$",
    re.DOTALL,
)
_BRACKETED_MATRIX = re.compile(r"[\[(|]\s*(\\begin\s*\{array\}.*\\end\s*\{array\})\s*[\])|]$", re.DOTALL)
_WORDED_CASE = re.compile(r"\b(?:if|for|when)\b|(?=\botherwise\b)")


def table(text: str, reader: Reader) -> Answer | None:
    """A matrix or a function by cases; None for what is neither."""
    found = _CASES.match(text)
    if found:
        return _cases(found[1], found[2], reader)
    found = _MATRIX.match(_BRACKETED_MATRIX.sub(r"\1", text))
    if found:
        matrix = _matrix(found[1], found[3], reader)
        return _determined(matrix, text) if found[2] in ("vmatrix", "Vmatrix") or text.startswith("|") else matrix
    return _worded_cases(text, reader) if _WORDED_CASE.search(text) else None


def _matrix(before: str, inside: str, reader: Reader) -> Answer:
    rows = [r for _, r in split(inside, {"\\\\"}) if r.strip()]
    cells = [tuple(reader.single(c.strip()) for _, c in split(row, {"&"})) for row in rows]
    if not cells or len({len(r) for r in cells}) != 1 or len(cells) * len(cells[0]) > MAX_ITEMS:
        return Unread(inside)
    label = before.strip().rstrip("=").strip()
    if not label or before.strip().endswith("="):
        return Matrix(tuple(cells))
    try:
        factor = num(-1) if label == "-" else read(label.rstrip("*").removesuffix("\\cdot").strip())
    except UnreadableError:
        return Unread(before + inside)
    return Matrix(tuple(tuple(_times(factor, c) for c in row) for row in cells))


def _determined(matrix: Answer, text: str) -> Answer:
    tree = determinant(matrix) if isinstance(matrix, Matrix) else None
    return Unread(text) if tree is None else Value(tree)


def _times(factor: Tree, cell: Answer) -> Answer:
    return Value(Tree("mul", (factor, cell.tree))) if isinstance(cell, Value) else cell


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
