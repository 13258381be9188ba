"""When two lists or sets are the same: member by member, in any order, unless the question or the labels tell one.

`lists` and `sets` read them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ampo.verify.kinds import families
from ampo.verify.kinds.answers import Answer, Equation, Labelled, Ordered, Phrase, Region, Unordered, Value
from ampo.verify.kinds.labels import names_of, of_different_names, said_of, without_labels
from ampo.verify.kinds.regions import same_regions
from ampo.verify.kinds.registry import Equal, Kind, renamed
from ampo.verify.kinds.tuples import in_order, tuple_of_list
from ampo.verify.question import asked
from ampo.verify.question.context import Setting

_NOTHING = Phrase("empty set")


def _lists(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool:
    if isinstance(gold, Region) or isinstance(answer, Region):
        return same_regions(gold, answer, setting)
    if (
        _NOTHING in (gold, answer)
        and gold != answer
        and any(isinstance(x, Unordered) and x.braces for x in (gold, answer))
    ):
        return False  # {{}} is not {}
    if isinstance(gold, Unordered) and isinstance(answer, Unordered):
        return _two_lists(gold, answer, setting, equal)
    if isinstance(gold, Unordered) and isinstance(answer, Ordered) and _is_a_programs(answer):
        return _lists(gold, Unordered(answer.items), setting, equal)
    if isinstance(gold, Unordered) and isinstance(answer, Ordered):
        labels = names_of(gold.items)
        return (
            len(set(labels)) == len(gold.items) > 1
            and "" not in labels
            and in_order(without_labels(gold.items), answer.items, setting, equal)
        )
    if isinstance(gold, Unordered) and isinstance(answer, Phrase):  # line segment and circle
        said = sorted(answer.words.split(" and "))
        words = sorted(word for i in gold.items if (word := said_of(i)))
        return len(words) == len(gold.items) > 1 and words == said
    if isinstance(gold, Ordered) and isinstance(answer, Unordered):
        return tuple_of_list(gold, answer, setting, equal)
    if isinstance(gold, Unordered) and setting.ordered and len(gold.items) > 1 and not gold.braces:
        return False  # one value, where several are asked for
    golds = _distinct(gold.items if isinstance(gold, Unordered) else (gold,), setting, equal)
    answers = _distinct(answer.items if isinstance(answer, Unordered) else (answer,), setting, equal)
    if len(golds) == len(answers) == 1:
        return equal(golds[0], answers[0], setting)
    return _same_families(golds, answers, setting)


def _two_lists(gold: Unordered, answer: Unordered, setting: Setting, equal: Equal) -> bool:
    if _in_doubt(gold, answer):
        return False
    if gold.braces and answer.braces and any(map(_is_set, (*gold.items, *answer.items))):  # {1} is no 1
        return paired(gold.items, answer.items, lambda g, a: _is_set(g) == _is_set(a) and equal(g, a, setting))
    if setting.ordered and _comes_in_order(gold, answer):
        if any(isinstance(i, Equation) for i in answer.items):
            return False  # not solved
        return in_order(without_labels(gold.items), without_labels(_as_asked(answer.items, setting)), setting, equal)
    if _same_members(list(gold.items), list(answer.items), setting, equal):
        return True
    if setting.repeated:
        return False
    if of_different_names(names_of(gold.items)) and of_different_names(names_of(answer.items)):
        return False
    golds, answers = _distinct(gold.items, setting, equal), _distinct(answer.items, setting, equal)
    if len(golds) < len(gold.items) and len(answers) < len(answer.items):
        return False  # both say how often, and not the same
    return _same_members(golds, answers, setting, equal) or _same_families(golds, answers, setting)


def _same_families(golds: Sequence[Answer], answers: Sequence[Answer], setting: Setting) -> bool:
    return not setting.bounded and families.same_families(golds, answers, setting.integers)


def _is_a_programs(answer: Ordered) -> bool:
    """[1, 2, 3] and [(1, 2), (2, 1)], which are no intervals."""
    square = (answer.opening, answer.closing) == ("[", "]")
    return square and (len(answer.items) > 2 or any(isinstance(item, Ordered) for item in answer.items))


def _is_set(answer: Answer) -> bool:
    return (isinstance(answer, Unordered) and answer.braces) or answer == _NOTHING


def _in_doubt(gold: Unordered, answer: Unordered) -> bool:
    """Whether one side joins different names, or their values, by "and", and the other by "or": x = 3 or y = 4."""
    names_only = all(isinstance(i, Value) and i.tree.op == "sym" for i in gold.items)
    named = names_only or of_different_names(names_of(gold.items)) or of_different_names(names_of(answer.items))
    return named and gold.alternatives != answer.alternatives


def _comes_in_order(gold: Unordered, answer: Unordered) -> bool:
    """Whether the values of a bare list are told apart by their places: where both have labels, these tell."""
    named = all(isinstance(i, Labelled) for i in (*gold.items, *answer.items))
    return not gold.braces and not named and all(isinstance(i, (Value, Phrase, Labelled)) for i in gold.items)


def _distinct(items: Sequence[Answer], setting: Setting, equal: Equal) -> list[Answer]:
    kept: list[Answer] = []
    for item in items:
        if not any(equal(k, item, setting) and equal(item, k, setting) for k in kept[:30]):
            kept.append(item)
    return kept


def _same_members(golds: list[Answer], answers: list[Answer], setting: Setting, equal: Equal) -> bool:
    if len(golds) != len(answers):
        return False
    gold_labels, labels = names_of(golds), names_of(answers)
    if of_different_names(gold_labels) != of_different_names(labels):
        golds, answers = list(_as_asked(golds, setting)), list(_as_asked(answers, setting))
        return in_order(without_labels(golds), without_labels(answers), setting, equal)
    if not of_different_names(labels):
        return paired(golds, answers, lambda g, a: equal(g, a, setting))
    one_solution = replace(setting, together=True)  # x and y share the parameter
    if paired(golds, answers, lambda g, a: equal(g, a, one_solution)):
        return True
    rows = [dict(zip(n, without_labels(i), strict=True)) for n, i in ((gold_labels, golds), (labels, answers))]
    return set(rows[0]) == set(rows[1]) and in_order(
        list(rows[0].values()), [rows[1][n] for n in rows[0]], setting, equal
    )


def paired(golds: Sequence, answers: Sequence, equal: Callable[[Any, Any], bool]) -> bool:
    """Whether each answer belongs to one gold and each gold to one answer."""
    left = list(answers)
    for gold in golds:
        found = next((i for i, a in enumerate(left) if equal(gold, a)), None)
        if found is None:
            return False
        del left[found]
    return not left


def _as_asked(items: Sequence[Answer], setting: Setting) -> Sequence[Answer]:
    """y = 2, x = 1 in the order in which the question asks for them."""
    names = names_of(items)
    if all(name.startswith("part") for name in names):
        return [item for _, item in sorted(zip(names, items, strict=True), key=lambda pair: pair[0])]
    places = asked.in_asked_order(names, setting.question)
    return (
        items if places is None else [item for _, item in sorted(zip(places, items, strict=True), key=lambda p: p[0])]
    )


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    if isinstance(gold, Unordered) or isinstance(answer, Unordered):
        return _lists(gold, answer, setting, equal)
    return None


def _renamed(answer: Answer, new: dict[str, str]) -> Unordered | None:
    return (
        replace(answer, items=tuple(renamed(i, new) for i in answer.items)) if isinstance(answer, Unordered) else None
    )


KIND = Kind(order=50, same=_same, rename=_renamed)
