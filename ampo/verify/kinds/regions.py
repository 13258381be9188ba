"""Sets of real numbers: intervals, their unions, inequalities in one variable, the reals without points.

Ends are trees, compared by value; the order of numbers is decided at 60 digits.
"""

from __future__ import annotations

from ampo.verify.formula.equality import mentions, numeric, same, symbols
from ampo.verify.formula.evaluate import context
from ampo.verify.formula.exact import UndefinedError
from ampo.verify.formula.tree import Tree
from ampo.verify.kinds.answers import Answer, Ordered, Piece, Region, Unordered, Value
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting

REALS = Region((Piece(None, False, None, False),))


def interval(answer: Ordered) -> Region | None:
    """A pair in brackets as an interval; None where it is none (three items, symbols of no value are kept)."""
    if len(answer.items) != 2 or answer.opening not in ("(", "[") or answer.closing not in (")", "]"):
        return None
    low, high = (item.tree if isinstance(item, Value) else None for item in answer.items)
    if low is None or high is None:
        return None
    low_end, high_end = end(low, -1), end(high, 1)
    if low_end is NOT_AN_END or high_end is NOT_AN_END:
        return None
    return Region((Piece(low_end, answer.opening == "[", high_end, answer.closing == "]"),))


NOT_AN_END = Tree("not an end")


def end(tree: Tree, sign: int) -> Tree | None:
    """None for the infinity of that sign."""
    if tree.op == "infinity":
        return None if sign > 0 else NOT_AN_END
    if tree.op == "neg" and tree.args[0].op == "infinity":
        return None if sign < 0 else NOT_AN_END
    return tree


def as_region(answer: Answer) -> Region | None:
    """The region that an answer can be read as: a region, an interval, or a set of single points."""
    if isinstance(answer, Region):
        return answer
    if isinstance(answer, Ordered):
        return interval(answer)
    if isinstance(answer, Unordered) and answer.braces:
        trees = [i.tree for i in answer.items if isinstance(i, Value)]
        return points(trees) if len(trees) == len(answer.items) else None
    return None


def union(parts: list[Region]) -> Region:
    return tidy(Region(tuple(p for r in parts for p in r.pieces), next((r.variable for r in parts if r.variable), "")))


def intersect(a: Region, b: Region) -> Region:
    """Points of both."""
    found = [piece for p in a.pieces for q in b.pieces if (piece := _overlap(p, q))]
    return Region(tuple(found), a.variable or b.variable)


def without(region: Region, holes: Region) -> Region:
    """Points of the first that are not in the second."""
    for hole in holes.pieces:
        left = () if hole.low is None else (Piece(None, False, hole.low, not hole.low_closed),)
        right = () if hole.high is None else (Piece(hole.high, not hole.high_closed, None, False),)
        region = intersect(region, Region(left + right))
    return region


def points(trees: list[Tree]) -> Region:
    """Single points."""
    return Region(tuple(Piece(t, True, t, True) for t in trees))


def tidy(region: Region) -> Region:
    """In order, with touching pieces joined. A region with ends of no value stays as it is written."""
    try:
        pieces = sorted(region.pieces, key=lambda p: (_low(p), not p.low_closed))
    except (UndefinedError, TypeError):
        return region
    joined: list[Piece] = []
    for piece in pieces:
        if joined and _touch(joined[-1], piece):
            joined[-1] = _join(joined[-1], piece)
        else:
            joined.append(piece)
    return Region(tuple(joined), region.variable)


def same_region(a: Region, b: Region) -> bool:
    """Whether two regions are the same set, ends and their closedness included."""
    a, b = tidy(a), tidy(b)
    return len(a.pieces) == len(b.pieces) and all(map(_same_piece, a.pieces, b.pieces))


def _same_piece(a: Piece, b: Piece) -> bool:
    return _same_end(a.low, a.low_closed, b.low, b.low_closed) and _same_end(
        a.high, a.high_closed, b.high, b.high_closed
    )


def _same_end(a: Tree | None, a_closed: bool, b: Tree | None, b_closed: bool) -> bool:
    if a is None or b is None:
        return a is b
    return a_closed == b_closed and same(a, b)


def _low(piece: Piece):
    return -context().inf if piece.low is None else _real(piece.low)


def _high(piece: Piece):
    return context().inf if piece.high is None else _real(piece.high)


def _real(tree: Tree):
    if symbols(tree):
        raise UndefinedError("an end with symbols")
    value = numeric(tree)
    if context().im(value):
        raise UndefinedError("a complex end")
    return value


def _touch(a: Piece, b: Piece) -> bool:
    high, low = _high(a), _low(b)
    if a.high is not None and b.low is not None and same(a.high, b.low):
        return a.high_closed or b.low_closed
    return low < high


def _join(a: Piece, b: Piece) -> Piece:
    if a.high is not None and b.high is not None and same(a.high, b.high):
        return Piece(a.low, a.low_closed, a.high, a.high_closed or b.high_closed)
    last = a if _high(a) > _high(b) else b
    return Piece(a.low, a.low_closed, last.high, last.high_closed)


def _overlap(p: Piece, q: Piece) -> Piece | None:
    try:
        low = max((p, q), key=lambda x: (_low(x), not x.low_closed))
        high = min((p, q), key=lambda x: (_high(x), x.high_closed))
        bottom, top = _low(low), _high(high)
    except UndefinedError:
        return None
    if bottom > top or (bottom == top and not (low.low_closed and high.high_closed)):
        return None
    return Piece(low.low, low.low_closed, high.high, high.high_closed)


def same_regions(gold: Answer, answer: Answer, setting: Setting) -> bool:
    """Whether two answers, one of them a region, are the same set. A point is no interval."""
    if (
        setting.a_point
        and isinstance(gold, Ordered)
        and (gold.opening, gold.closing) != ("[", "]")
        and gold.opening != "["
        and gold.closing != "]"
        and _finite(gold)
    ):
        return False
    a, b = as_region(gold), as_region(answer)
    if a is None or b is None:
        return False
    if a.variable and b.variable and a.variable != b.variable:
        return False
    return same_region(a, b)


def _finite(pair: Ordered) -> bool:
    return all(isinstance(i, Value) and not mentions(i.tree, {"infinity"}) for i in pair.items)


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    del equal
    return same_regions(gold, answer, setting) if isinstance(gold, Region) or isinstance(answer, Region) else None


KIND = Kind(order=70, same=_same)
