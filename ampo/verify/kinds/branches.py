r"""Curves whose y has two values: y = \pm 2\sqrt{x} is y^2 = 4x, where a curve is asked for."""

from __future__ import annotations

import re

from ampo.verify.formula.equality import symbols
from ampo.verify.formula.tree import Tree, num
from ampo.verify.kinds.answers import Answer, Equation, Labelled, Unordered, Value
from ampo.verify.kinds.labels import same_equation
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting

_CURVE = re.compile(r"\b(?:parabola|hyperbola|ellipse|circle|curve|locus|graph|equation of)\b", re.IGNORECASE)


def _product(answer: Answer) -> Equation | None:
    """(y - a)(y - b) = 0 of y = a, y = b; None for any other answer."""
    items = answer.items if isinstance(answer, Unordered) else ()
    if isinstance(answer, Labelled) and isinstance(answer.body, Unordered):
        items = tuple(Labelled(answer.label, body, answer.bound, answer.left) for body in answer.body.items)
    if len(items) != 2:
        return None
    factors = []
    for item in items:
        if not isinstance(item, Labelled) or item.left is None or item.bound or not isinstance(item.body, Value):
            return None
        if not symbols(item.body.tree) or item.label != getattr(items[0], "label", None):
            return None
        factors.append(Tree("add", (item.left, Tree("neg", (item.body.tree,)))))
    return Equation(Tree("mul", tuple(factors)), num(0))


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    del equal
    if isinstance(gold, Equation) and (both := _product(answer)):
        return same_equation(gold, both)
    if isinstance(answer, Equation) and not setting.solved and _CURVE.search(setting.question):
        both = _product(gold)
        return both and same_equation(both, answer)
    return None


KIND = Kind(order=13, same=_same)
