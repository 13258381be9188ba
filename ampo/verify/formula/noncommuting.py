"""Products of matrices, whose order counts: (AB)^T is B^T A^T, and not A^T B^T.

Capital letters stand for square matrices, I for the identity, a small letter that is transposed for a column, any other
letter for a number. Two formulas are the same where they agree for pseudo-random ones. What can't be evaluated so (a
determinant, a symbolic power) is left to the comparison of numbers.
"""

from __future__ import annotations

import random
import re
from typing import Any

from ampo.verify.formula.equality import symbols
from ampo.verify.formula.evaluate import Point, context, value_at
from ampo.verify.formula.exact import UndefinedError, exact
from ampo.verify.formula.tree import Tree

_SIZE = 3
_TRIES = 2
_MAX_POWER = 12
_SPOKEN_OF = re.compile(
    r"\b(?:matri(?:x|ces)|transpos\w*|commutators?|diagonali[sz]\w*|linear (?:maps?|operators?|transformations?))\b|"
    r"(?-i:\([A-Z]{2,6}\)\s?\^\s?\{?\s?(?:-\s?1|T|\\top|\\intercal)(?![a-zA-Z]))",
    re.IGNORECASE,
)
_ENTRIES = re.compile(r"\\begin\{[a-z]*(?:matrix|array)\}(.{1,2000}?)\\end\{", re.DOTALL)
_T = Tree("sym", name="T")  # as an exponent: the transpose
_MINUS_T = Tree("neg", (_T,))


def same(gold: Tree, answer: Tree, question: str) -> bool | None:
    """Whether two products of matrices are the same; None where nothing shows that they are matrices."""
    if not any(map(_order_counts, (gold, answer))) or not _are_matrices(gold, question):
        return None
    try:
        return all(_agree(gold, answer, seed) for seed in range(_TRIES))
    except (UndefinedError, ZeroDivisionError, ValueError, TypeError):
        return None


def _are_matrices(gold: Tree, question: str) -> bool:
    """The question speaks of them, or the gold has a transpose, or a letter and its inverse in one product. Letters
    that the question has inside a matrix are numbers."""
    inside = "".join(_ENTRIES.findall(question))
    if any(name in inside for name in _matrices(gold)):
        return False
    return _SPOKEN_OF.search(question) is not None or _transposes(gold) or _conjugates(gold)


def _matrices(tree: Tree) -> frozenset[str]:
    """The names that stand for matrices."""
    if tree.op == "pow" and tree.args[1] in (_T, _MINUS_T):
        return _matrices(tree.args[0])
    if tree.op == "sym":
        return frozenset((tree.name,)) if tree.name[:1].isupper() and tree.name != "I" else frozenset()
    return frozenset().union(*map(_matrices, tree.args))


def _order_counts(tree: Tree) -> bool:
    several = tree.op == "mul" and sum(bool(_matrices(t) or _columns(t)) for t in tree.args) > 1
    if several and (len(_matrices(tree)) > 1 or _transposes(tree) or _columns(tree)):
        return True
    return any(map(_order_counts, tree.args))


def _transposes(tree: Tree) -> bool:
    if tree.op == "pow" and tree.args[1] in (_T, _MINUS_T):
        return bool(_matrices(tree.args[0]))
    return any(map(_transposes, tree.args))


def _conjugates(tree: Tree) -> bool:
    """P D P^{-1}: for numbers nobody would write it."""
    if tree.op == "mul":
        inverse = [t.args[0] for t in tree.args if t.op == "pow" and (power := exact(t.args[1])) and power < 0]
        if any(_matrices(base) and base in tree.args for base in inverse):
            return True
    return any(map(_conjugates, tree.args))


def _agree(gold: Tree, answer: Tree, seed: int) -> bool:
    names = sorted(symbols(gold) | symbols(answer))
    columns = _columns(gold) | _columns(answer)
    rng, mp = random.Random(seed), context()

    def some() -> Any:
        return mp.mpf(rng.randint(-997, 997)) / 101 + mp.mpf(1) / 7

    def of(name: str) -> Any:
        if name[:1].isupper():
            return mp.eye(_SIZE) if name == "I" else mp.matrix([[some() for _ in range(_SIZE)] for _ in range(_SIZE)])
        return mp.matrix([some() for _ in range(_SIZE)]) if name in columns else some()

    at = {name: of(name) for name in names}
    a, b = _value(gold, at), _value(answer, at)
    return _shape(a) == _shape(b) and _size(a - b) <= max(_size(a), _size(b)) * mp.mpf(10) ** -30


def _columns(tree: Tree) -> frozenset[str]:
    if tree.op == "pow" and tree.args[1] == _T and tree.args[0].op == "sym" and not tree.args[0].name[:1].isupper():
        return frozenset((tree.args[0].name,))
    return frozenset().union(*map(_columns, tree.args))


def _value(tree: Tree, at: dict[str, Any]) -> Any:
    """A matrix or a number. Raises UndefinedError."""
    if not any(_shape(at[name]) for name in symbols(tree)):
        return value_at(tree, Point(at))
    if tree.op == "sym":
        return at[tree.name]
    if tree.op == "pow":
        return _power(_value(tree.args[0], at), tree.args[1])
    values = [_value(t, at) for t in tree.args]
    if tree.op == "neg":
        return -values[0]
    if tree.op == "div" and not _shape(values[1]):
        return values[0] / values[1]
    if tree.op not in ("add", "mul"):
        raise UndefinedError(tree.op)
    result = values[0]
    for value in values[1:]:
        result = _sum(result, value) if tree.op == "add" else _product(result, value)
    return result


def _power(base: Any, exponent: Tree) -> Any:
    if not _shape(base):
        raise UndefinedError
    if exponent in (_T, _MINUS_T):
        return base.T if exponent == _T else (base**-1).T
    power = exact(exponent)
    if power is None or power.denominator != 1 or abs(power) > _MAX_POWER or base.rows != base.cols:
        raise UndefinedError
    return base ** int(power)


def _sum(a: Any, b: Any) -> Any:
    if _shape(a) == _shape(b):
        return a + b
    matrix, number = (a, b) if _shape(a) else (b, a)
    if _shape(number) or matrix.rows != matrix.cols:
        raise UndefinedError
    return matrix + context().eye(matrix.rows) * number


def _product(a: Any, b: Any) -> Any:
    result = a * b  # ValueError where the shapes don't fit
    return result[0] if _shape(result) == (1, 1) else result


def _shape(value: Any) -> tuple[int, ...]:
    return (value.rows, value.cols) if hasattr(value, "rows") else ()


def _size(value: Any) -> Any:
    return max(map(abs, value)) if _shape(value) else abs(value)
