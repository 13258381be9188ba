"""Equations: the same solutions, the value of what the question asks for, or the y that one gives.

A formula that the response has brought itself stands for what it computes: \\pi r^2 = 9\\pi, where no r is asked about.
"""

from __future__ import annotations

from ampo.verify.formula.equality import symbols
from ampo.verify.kinds.answers import Answer, Equation, Value
from ampo.verify.kinds.labels import same_equation, solved
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question import asked
from ampo.verify.question.context import Setting


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    if isinstance(gold, Value) and isinstance(answer, Equation) and not symbols(answer.right):
        names = symbols(answer.left)
        own = bool(names) and bool(setting.question) and not asked.mentions(names, setting.question)
        told = own or answer.left in asked.expressions(setting.question)
        return told and equal(gold, Value(answer.right), setting)
    if isinstance(gold, Equation) and isinstance(answer, Equation):
        return same_equation(gold, answer)
    if isinstance(gold, Equation) and isinstance(answer, Value):
        return solved(gold, answer)
    return None


KIND = Kind(order=120, same=_same)
