"""Answers in rows: matrices, and functions by cases, in an environment or in words ("x^2 for x < 1")."""

from __future__ import annotations

import re

from ampo.verify.formula.parse import read
from ampo.verify.formula.tree import Tree, UnreadableError, num
from ampo.verify.kinds.answers import Answer, Matrix, Ordered, Phrase, Piecewise, Unread, Value
from ampo.verify.kinds.determinants import determinant, multiple_of_identity
from ampo.verify.kinds.reader import MAX_ITEMS, Reader
from ampo.verify.kinds.registry import Equal, Kind, renamed
from ampo.verify.kinds.tuples import in_order
from ampo.verify.question.context import Setting
from ampo.verify.text.phrases import phrase, plain
from ampo.verify.text.scan import split

_MATRIX = re.compile(
    r"^(.*?)\\begin\s*\{([pbBvV]?matrix|smallmatrix|array)\}(?:\s*\{[lcr| ]*\})?(.*)\\end\s*\{\2\}\s*$", re.DOTALL
)
_CASES = re.compile(
    r"^(.*?)\\begin\s*\{(?:cases|aligned|array)\}(?:\s*\{[lcr| ]*\})?(.*)\\end\s*\{(?:cases|aligned|array)\}\s*$",
    re.DOTALL,
)
_BETWEEN = re.compile(r"(?<=matrix\})\s*([+-])\s*(?=[^{}+-]{0,40}\\begin\s*\{[pbB]?matrix\})")
_BRACKETED_MATRIX = re.compile(r"[\[(|]\s*(\\begin\s*\{array\}.*\\end\s*\{array\})\s*[\])|]$", re.DOTALL)
_WORDED_CASE = re.compile(r"\b(?:if|for|when)\b|(?=\botherwise\b)")


def table(text: str, reader: Reader) -> Answer | None:
    """A matrix, a sum of matrices, or a function by cases; None for what is none."""
    terms = _BETWEEN.split(text) if text.count("\\begin") > 1 else []
    if len(terms) > 1:
        return _sum([table(term, reader) for term in terms[::2]], terms[1::2])
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


def _sum(terms: list[Answer | None], signs: list[str]) -> Answer | None:
    """Cell by cell; None where the terms are not matrices of one shape that hold values."""
    matrices = [term for term in terms if isinstance(term, Matrix)]
    if len(matrices) < len(terms) or len({(len(m.rows), len(m.rows[0])) for m in matrices}) > 1:
        return None
    cells = [[cell for row in m.rows for cell in row] for m in matrices]
    if not all(isinstance(cell, Value) for part in cells for cell in part):
        return None
    added = [_plus([c for c in found if isinstance(c, Value)], signs) for found in zip(*cells, strict=True)]
    width = len(matrices[0].rows[0])
    return Matrix(tuple(tuple(added[i : i + width]) for i in range(0, len(added), width)))


def _plus(values: list[Value], signs: list[str]) -> Value:
    trees = [v.tree if sign == "+" else Tree("neg", (v.tree,)) for v, sign in zip(values, ["+", *signs], strict=True)]
    return Value(Tree("add", tuple(trees)))


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


def _matrices(gold: Matrix | Ordered, answer: Matrix | Ordered, setting: Setting, equal: Equal) -> bool:
    if isinstance(gold, Matrix) and isinstance(answer, Matrix):
        return len(gold.rows) == len(answer.rows) and all(
            in_order(g, a, setting, equal) for g, a in zip(gold.rows, answer.rows, strict=True)
        )
    matrix, pair = (gold, answer) if isinstance(gold, Matrix) else (answer, gold)
    if not isinstance(matrix, Matrix) or not isinstance(pair, Ordered):
        return False
    if all(isinstance(i, Ordered) for i in pair.items):
        rows = [i.items for i in pair.items if isinstance(i, Ordered)]
        return len(rows) == len(matrix.rows) and all(
            map(lambda g, a: in_order(g, a, setting, equal), matrix.rows, rows)
        )
    if len(matrix.rows) > 1 and len(matrix.rows[0]) > 1:
        return False
    return in_order([c for row in matrix.rows for c in row], pair.items, setting, equal)


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    if isinstance(gold, Matrix) and isinstance(answer, Value):
        multiple = multiple_of_identity(answer, len(gold.rows))
        return multiple is not None and _matrices(gold, multiple, setting, equal)
    if isinstance(gold, (Matrix, Ordered)) and isinstance(answer, (Matrix, Ordered)):
        return _matrices(gold, answer, setting, equal)
    return None


def _renamed(answer: Answer, new: dict[str, str]) -> Matrix | None:
    if not isinstance(answer, Matrix):
        return None
    return Matrix(tuple(tuple(renamed(c, new) for c in row) for row in answer.rows))


KIND = Kind(order=90, same=_same, rename=_renamed)
