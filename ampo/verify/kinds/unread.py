"""What isn't read is the same as the same text, and where sympy says so: sums, integrals, limits behind a label."""

from __future__ import annotations

from ampo.verify.formula import symbolic
from ampo.verify.kinds.answers import Answer, Unread
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    del setting, equal
    if isinstance(gold, Unread) and isinstance(answer, Unread):
        same_text = "".join(gold.text.split()) == "".join(answer.text.split())
        return same_text or symbolic.same(gold.text, answer.text)
    return None


KIND = Kind(order=150, same=_same)
