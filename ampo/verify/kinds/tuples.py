"""Tuples, intervals' brackets apart: (a, b, c), [a, b, c], \\langle a, b \\rangle, item by item in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ampo.verify.kinds import families
from ampo.verify.kinds.answers import Answer, Ordered, Unordered, Value
from ampo.verify.kinds.labels import names_of, without_labels
from ampo.verify.kinds.registry import Equal, Kind, renamed
from ampo.verify.question.context import Setting


def in_order(golds: Sequence[Answer], answers: Sequence[Answer], setting: Setting, equal: Equal) -> bool:
    """Whether two rows of answers are the same, place by place."""
    if len(golds) != len(answers):
        return False
    together = replace(setting, together=setting.together or len(golds) > 1)
    if all(equal(g, a, together) for g, a in zip(golds, answers, strict=True)):
        return True
    trees = [[v.tree for v in row if isinstance(v, Value) and not v.unit] for row in (golds, answers)]
    rows = all(len(row) == len(golds) for row in trees)
    whole = setting.integers and not setting.bounded
    return rows and len(golds) > 1 and whole and families.same_together(*trees)


def _ordered(gold: Ordered, answer: Ordered, setting: Setting, equal: Equal) -> bool:
    round_gold, round_answer = brackets(gold), brackets(answer)
    if round_gold != round_answer and (len(gold.items) == 2 or "half" in (round_gold, round_answer)):
        return False
    return in_order(gold.items, answer.items, setting, equal)


def brackets(pair: Ordered) -> str:
    """Round, square, or half open."""
    if (pair.opening == "[") != (pair.closing == "]"):
        return "half" + pair.opening
    return "square" if pair.opening == "[" else "round"


def tuple_of_list(gold: Ordered, answer: Unordered, setting: Setting, equal: Equal) -> bool:
    """(1, 2) as "x = 1, y = 2", or as "1, 2" with its brackets forgotten."""
    if answer.braces or answer.alternatives or gold.opening not in ("(", "\\langle") or gold.closing == "]":
        return len(answer.items) == 1 and equal(gold, answer.items[0], setting)
    labels = names_of(answer.items)
    if "" not in labels and len(set(labels)) != len(labels):
        return False
    return in_order(gold.items, without_labels(_by_name(answer.items)), setting, equal)


def _by_name(items: Sequence[Answer]) -> Sequence[Answer]:
    """y = 2, x = 1 in the order of their names, where these have one; else as they stand."""
    labels = names_of(items)
    if "" in labels or len(set(labels)) != len(labels) or not _alphabetical(labels):
        return items
    return [item for _, item in sorted(zip(labels, items, strict=True), key=lambda pair: pair[0])]


def _alphabetical(labels: list[str]) -> bool:
    return set(labels) <= set("xyzw") or set(labels) <= set("abcdefgh") or set(labels) <= set("pq")


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    if isinstance(gold, Ordered) and isinstance(answer, Ordered):
        return _ordered(gold, answer, setting, equal)
    return None


def _renamed(answer: Answer, new: dict[str, str]) -> Ordered | None:
    return replace(answer, items=tuple(renamed(i, new) for i in answer.items)) if isinstance(answer, Ordered) else None


KIND = Kind(order=60, same=_same, rename=_renamed)
