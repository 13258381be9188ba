"""Matrices against numbers: a determinant is one, and a multiple of the identity is a matrix (2I)."""

from __future__ import annotations

import re

from ampo.verify.formula.equality import same, substitute, symbols
from ampo.verify.formula.tree import Tree, num
from ampo.verify.kinds.answers import Answer, Matrix, Value

_MAX_SIZE = 4
_IDENTITY = re.compile(r"I(?:_(\d))?")


def determinant(matrix: Matrix) -> Tree | None:
    """Expanded by its first row; None for more than four rows, or where it isn't square or a cell is no formula."""
    rows = [[c.tree if isinstance(c, Value) and not c.unit else None for c in row] for row in matrix.rows]
    cells = [[c for c in row if c is not None] for row in rows]
    if len(cells) > _MAX_SIZE or any(len(row) != len(cells) for row in cells):
        return None
    return _expanded(cells)


def _expanded(rows: list[list[Tree]]) -> Tree:
    if len(rows) == 1:
        return rows[0][0]
    terms = []
    for i, cell in enumerate(rows[0]):
        term = Tree("mul", (cell, _expanded([row[:i] + row[i + 1 :] for row in rows[1:]])))
        terms.append(Tree("neg", (term,)) if i % 2 else term)
    return Tree("add", tuple(terms))


def multiple_of_identity(answer: Answer, size: int) -> Matrix | None:
    """cI as a matrix of a size; None for any other formula, and for the identity of another size."""
    if not isinstance(answer, Value) or answer.unit or answer.percent or answer.degrees:
        return None
    names = [n for n in symbols(answer.tree) if _IDENTITY.fullmatch(n)]
    if len(names) != 1 or names[0] not in ("I", f"I_{size}"):
        return None
    factor = substitute(answer.tree, {names[0]: num(1)})
    if not same(answer.tree, Tree("mul", (factor, Tree("sym", (), None, names[0])))):
        return None
    zero = Value(num(0))
    return Matrix(tuple(tuple(Value(factor) if i == j else zero for j in range(size)) for i in range(size)))
