"""Equations cleared of their denominators: y = 6/x is xy = 6, and (x - 1)(y - 2) = 3 is y = 2 + 3/(x - 1).

Only where clearing adds no point: on every line that a denominator leaves out, what the cleared equation sets to zero
must be a constant other than zero. So y = x^2/x isn't y = x, and y/x = 1 isn't y = x, which has the origin as well.
"""

from __future__ import annotations

from itertools import pairwise

from ampo.verify.formula.equality import points, proportional, same, substitute, symbols
from ampo.verify.formula.evaluate import Point, context, value_at
from ampo.verify.formula.exact import UndefinedError, exact
from ampo.verify.formula.tree import Tree, num

_MAX_POWER = 6
_MAX_FACTORS = 12


def same_curve(a: Tree, b: Tree) -> bool:
    """Whether a = 0 and b = 0 have the same solutions, once both are cleared of denominators."""
    (p, p_without), (q, q_without) = _cleared(_named(a)), _cleared(_named(b))
    lost = [d for d in (*p_without, *q_without) if symbols(d)]
    if not lost or len(lost) > _MAX_FACTORS or not proportional(p, q):
        return False
    return all(_nowhere_zero(p, d) for d in lost)


def _named(tree: Tree) -> Tree:
    """Sines and cosines as names of their own, by which the other functions divide: csc x is 1/sin x."""
    args = tuple(map(_named, tree.args))
    if tree.op not in ("sin", "cos", "tan", "cot", "sec", "csc"):
        return tree._replace(args=args)
    sine, cosine = (Tree("sym", (), None, f"{op} {args[0]!r}") for op in ("sin", "cos"))
    above, below = {"sin": (sine, None), "cos": (cosine, None), "tan": (sine, cosine), "cot": (cosine, sine),
                    "sec": (num(1), cosine), "csc": (num(1), sine)}[tree.op]  # fmt: skip
    return above if below is None else Tree("div", (above, below))


def _cleared(tree: Tree) -> tuple[Tree, tuple[Tree, ...]]:
    """A numerator, and the factors of the denominator that was cleared."""
    if tree.op == "add":
        return _sum([_cleared(t) for t in tree.args])
    if tree.op == "mul":
        parts = [_cleared(t) for t in tree.args]
        return Tree("mul", tuple(n for n, _ in parts)), tuple(d for _, ds in parts for d in ds)
    if tree.op == "neg":
        top, below = _cleared(tree.args[0])
        return Tree("neg", (top,)), below
    if tree.op == "div":
        (top, below), (bottom, above) = map(_cleared, tree.args)
        return Tree("mul", (top, *above)), (*below, *_factors(bottom))
    if tree.op == "pow" and (power := exact(tree.args[1])) is not None and 0 < abs(power) <= _MAX_POWER:
        return _power(tree.args[0], power.numerator) if power.denominator == 1 else (tree, ())
    return tree, ()


def _power(base: Tree, power: int) -> tuple[Tree, tuple[Tree, ...]]:
    top, below = _cleared(base)
    if power < 0:
        top, below = Tree("mul", (num(1), *below)), tuple(_factors(top))
    return Tree("pow", (top, num(abs(power)))), below * abs(power)


def _sum(parts: list[tuple[Tree, tuple[Tree, ...]]]) -> tuple[Tree, tuple[Tree, ...]]:
    common: list[Tree] = []
    for _, below in parts:
        common += _missing(common, below)
    tops = [Tree("mul", (top, *_missing(list(below), tuple(common)))) for top, below in parts]
    return Tree("add", tuple(tops)), tuple(common)


def _missing(have: list[Tree], wanted: tuple[Tree, ...]) -> list[Tree]:
    """The factors wanted that are not there yet, each as often as it takes."""
    left, missing = list(have), []
    for factor in wanted:
        if factor in left:
            left.remove(factor)
        else:
            missing.append(factor)
    return missing


def _factors(tree: Tree) -> list[Tree]:
    if tree.op == "mul":
        return [f for t in tree.args for f in _factors(t)]
    if tree.op == "neg":
        return [num(-1), *_factors(tree.args[0])]
    power = exact(tree.args[1]) if tree.op == "pow" else None
    if power is not None and power.denominator == 1 and 0 < power <= _MAX_POWER:
        return _factors(tree.args[0]) * int(power)
    return [tree]


def _nowhere_zero(top: Tree, denominator: Tree) -> bool:
    """Whether the numerator is a constant other than zero wherever the denominator vanishes. Only for a denominator
    that is linear in one of its names."""
    for name in sorted(symbols(denominator)):
        root = _root(denominator, name)
        if root is not None:
            return _is_nonzero_constant(substitute(top, {name: root}))
    return False


def _root(tree: Tree, name: str) -> Tree | None:
    """Where a formula that is linear in a name, with a constant slope, vanishes."""
    at = [substitute(tree, {name: num(k)}) for k in (0, 1, 2)]
    slopes = [Tree("add", (b, Tree("neg", (a,)))) for a, b in pairwise(at)]
    if not _is_nonzero_constant(slopes[0]) or not same(*slopes):
        return None
    return Tree("neg", (Tree("div", (at[0], slopes[0])),))


def _is_nonzero_constant(tree: Tree) -> bool:
    first = None
    for count, values in enumerate(points(sorted(symbols(tree)))):
        try:
            value = value_at(tree, Point(values))
        except UndefinedError:
            return False
        first = value if first is None else first
        if abs(value) < 1e-30 or abs(value - first) > abs(first) * context().mpf(10) ** -40:
            return False
        if count > 6:
            break
    return first is not None
