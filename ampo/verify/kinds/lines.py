"""Lines by a parameter: x = t, y = 2t + 1 is the line y = 2x + 1, and so are its points (t, 2t + 1)."""

from __future__ import annotations

from ampo.verify.formula.equality import same, substitute, symbols
from ampo.verify.formula.tree import Tree, num
from ampo.verify.kinds.answers import Answer, Equation, Labelled, Ordered, Unordered, Value
from ampo.verify.kinds.labels import equation_of
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting

_ONE = num(1)


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    """True, or None: where they are no line by both, other kinds decide."""
    del setting, equal
    for one, other in ((gold, answer), (answer, gold)):
        curve, points = equation_of(one), _points(other)
        if curve is not None and points is not None:
            return _on(curve, points) or None
    return None


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
    mixed = Tree("add", (_step(_step(gap, "x"), "y"),))
    return same(mixed, num(0)) and same(substitute(gap, points), num(0))


def _linear(tree: Tree, name: str) -> bool:
    return same(_step(_step(tree, name), name), num(0))


def _step(tree: Tree, name: str) -> Tree:
    """By how much it grows when a name grows by one."""
    later = Tree("add", (Tree("sym", (), None, name), _ONE))
    return Tree("add", (substitute(tree, {name: later}), Tree("neg", (tree,))))


KIND = Kind(order=14, same=_same)
