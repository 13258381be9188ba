"""Functions given by cases, compared with each other and with formulas such as |x| or (-1)^n.

At points: at every boundary, on both sides of it, and at whole numbers of both signs. Only for one variable and for
conditions that can be decided at a point; the rest is compared case by case.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ampo.verify.formula.closeness import close, surely_close
from ampo.verify.formula.equality import numeric, symbols
from ampo.verify.formula.evaluate import Point, context, value_at
from ampo.verify.formula.exact import UndefinedError
from ampo.verify.formula.tree import Tree
from ampo.verify.kinds.answers import Answer, Labelled, Phrase, Piece, Piecewise, Region, Value
from ampo.verify.kinds.list_members import paired
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting

_OTHERWISE = {"otherwise", "else", "elsewhere"}
_ENOUGH = 6  # points at which both must be defined
_MAX_CASES = 20


def readable(gold: Answer, answer: Answer) -> bool:
    """Whether the two can be compared as functions of one variable, one of them by cases at least."""
    if not (isinstance(gold, Piecewise) or isinstance(answer, Piecewise)):
        return False
    names = _variables(gold), _variables(answer)
    return None not in names and len((names[0] or set()) | (names[1] or set())) == 1


def same_function(gold: Answer, answer: Answer) -> bool:
    """Whether two functions agree, and are defined, at the same points."""
    (name,) = (_variables(gold) or set()) | (_variables(answer) or set())
    whole = _parity(gold) or _parity(answer)
    defined, pairs = 0, dict[tuple[Tree, Tree], Any]()
    for x in _points([*_ends(gold), *_ends(answer)], whole):
        a, b = _formula(gold, name, x), _formula(answer, name, x)
        if (a is None) != (b is None) or _contradictory(gold, name, x) or _contradictory(answer, name, x):
            return False
        if a is not None and b is not None:
            if not close(a, b, Point({name: x})):
                return False
            defined += 1
            pairs.setdefault((a, b), x)
    return defined >= _ENOUGH and all(surely_close(a, b, Point({name: x})) for (a, b), x in pairs.items())


def _cases(answer: Answer) -> tuple[tuple[Answer, Answer], ...] | None:
    if isinstance(answer, Piecewise):
        return answer.cases if len(answer.cases) <= _MAX_CASES else None
    return ((answer, Phrase("otherwise")),) if isinstance(answer, Value) else None


def _variables(answer: Answer) -> set[str] | None:
    """The variables of a function; None where a case or condition is of another kind."""
    found: set[str] = set()
    for value, condition in _cases(answer) or ((answer, answer),):
        names = _condition_names(condition)
        if not isinstance(value, Value) or value.unit or value.percent or value.degrees or names is None:
            return None
        found |= symbols(value.tree) | names
    return found


def _condition_names(condition: Answer) -> frozenset[str] | None:
    if isinstance(condition, Region) and condition.variable:
        ends = [e for p in condition.pieces for e in (p.low, p.high) if e is not None]
        return frozenset((condition.variable,)).union(*(symbols(e) for e in ends))
    if isinstance(condition, Labelled) and isinstance(condition.body, Value) and condition.left is not None:
        return frozenset((condition.label,)) | symbols(condition.body.tree)
    if isinstance(condition, Phrase) and condition.words in _OTHERWISE:
        return frozenset()
    return frozenset((parity[0],)) if (parity := _parity_of(condition)) else None


def _parity_of(condition: Answer) -> tuple[str, int] | None:
    """(n, 0) for "n even", (n, 1) for "n odd"."""
    words = condition.words.split() if isinstance(condition, Phrase) else []
    if len(words) == 2 and len(words[0]) == 1 and words[1] in ("even", "odd"):
        return words[0], int(words[1] == "odd")
    return None


def _parity(answer: Answer) -> bool:
    return any(_parity_of(condition) for _, condition in _cases(answer) or ())


def _ends(answer: Answer) -> list[Any]:
    trees = []
    for _, condition in _cases(answer) or ():
        if isinstance(condition, Region):
            trees += [e for p in condition.pieces for e in (p.low, p.high) if e is not None]
        if isinstance(condition, Labelled) and isinstance(condition.body, Value):
            trees.append(condition.body.tree)
    return [value for t in trees if (value := _number(t)) is not None]


def _number(tree: Tree) -> Any:
    try:
        return numeric(tree)
    except UndefinedError:
        return None


def _points(ends: list[Any], whole: bool) -> list[Any]:
    mp = context()
    integers = [mp.mpf(n) for n in range(-6, 13)]
    if whole:
        return integers
    ordered = sorted({e for e in ends if mp.im(e) == 0})
    between = [(a + b) / 2 for a, b in pairwise(ordered)]
    sides = [e + step for e in ordered for step in (mp.mpf(-3), mp.mpf("-0.001"), 0, mp.mpf("0.001"), mp.mpf(3))]
    return [*integers, *(n + mp.mpf("0.37") for n in integers), *sides, *between]


def _formula(answer: Answer, name: str, x: Any) -> Tree | None:
    """The formula that holds at a point; None where none does, or it has no value there."""
    found = _holding(answer, x)
    try:
        return found[0] if found and value_at(found[0], Point({name: x})) is not None else None
    except UndefinedError:
        return None


def _holding(answer: Answer, x: Any) -> list[Tree]:
    """The formulas of all cases whose condition holds at a point; "otherwise" where no other does."""
    said = [(v.tree, c) for v, c in _cases(answer) or () if isinstance(v, Value) and _holds(c, x)]
    return [tree for tree, condition in said if not isinstance(condition, Phrase) or _parity_of(condition)] or [
        tree for tree, _ in said
    ]


def _contradictory(answer: Answer, name: str, x: Any) -> bool:
    """Whether two cases hold at a point and have different values there."""
    trees = _holding(answer, x)
    return any(close(trees[0], other, Point({name: x})) is False for other in trees[1:])


def _holds(condition: Answer, x: Any) -> bool:
    if isinstance(condition, Region):
        return any(_inside(piece, x) for piece in condition.pieces)
    if isinstance(condition, Labelled) and isinstance(condition.body, Value):
        return x == _number(condition.body.tree)
    parity = _parity_of(condition)
    return parity is None or int(x) % 2 == parity[1]


def _inside(piece: Piece, x: Any) -> bool:
    low = None if piece.low is None else _number(piece.low)
    high = None if piece.high is None else _number(piece.high)
    above = low is None or x > low or (piece.low_closed and x == low)
    return above and (high is None or x < high or (piece.high_closed and x == high))


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    if readable(gold, answer):
        return same_function(gold, answer)
    if isinstance(gold, Piecewise) and isinstance(answer, Piecewise):
        return len(gold.cases) == len(answer.cases) and paired(
            gold.cases, answer.cases, lambda g, a: equal(g[0], a[0], setting) and equal(g[1], a[1], setting)
        )
    return None


KIND = Kind(order=110, same=_same)
