"""Whether an answer is the gold: what its kind says, under the names it has or under others.

Not symmetric where mathematics isn't: the gold's own precision decides what a decimal may stand for (gold 0.33
accepts 1/3, gold 1/3 refuses 0.33), a gold with a unit accepts a bare number of that unit, a gold that is a tuple
accepts its values side by side in order, and a bare list of golds refuses a tuple.
"""

from __future__ import annotations

from dataclasses import replace

from ampo.verify.formula.equality import mentions, substitute, symbols
from ampo.verify.formula.tree import Tree, num
from ampo.verify.kinds import names
from ampo.verify.kinds.answers import Answer, Broken, Labelled, Value
from ampo.verify.kinds.registry import kinds, renamed
from ampo.verify.question.context import Setting
from ampo.verify.question.positive import positive


def matches(gold: Answer, answer: Answer, setting: Setting) -> bool:
    """Whether the answer is the gold, under the names it has or under others (see `ampo.verify.kinds.names`)."""
    return (
        equal(gold, answer, setting)
        or _of_positive(gold, answer, setting)
        or any(
            equal(gold, renamed(answer, way), setting)
            for way in names.ways(gold, answer, setting.question, setting.integers)
        )
        or (
            isinstance(gold, Value)
            and isinstance(answer, Value)
            and names.same_up_to_constant(gold, answer, setting.question)
        )
    )


def _of_positive(gold: Answer, answer: Answer, setting: Setting) -> bool:
    """Whether two formulas with roots are the same for the letters that are positive, as squares of others are."""
    a, b = (x.body if isinstance(x, Labelled) else x for x in (gold, answer))
    if not isinstance(a, Value) or not isinstance(b, Value) or not (_has_root(a) or _has_root(b)):
        return False
    letters = positive(setting.question) & symbols(a.tree) & symbols(b.tree)
    squares = {name: Tree("pow", (Tree("sym", (), None, name), num(2))) for name in letters}
    squared = [replace(value, tree=substitute(value.tree, squares)) for value in (a, b)]
    return bool(letters) and equal(_with_body(gold, squared[0]), _with_body(answer, squared[1]), setting)


def _has_root(value: Value) -> bool:
    return mentions(value.tree, {"root", "abs", "pow"})


def _with_body(answer: Answer, body: Value) -> Answer:
    return replace(answer, body=body) if isinstance(answer, Labelled) else body


def equal(gold: Answer, answer: Answer, setting: Setting) -> bool:
    """Whether the answer is the gold, name for name: by the first kind that knows the pair."""
    if isinstance(gold, Broken) or isinstance(answer, Broken):
        return False
    if gold == answer:
        return True
    for kind in kinds():
        same = kind.same(gold, answer, setting, equal)
        if same is not None:
            return same
    return False
