"""Matrices: in an environment or as diag(1, 2, 3), transposed, added, multiplied, and chains of such that are equal."""

from __future__ import annotations

import re
from itertools import pairwise

from ampo.verify.formula.exact import exact
from ampo.verify.formula.parse import read
from ampo.verify.formula.tree import Tree, UnreadableError, num
from ampo.verify.kinds.answers import Answer, Matrix, Ordered, Unread, Value
from ampo.verify.kinds.chains import chain
from ampo.verify.kinds.determinants import determinant, multiple_of_identity
from ampo.verify.kinds.reader import MAX_ITEMS, Reader
from ampo.verify.kinds.registry import Equal, Kind, renamed
from ampo.verify.kinds.tuples import in_order
from ampo.verify.question.context import Setting
from ampo.verify.text.scan import split

_BLOCK = re.compile(
    r"\\begin\s*\{([pbBvV]?matrix|smallmatrix|array)\}(?:\s*\{[lcr| ]*\})?(.*?)\\end\s*\{\1\}"
    r"(\s*\^\s*(?:T(?![a-zA-Z])|\\(?:top|intercal)(?![a-zA-Z])|\{\s*(?:[Tt]|\\top|\\intercal)\s*\}))?",
    re.DOTALL,
)
_DIAGONAL = re.compile(r"(?:\\(?:operatorname|mathrm|text)\s*\{\s*diag\s*\}|\\?diag)\s*(?:\((.*)\)|\\\{(.*)\\\})")
_BRACKETED = re.compile(r"[\[(|]\s*(\\begin\s*\{array\}.*\\end\s*\{array\})\s*[\])|]$", re.DOTALL)
_TIMES = re.compile(r"\s*(?:\\cdot|\\times|\*)?\s*")
_ZERO = num(0)
_MOST_FACTORS = 3  # of a product, which is multiplied out


def matrix(text: str, reader: Reader) -> Answer | None:
    """A matrix, a determinant, or a chain of matrices with a name before it; None for what is none."""
    if ("\\begin" not in text and "diag" not in text) or len(split(text, {",", ";", "and", "or"})) > 1:
        return None
    sides = [side for _, side in split(_BRACKETED.sub(r"\1", text), {"="})]
    bodies = sides[1:] if len(sides) > 1 and not _holds_one(sides[0]) else sides
    if not all(map(_holds_one, bodies)):
        return None
    if len(bodies) > 1:
        return chain(bodies, ["="] * (len(bodies) - 1), reader)
    if diagonal := _DIAGONAL.fullmatch(bodies[0]):
        return _diagonal(diagonal[1] or diagonal[2], reader)
    block = _BLOCK.fullmatch(bodies[0])
    if block and (block[1] in ("vmatrix", "Vmatrix") or text.startswith("|")):
        return _determined(_rows(block[2], reader), text)
    return _sum(bodies[0], reader)


def _unnamed(text: str, reader: Reader) -> Answer | None:
    """A matrix in a list, whose name tells it from the others."""
    return matrix(text, reader) if _holds_one(split(text, {"="})[0][1]) else None


def _holds_one(text: str) -> bool:
    return bool(_BLOCK.search(text) or _DIAGONAL.fullmatch(text))


def _diagonal(inside: str, reader: Reader) -> Matrix | None:
    cells = [reader.single(part) for _, part in split(inside, {","})]
    size = len(cells)
    if not all(isinstance(cell, Value) for cell in cells) or not 1 < size * size <= MAX_ITEMS:
        return None
    return Matrix(tuple(tuple(cells[i] if i == j else Value(_ZERO) for j in range(size)) for i in range(size)))


def _rows(inside: str, reader: Reader) -> Matrix | None:
    rows = [r for _, r in split(inside, {"\\\\"}) if r.strip()]
    cells = [tuple(reader.single(c.strip()) for _, c in split(row, {"&"})) for row in rows]
    if not cells or len({len(r) for r in cells}) != 1 or len(cells) * len(cells[0]) > MAX_ITEMS:
        return None
    return Matrix(tuple(cells))


def _determined(found: Matrix | None, text: str) -> Answer:
    tree = determinant(found) if found else None
    return Unread(text) if tree is None else Value(tree)


