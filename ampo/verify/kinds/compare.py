"""Whether an answer is the gold: what its kind says, under the names it has or under others.

Not symmetric where mathematics isn't: the gold's own precision decides what a decimal may stand for (gold 0.33
accepts 1/3, gold 1/3 refuses 0.33), a gold with a unit accepts a bare number of that unit, a gold that is a tuple
accepts its values side by side in order, and a bare list of golds refuses a tuple.
"""

from __future__ import annotations

from ampo.verify.kinds import names
from ampo.verify.kinds.answers import Answer, Broken, Value
from ampo.verify.kinds.registry import kinds, renamed
from ampo.verify.question.context import Setting


def matches(gold: Answer, answer: Answer, setting: Setting) -> bool:
    """Whether the answer is the gold, under the names it has or under others (see `ampo.verify.kinds.names`)."""
    return (
        equal(gold, answer, setting)
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
