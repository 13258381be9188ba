"""What isn't read is the same as the same text; sums, products and integrals also where they are equal term by term, or
where sympy says so. Behind a label, too."""

from __future__ import annotations

from ampo.verify.formula import symbolic
from ampo.verify.formula.bound import same_bound
from ampo.verify.kinds.answers import Answer, Unread
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    del setting, equal
    if isinstance(gold, Unread) and isinstance(answer, Unread):
        if "".join(gold.text.split()) == "".join(answer.text.split()):
            return True
        return same_bound(gold.text, answer.text) or symbolic.same(gold.text, answer.text)
    return None


KIND = Kind(order=150, same=_same)
