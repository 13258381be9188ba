"""Sets {f(k) | k a whole number}: the same set in another parameter, another phase, or as a list of families.

Over all integers k may also be -k and k + c; from a first number on only the count may begin elsewhere. Linear ones are
compared as sets (`ampo.verify.kinds.families`), so that {2k - 1} is {2k + 1}.
"""

from __future__ import annotations

from collections.abc import Iterator

from ampo.verify.formula.equality import same, substitute, symbols
from ampo.verify.formula.tree import Tree, num
from ampo.verify.kinds import families
from ampo.verify.kinds.answers import Answer, Image, Labelled, Residues, Unordered, Value
from ampo.verify.kinds.domains import Domain
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.kinds.residues import same_classes
from ampo.verify.question.context import Setting

_SHIFTS = range(-3, 4)


def same_image(gold: Answer, answer: Answer, declared: bool) -> bool:
    """Whether two answers, one of them an Image, are the same set. declared: whether the gold's text says over what its
    parameter runs; without that a formula is no set."""
    gold, answer = _bare(gold), _bare(answer)
    if isinstance(gold, Image) and isinstance(answer, Image):
        return gold.domain == answer.domain and (_as_formulas(gold, answer) or _as_families(gold, answer))
    if isinstance(gold, Residues) or isinstance(answer, Residues):
        return same_classes(_linear(gold), _linear(answer))
    if mentioned(gold) or declared:
        return _as_families(gold, answer)
    return False


def mentioned(answer: Answer) -> bool:
    """Whether an answer is such a set, or a union of some."""
    if isinstance(answer, Labelled):
        return mentioned(answer.body)
    return isinstance(answer, Image) or (isinstance(answer, Unordered) and any(map(mentioned, answer.items)))


def _as_formulas(gold: Image, answer: Image) -> bool:
    return any(same(gold.value.tree, tree) for tree in _phases(answer, gold))


def _phases(answer: Image, gold: Image) -> Iterator[Tree]:
    """The answer's formula in the gold's parameter, for every way to count that runs over the same numbers."""
    name = Tree("sym", (), None, gold.parameter)
    signs = (1, -1) if gold.domain is Domain.INTEGERS else (1,)
    shifts = _SHIFTS if gold.domain is Domain.INTEGERS else (0,)
    for sign in signs:
        for shift in shifts:
            counted = name if sign > 0 else Tree("neg", (name,))
            inner = Tree("add", (counted, num(shift))) if shift else counted
            yield substitute(answer.value.tree, {answer.parameter: inner})


def _as_families(gold: Answer, answer: Answer) -> bool:
    a, b = _members(gold), _members(answer)
    return bool(a and b) and families.same_families(a, b, True)


def _members(answer: Answer) -> list[Answer]:
    """The formulas of a set or list, each in the parameter k; none where it isn't one over all integers."""
    if isinstance(answer, Labelled):
        return _members(answer.body)
    if isinstance(answer, Unordered):
        parts = [_members(i) for i in answer.items]
        return [m for part in parts for m in part] if all(parts) else []
    if isinstance(answer, Image):
        if answer.domain is not Domain.INTEGERS or len(symbols(answer.value.tree)) != 1:
            return []
        k = Tree("sym", (), None, "k")
        return [Value(substitute(answer.value.tree, {answer.parameter: k}), degrees=answer.value.degrees)]
    return [answer] if isinstance(answer, Value) and symbols(answer.tree) else []


def _bare(answer: Answer) -> Answer:
    return _bare(answer.body) if isinstance(answer, Labelled) else answer


def _linear(answer: Answer) -> Answer:
    members = _members(answer) if isinstance(answer, Image) else []
    return members[0] if members else answer


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    del equal
    return same_image(gold, answer, setting.declared) if mentioned(gold) or mentioned(answer) else None


KIND = Kind(order=20, same=_same)
