"""Chains of inequalities that order more than two things: a < b \\le c < d, and the same read from the right."""

from __future__ import annotations

from ampo.verify.formula.equality import same
from ampo.verify.formula.parse import read
from ampo.verify.formula.tree import Tree, UnreadableError
from ampo.verify.kinds.answers import Answer, Ascending, Inequality
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting


def ascending(sides: list[str], strict: list[bool]) -> Ascending | None:
    """The chain of what stands from the smallest to the largest; None where a side is no formula."""
    try:
        return Ascending(tuple(read(side) for side in sides), tuple(strict))
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


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    del setting, equal
    if isinstance(gold, Ascending) and isinstance(answer, Ascending):
        return same_order(gold, answer)
    if isinstance(gold, Inequality) and isinstance(answer, Inequality):
        return gold.strict == answer.strict and _same_side(gold, answer)
    return None


KIND = Kind(order=130, same=_same)
