"""Whether two answers that no rule shows to be the same were really compared, so that they are shown to differ.

They were where both are mathematics that the reader knows through and through, of kinds that can be held against one
another, and every formula in them has a value. Words are compared by their spelling alone, an unknown function may be
any, a name may stand for the number that is asked for, and what is not read may say the same: none of these shows a
difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from ampo.verify.formula.equality import mentions, points, symbols
from ampo.verify.formula.evaluate import Point, value_at
from ampo.verify.formula.exact import UndefinedError, exact
from ampo.verify.formula.tree import Tree
from ampo.verify.kinds.answers import (
    Answer,
    Broken,
    Equation,
    Image,
    Inequality,
    Piecewise,
    Proposition,
    Region,
    Span,
    Unread,
)
from ampo.verify.kinds.answers import Phrase as Words

_OF_THEIR_OWN = (Equation, Inequality, Piecewise, Image, Span)  # compared with their own kind, and hardly with others
_ENDLESS = frozenset({"infinity"})
_TRIES = 8


def comparable(gold: Answer, answer: Answer) -> bool:
    """Whether that no rule found the two the same shows that they differ."""
    if any(isinstance(x, _OF_THEIR_OWN) for x in (gold, answer)) and not _of_one_kind(gold, answer):
        return False
    wanted, found = list(_parts(gold)), list(_parts(answer))
    if _names(found) and not _names(wanted):
        return False
    return all(map(_known, (*wanted, *found)))


def _of_one_kind(a: Answer, b: Answer) -> bool:
    relations = (Inequality, Region)
    return type(a) is type(b) or all(isinstance(x, relations) for x in (a, b))


def _names(parts: list[Any]) -> set[str]:
    return {name for part in parts if isinstance(part, Tree) for name in symbols(part)}


def _known(part: Any) -> bool:
    if isinstance(part, Words):
        return part.words == "empty set"
    if isinstance(part, Broken):
        return part.of_numbers
    return _has_value(part) if isinstance(part, Tree) else not isinstance(part, (Unread, Proposition))


def _parts(value: Any) -> Iterator[Any]:
    """The answer, the answers inside it, and their formulas."""
    if isinstance(value, Tree):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _parts(item)
    elif is_dataclass(value):
        yield value
        for field in fields(value):
            yield from _parts(getattr(value, field.name))


@lru_cache(maxsize=2048)
def _has_value(tree: Tree) -> bool:
    """Whether a formula can be computed, at one of a few points at least."""
    if exact(tree) is not None or tree.op in _ENDLESS:
        return True
    if mentions(tree, {"apply"}):
        return False
    complex_ = mentions(tree, {"i"})
    return any(
        _defined(tree, Point(values, way))
        for values in islice(points(sorted(symbols(tree))), _TRIES)
        for way in ((True,) if complex_ else (False, True))
    )


def _defined(tree: Tree, point: Point) -> bool:
    try:
        value_at(tree, point)
    except UndefinedError:
        return False
    return True
