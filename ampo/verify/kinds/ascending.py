"""Chains of inequalities that order more than two things: a < b \\le c < d, and the same read from the right.

A list of values in the order that is asked for says the same: 0.3 < 1/2 < 2/3 for "0.3, 1/2, 2/3".
"""

from __future__ import annotations

import re

from ampo.verify.formula.equality import same
from ampo.verify.formula.parse import read
from ampo.verify.formula.tree import Tree, UnreadableError
from ampo.verify.kinds.answers import Answer, Ascending, Inequality, Unordered, Value
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.kinds.tuples import in_order
from ampo.verify.question.context import Setting

_LOW, _HIGH = "(?:least|smallest|lowest|shortest|lightest)", "(?:greatest|largest|biggest|highest|longest|heaviest)"
_UPWARD = re.compile(rf"\b(?:ascending|increasing) order\b|\b{_LOW} to (?:the )?{_HIGH}\b", re.IGNORECASE)
_DOWNWARD = re.compile(rf"\b(?:descending|decreasing) order\b|\b{_HIGH} to (?:the )?{_LOW}\b", re.IGNORECASE)


def ascending(sides: list[str], strict: list[bool], downward: bool) -> Ascending | None:
    """The chain of what stands from the smallest to the largest; None where a side is no formula."""
    try:
        return Ascending(tuple(read(side) for side in sides), tuple(strict), downward)
    except UnreadableError:
        return None


def same_order(gold: Ascending, answer: Ascending) -> bool:
    """Whether two chains have the same terms in the same places, and the same signs between them."""
    return (
        len(gold.terms) == len(answer.terms) and gold.strict == answer.strict and _same_terms(gold.terms, answer.terms)
    )


def _same_terms(a: tuple[Tree, ...], b: tuple[Tree, ...]) -> bool:
    return all(same(x, y) for x, y in zip(a, b, strict=True))


def _same_side(gold: Inequality, answer: Inequality) -> bool:
    a = Tree("add", (gold.large, Tree("neg", (gold.small,))))
    b = Tree("add", (answer.large, Tree("neg", (answer.small,))))
    return same(a, b)


def _listed(values: Unordered, chain: Ascending, question: str) -> list[Value] | None:
    """A chain's terms as written, where a list may say the same: a strict chain, the way that the question asks for."""
    up, down = bool(_UPWARD.search(question)), bool(_DOWNWARD.search(question))
    plain = not (values.braces or values.alternatives) and all(isinstance(i, Value) for i in values.items)
    if not plain or not all(chain.strict) or up == down or down != chain.downward:
        return None
    return [Value(tree) for tree in (reversed(chain.terms) if chain.downward else chain.terms)]


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    if isinstance(gold, Unordered) and isinstance(answer, Ascending):
        terms = _listed(gold, answer, setting.question)
        return terms is not None and in_order(gold.items, terms, setting, equal)
    if isinstance(gold, Ascending) and isinstance(answer, Unordered):
        terms = _listed(answer, gold, setting.question)
        return terms is not None and in_order(terms, answer.items, setting, equal)
    if isinstance(gold, Ascending) and isinstance(answer, Ascending):
        return same_order(gold, answer)
    if isinstance(gold, Inequality) and isinstance(answer, Inequality):
        return gold.strict == answer.strict and _same_side(gold, answer)
    return None


KIND = Kind(order=45, same=_same)
