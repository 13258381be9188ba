"""Infinite families of numbers, offset + period * k with a whole parameter k, compared as sets.

pi/6 + k pi and 7 pi/6 + n pi are the same family; {pi/4 + k pi, 3pi/4 + k pi} is pi/4 + k pi/2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple

from ampo.verify.formula.equality import mentions, same, substitute, symbols
from ampo.verify.formula.evaluate import Point, context, value_at
from ampo.verify.formula.exact import UndefinedError
from ampo.verify.formula.tree import Tree, num
from ampo.verify.kinds.answers import Answer, Labelled, Value

_NAMES = frozenset("knmjlNpqrt")
_WHOLE = frozenset("knmjlN")  # taken for whole where nothing says so; 2 pi r is a circumference
MAX_MEMBERS = 120


class Family(NamedTuple):
    """offset, period: as numbers. at, step: the same as trees, by which two members are shown to be equal."""

    offset: Any
    period: Any
    at: Tree
    step: Tree


def same_families(golds: Sequence[Answer], answers: Sequence[Answer], declared: bool) -> bool:
    """Whether two lists of families have the same members. declared: a text says that the parameter is whole; without
    that, only multiples of pi or of degrees count as such."""
    a, b = _families(golds, declared), _families(answers, declared)
    if not a or not b:
        return False
    period = _common_period([f.period for f in a + b])
    if period is None:
        return False
    x, y = _members(a, period), _members(b, period)
    if not x or len(x) != len(y) or not all(_close(p.place, q.place) for p, q in zip(x, y, strict=True)):
        return False
    return all(_same_member(p, q, period) for p, q in zip(x, y, strict=True))


def same_together(golds: Sequence[Tree], answers: Sequence[Tree]) -> bool:
    """Whether rows of formulas in one whole parameter, place by place, run through the same points.

    (3 + 5t, 2 - 3t) are the points of (8 - 5k, -1 + 3k): with k for 1 - t, in all places at once.
    """
    names = [frozenset().union(*map(symbols, trees)) for trees in (golds, answers)]
    if len(golds) != len(answers) or any(len(found) != 1 for found in names):
        return False
    (ours,), (theirs,) = names
    varying = next((i for i, t in enumerate(golds) if symbols(t)), 0)
    try:
        (at, one), (there, next_) = (
            [value_at(tree, Point({name: context().mpf(k)})) for k in (0, 1)]
            for tree, name in ((golds[varying], ours), (answers[varying], theirs))
        )
    except UndefinedError:
        return False
    if one == at or not _close(abs(next_ - there), abs(one - at)):
        return False
    shift, sign = context().nint((there - at) / (one - at)), 1 if (next_ - there) * (one - at) > 0 else -1
    parameter = Tree("add", (num(int(shift)), Tree("mul", (num(sign), Tree("sym", (), None, theirs)))))
    return all(same(substitute(g, {ours: parameter}), a) for g, a in zip(golds, answers, strict=True))


def _same_member(a: Member, b: Member, period: Any) -> bool:
    """Whether two members differ by a whole number of periods, to the last digit."""
    periods = int(context().nint((a.value - b.value) / period))
    shift = Tree("mul", (num(periods), a.whole))
    return same(a.tree, Tree("add", (b.tree, shift)) if periods else b.tree)


def _families(answers: Sequence[Answer], declared: bool) -> list[Family]:
    found: list[Family] = []
    for answer in answers:
        value = answer.body if isinstance(answer, Labelled) else answer
        rows = _rows(value, declared) if isinstance(value, Value) else []
        if not rows:
            return []
        found += rows
    return found


def _rows(value: Value, declared: bool) -> list[Family]:
    """A family; the two of (-1)^n pi/6 + n pi, whose even and odd members are one each."""
    family = _family(value, declared)
    names = symbols(value.tree)
    if family is not None or len(names) != 1 or not names <= _NAMES:
        return [family] if family else []
    name = next(iter(names))
    twice = Tree("mul", (num(2), Tree("sym", (), None, name)))
    halves = [
        _family(replace(value, tree=substitute(value.tree, {name: k})), declared)
        for k in (twice, Tree("add", (twice, num(1))))
    ]
    return [half for half in halves if half] if all(halves) else []


def _family(value: Value, declared: bool) -> Family | None:
    names = symbols(value.tree)
    known = declared or (names <= _WHOLE and (value.degrees or mentions(value.tree, {"pi"})))
    if len(names) != 1 or not names <= _NAMES or not known:
        return None
    name = next(iter(names))
    mp = context()
    try:
        at = [value_at(value.tree, Point({name: mp.mpf(k)})) for k in (0, 1, 2, 5, 7)]
    except UndefinedError:
        return None
    step = at[1] - at[0]
    linear = all(abs(at[i] - at[0] - k * step) < mp.mpf(10) ** -35 for i, k in enumerate((0, 1, 2, 5, 7)))
    if not linear or step == 0:
        return None
    degree = mp.pi / 180 if value.degrees else 1
    first, second = (substitute(value.tree, {name: num(k)}) for k in (0, 1))
    size = Tree("add", (second, Tree("neg", (first,))) if step > 0 else (first, Tree("neg", (second,))))
    if value.degrees:
        first, size = (Tree("mul", (t, Tree("div", (Tree("pi"), num(180))))) for t in (first, size))
    return Family(at[0] * degree, abs(step) * degree, first, size)


def _common_period(periods: list[Any]) -> Any:
    mp = context()
    multiple = Fraction(1)
    for p in periods:
        ratio = p / periods[0]
        fraction = Fraction(int(mp.nint(ratio * 5040)), 5040)
        if fraction == 0 or abs(ratio - mp.mpf(fraction.numerator) / fraction.denominator) > mp.mpf(10) ** -35:
            return None
        multiple = Fraction(lcm(multiple.numerator * fraction.denominator, fraction.numerator * multiple.denominator),
                            multiple.denominator * fraction.denominator)  # fmt: skip
    return periods[0] * multiple.numerator / multiple.denominator


class Member(NamedTuple):
    """place: in the common period, from 0 to 1. value, tree: itself. whole: the common period."""

    place: Any
    value: Any
    tree: Tree
    whole: Tree


def _members(families: list[Family], period: Any) -> list[Member]:
    """The members in one period, in order, each once."""
    mp = context()
    found: list[Member] = []
    for family in families:
        count = int(mp.nint(period / family.period))
        if count > MAX_MEMBERS:
            return []
        whole = Tree("mul", (num(count), family.step))
        for i in range(count):
            value = family.offset + i * family.period
            place = value / period - mp.floor(value / period)
            tree = Tree("add", (family.at, Tree("mul", (num(i), family.step)))) if i else family.at
            found.append(Member(mp.mpf(0) if _close(place, mp.mpf(1)) else place, value, tree, whole))
    found.sort(key=lambda m: m.place)
    return [m for i, m in enumerate(found) if i == 0 or not _close(m.place, found[i - 1].place)]


def _close(a: Any, b: Any) -> bool:
    return abs(a - b) < context().mpf(10) ** -30
