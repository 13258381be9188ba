"""Finite sums and products, written out: \\sum_{k=1}^n k^2 is n(n+1)(2n+1)/6.

The names in the bounds take whole numbers, and for each of them what is left is compared as any formula. Nothing is
written out that has many terms, an integral, or no end.
"""

from __future__ import annotations

from ampo.verify.formula.bound_reader import BINDERS, with_binders
from ampo.verify.formula.equality import mentions, same, substitute, symbols
from ampo.verify.formula.exact import UndefinedError, exact
from ampo.verify.formula.parse import read
from ampo.verify.formula.tree import Tree, UnreadableError, num
from ampo.verify.text.scan import split

_AT = (1, 2, 3, 4, 5, 6, 7, 9, 12, 18, 25)  # a name in bounds
_BOTH_AT = (1, 2, 3, 4, 5, 6)  # several
_MOST_TERMS = 80  # of one operator
_TOLD = 3  # terms before the dots, at least
_MOST = 1_000  # nodes of what is written out


def same_written_out(gold: str, answer: str) -> bool | None:
    """Whether two normalised formulas are the same term by term; None where that can't be told."""
    if ("\\ldots" in gold) != ("\\ldots" in answer):
        return _with_dots(*((gold, answer) if "\\ldots" in gold else (answer, gold)))
    try:
        a, b = (with_binders(text) or read(text) for text in (gold, answer))
    except UnreadableError:
        return None
    series = [tree for tree in (a, b) if mentions(tree, BINDERS)]
    if not series or any(mentions(tree, {"int", "infinity"}) for tree in series):
        return None
    names = sorted(frozenset().union(*map(_in_bounds, series)))
    try:
        values = _AT if len(names) < 2 else _BOTH_AT
        for i in range(len(values) if names else 1):
            at = {name: num(values[(i + 2 * j) % len(values)]) for j, name in enumerate(names)}
            if not same(_written_out(substitute(a, at)), _written_out(substitute(b, at))):
                return False
    except UndefinedError:
        return None
    return True


def _with_dots(dotted: str, series: str) -> bool | None:
    """1 + x + x^2 + \\ldots as \\sum_{n=0}^\\infty x^n, term by term; with a last term where the sum has an end."""
    tree = with_binders(series)
    terms = [(sign, part) for sign, part in split(dotted, {"+", "-"}) if part]
    at = next((i for i, (_, part) in enumerate(terms) if part == "\\ldots"), 0)
    if tree is None or tree.op != "sum" or at < _TOLD:
        return None
    body, low, high = tree.args
    first, endless, behind = exact(low), mentions(high, {"infinity"}), terms[at + 1 :]
    if first is None or len(behind) > 1 or endless == bool(behind):
        return None
    try:
        told = [Tree("neg", (read(part),)) if sign == "-" else read(part) for sign, part in (*terms[:at], *behind)]
    except UnreadableError:
        return None
    indices = [num(first + i) for i in range(at)] + ([] if endless else [high])
    return all(same(substitute(body, {tree.name: k}), term) for k, term in zip(indices, told, strict=True))


def _in_bounds(tree: Tree) -> frozenset[str]:
    inside = frozenset().union(*map(_in_bounds, tree.args))
    return inside | symbols(tree.args[1]) | symbols(tree.args[2]) if tree.op in BINDERS else inside


def _written_out(tree: Tree) -> Tree:
    """Raises UndefinedError where a bound is no number, or there are too many terms."""
    if tree.op not in BINDERS:
        return tree._replace(args=tuple(map(_written_out, tree.args))) if tree.args else tree
    body, low, high = tree.args
    first, last = exact(_written_out(low)), exact(_written_out(high))
    if first is None or last is None or first.denominator * last.denominator != 1 or last - first >= _MOST_TERMS:
        raise UndefinedError
    terms = [_written_out(substitute(body, {tree.name: num(k)})) for k in range(int(first), int(last) + 1)]
    if sum(map(_size, terms)) > _MOST:
        raise UndefinedError
    empty, joined = (num(0), "add") if tree.op == "sum" else (num(1), "mul")
    return Tree(joined, tuple(terms)) if len(terms) > 1 else (terms or [empty])[0]


def _size(tree: Tree) -> int:
    return 1 + sum(map(_size, tree.args))