def _sum(text: str, reader: Reader) -> Matrix | None:
    """Cell by cell; None where the terms are not matrices of one shape that hold values."""
    parts = [(sign, part) for sign, part in split(text, {"+", "-"}) if part]
    terms = [_product(part, reader) for _, part in parts]
    matrices = [term for term in terms if term]
    if not matrices or len(matrices) < len(terms) or len({(len(m.rows), len(m.rows[0])) for m in matrices}) > 1:
        return None
    signs = [sign for sign, _ in parts]
    if len(matrices) == 1:
        return _scaled(num(-1), matrices[0]) if signs == ["-"] else matrices[0]
    added = [
        [_added(cells, signs) for cells in zip(*rows, strict=True)]
        for rows in zip(*(m.rows for m in matrices), strict=True)
    ]
    return _of_values(added)


def _added(cells: tuple[Answer, ...], signs: list[str]) -> Tree | None:
    trees = [_tree(cell) for cell in cells]
    signed = [Tree("neg", (t,)) if sign == "-" else t for t, sign in zip(trees, signs, strict=True) if t is not None]
    return Tree("add", tuple(signed)) if len(signed) == len(cells) else None


def _product(text: str, reader: Reader) -> Matrix | None:
    """A matrix with a factor before it, or several in a row; None for what has anything else in it."""
    blocks = list(_BLOCK.finditer(text))
    between = [text[a.end() : b.start()] for a, b in pairwise(blocks)]
    if (
        not 0 < len(blocks) <= _MOST_FACTORS
        or text[blocks[-1].end() :].strip()
        or not all(map(_TIMES.fullmatch, between))
    ):
        return None
    found = None
    for block in blocks:
        rows = _rows(block[2], reader) if block[1] not in ("vmatrix", "Vmatrix") else None
        factor = Matrix(tuple(zip(*rows.rows, strict=True))) if rows and block[3] else rows
        found = factor if block is blocks[0] else _multiplied(found, factor)
        if found is None:
            return None
    before = text[: blocks[0].start()].strip().removesuffix("*").strip().removesuffix("\\cdot").strip()
    try:
        return _scaled(read(before), found) if before and found else found
    except UnreadableError:
        return None


def _multiplied(a: Matrix | None, b: Matrix | None) -> Matrix | None:
    if a is None or b is None or len(a.rows[0]) != len(b.rows) or len(a.rows) * len(b.rows[0]) > MAX_ITEMS:
        return None
    return _of_values([[_scalar(row, column) for column in zip(*b.rows, strict=True)] for row in a.rows])


def _scalar(row: tuple[Answer, ...], column: tuple[Answer, ...]) -> Tree | None:
    pairs = [(_tree(x), _tree(y)) for x, y in zip(row, column, strict=True)]
    terms = tuple(Tree("mul", (x, y)) for x, y in pairs if x is not None and y is not None)
    return Tree("add", terms) if len(terms) == len(pairs) else None


def _of_values(rows: list[list[Tree | None]]) -> Matrix | None:
    found = tuple(tuple(Value(t) for t in row if t is not None) for row in rows)
    return Matrix(found) if all(len(a) == len(b) for a, b in zip(found, rows, strict=True)) else None


def _tree(cell: Answer) -> Tree | None:
    return cell.tree if isinstance(cell, Value) else None


def _scaled(factor: Tree, found: Matrix) -> Matrix:
    return Matrix(tuple(tuple(_times(factor, c) for c in row) for row in found.rows))


def _times(factor: Tree, cell: Answer) -> Answer:
    return Value(Tree("mul", (factor, cell.tree))) if isinstance(cell, Value) else cell


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


def _zero(gold: Matrix, answer: Value) -> bool:
    """Whether both are the zero matrix, which 0, O and 0_{2 \\times 2} are in short."""
    shape = len(gold.rows), len(gold.rows[0])
    if shape == (1, 1) or any((tree := _tree(c)) is None or exact(tree) != 0 for row in gold.rows for c in row):
        return False
    named = Tree("base", (_ZERO, Tree("mul", (num(shape[0]), num(shape[1])))))
    bare = not (answer.unit or answer.percent or answer.degrees or answer.noun)
    return bare and answer.tree in (_ZERO, Tree("sym", (), None, "O"), named)


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    if isinstance(gold, Matrix) and isinstance(answer, Value):
        multiple = multiple_of_identity(answer, len(gold.rows))
        return _zero(gold, answer) or (multiple is not None and _matrices(gold, multiple, setting, equal))
    if isinstance(gold, (Matrix, Ordered)) and isinstance(answer, (Matrix, Ordered)):
        return _matrices(gold, answer, setting, equal)
    return None


def _renamed(answer: Answer, new: dict[str, str]) -> Matrix | None:
    if not isinstance(answer, Matrix):
        return None
    return Matrix(tuple(tuple(renamed(c, new) for c in row) for row in answer.rows))


KIND = Kind(order=90, same=_same, read=_unnamed, rename=_renamed)
