"""Lines by a parameter: x = t, y = 2t + 1 is the line y = 2x + 1, and so are its points (t, 2t + 1).

Two rows of points are one line where they begin anywhere on it and go along it.
"""

from __future__ import annotations

import re

from ampo.verify.formula.equality import same, substitute, symbols
from ampo.verify.formula.tree import Tree, num
from ampo.verify.kinds.answers import Answer, Equation, Labelled, Ordered, Unordered, Value
from ampo.verify.kinds.labels import equation_of
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting

_LINE = re.compile(r"\b(?:lines?|direction|parametri[cz]\w*)\b", re.IGNORECASE)
_ONE = num(1)


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    """True, or None: where they are no line by both, other kinds decide."""
    del equal
    if not setting.integers and _LINE.search(setting.question) and _same_line(_row(gold), _row(answer)):
        return True
    for one, other in ((gold, answer), (answer, gold)):
        curve = equation_of(one)
        points = None if curve is None else _points(other)  # which costs most of it
        if curve is not None and points is not None:
            return _on(curve, points) or None
    return None


def _row(answer: Answer) -> list[tuple[Tree, Tree]]:
    """Where a line begins and which way it goes, place by place; nothing for any other answer."""
    body = answer.body if isinstance(answer, Labelled) else answer
    trees = [i.tree for i in body.items if isinstance(i, Value) and not i.unit] if isinstance(body, Ordered) else []
    names = frozenset().union(*map(symbols, trees)) if trees else frozenset()
    if len(names) != 1 or not isinstance(body, Ordered) or len(trees) != len(body.items):
        return []
    (name,) = names
    if not all(_linear(tree, name) for tree in trees):
        return []
    return [(substitute(tree, {name: num(0)}), _step(tree, name)) for tree in trees]


def _same_line(one: list[tuple[Tree, Tree]], other: list[tuple[Tree, Tree]]) -> bool:
    if len(one) < 2 or len(one) != len(other):
        return False
    way, their_way = [step for _, step in one], [step for _, step in other]
    between = [Tree("add", (b, Tree("neg", (a,)))) for (a, _), (b, _) in zip(one, other, strict=True)]
    moves = not all(same(step, num(0)) for step in their_way)
    return moves and _along(way, their_way) and _along(way, between)


def _along(a: list[Tree], b: list[Tree]) -> bool:
    """Whether two vectors have one direction, or its opposite, or one of them none."""
    pairs = [(i, j) for i in range(len(a)) for j in range(i)]
    return all(same(Tree("mul", (a[i], b[j])), Tree("mul", (a[j], b[i]))) for i, j in pairs)


def _points(answer: Answer) -> dict[str, Tree] | None:
    """x and y in one other name, each of the first degree."""
    if isinstance(answer, Labelled) and answer.label == "(x,y)":
        answer = answer.body
    if isinstance(answer, Ordered) and len(answer.items) == 2:
        named = dict(zip("xy", answer.items, strict=True))
    elif isinstance(answer, Unordered) and all(isinstance(i, Labelled) and not i.bound for i in answer.items):
        named = {i.label: i.body for i in answer.items if isinstance(i, Labelled)}
    else:
        return None
    trees = {name: body.tree for name, body in named.items() if isinstance(body, Value) and not body.unit}
    if set(named) != {"x", "y"} or set(trees) != {"x", "y"}:
        return None
    names = symbols(trees["x"]) | symbols(trees["y"])
    (name,) = names if len(names) == 1 else ("x",)
    return trees if name not in "xy" and all(_linear(t, name) for t in trees.values()) else None


def _on(curve: Equation, points: dict[str, Tree]) -> bool:
    """Whether an equation of a line holds at all points."""
    gap = Tree("add", (curve.left, Tree("neg", (curve.right,))))
    if symbols(gap) != {"x", "y"} or not (_linear(gap, "x") and _linear(gap, "y")):
        return False
    if all(symbols(t) == frozenset() or same(_step(t, *symbols(t)), num(0)) for t in points.values()):
        return False  # a point
    mixed = Tree("add", (_step(_step(gap, "x"), "y"),))
    return same(mixed, num(0)) and same(substitute(gap, points), num(0))


def _linear(tree: Tree, name: str) -> bool:
    return same(_step(_step(tree, name), name), num(0))


def _step(tree: Tree, name: str) -> Tree:
    """By how much it grows when a name grows by one."""
    later = Tree("add", (Tree("sym", (), None, name), _ONE))
    return Tree("add", (substitute(tree, {name: later}), Tree("neg", (tree,))))


KIND = Kind(order=14, same=_same)
