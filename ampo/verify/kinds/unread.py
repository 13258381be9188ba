"""What isn't read is the same only as the same text."""

from __future__ import annotations

from ampo.verify.kinds.answers import Answer, Unread
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    del setting, equal
    if isinstance(gold, Unread) and isinstance(answer, Unread):
        return "".join(gold.text.split()) == "".join(answer.text.split())
    return None


KIND = Kind(order=150, same=_same)
