"""What has a relation sign: labels and definitions, equations, chains of equal values, inequalities, membership.

Nothing is solved. A chain of equal numbers is its first ("2 + 3 = 5" is 5), and one that says something false is broken
("5 = 7").
"""

from __future__ import annotations

import re

from ampo.verify.formula.equality import same, symbols
from ampo.verify.formula.parse import read, read_or_none
from ampo.verify.formula.tree import Tree, UnreadableError, num
from ampo.verify.kinds.answers import (
    Answer,
    Broken,
    Equation,
    Inequality,
    Labelled,
    Phrase,
    Piece,
    Ratio,
    Region,
    Unordered,
    Unread,
    Value,
)
from ampo.verify.kinds.ascending import ascending
from ampo.verify.kinds.chains import chain
from ampo.verify.kinds.labels import label_of, tuple_names
from ampo.verify.kinds.named_ratios import ratio_of_names
from ampo.verify.kinds.reader import Reader
from ampo.verify.kinds.regions import NOT_AN_END, REALS, as_region, end, points, without
from ampo.verify.text.phrases import phrase, plain
from ampo.verify.text.scan import has_letters, split

_LESS = {"<": True, "\\le": False, "<=": False}
_MORE = {">": True, "\\ge": False, ">=": False}
_RELATIONS = {"=", "==", "\\approx", "\\equiv", "\\ne", "!=", "\\in", *_LESS, *_MORE}
_DENIED = re.compile(
    r"\b(?:not|never|no|nor|neither|cannot|unless|except|if|either|or|maybe|perhaps|wrong|incorrect|false)\b|n't\b",
    re.IGNORECASE,
)
_OF_A_NAME = re.compile(r"[fgh]\s*\(\s*[a-z]\s*\)")
_OF_SETS = re.compile(r"[A-Z](?:\s*(?:\\(?:setminus|cap|cup|triangle)(?![a-zA-Z])|-)\s*[A-Z]){1,3}")
_DRAWN = re.compile(
    r"(?:the |a )?(?:[a-z]+ ){0,3}"
    r"(?:line|curve|plane|graph|asymptote|axis|equation|parabola|directrix|tangent)s? ([a-z])"
)
_DEFINITE = re.compile(
    r"(?:[fghpqA-Z]|\\(?:phi|psi|operatorname\s*\{\w+\}))(?:_\s*(?:\{[^{}]*\}|\w))?'*\s*\((?:[^()]|\([^()]*\)){1,80}\)$"
    r"|\|\s*\\?[a-zA-Z]+(?:_\{?\w\}?)?\s*\|$|\\(?:lim|sum|prod|int)(?![a-zA-Z])|.*\\ldots(?![a-zA-Z])"
)


def relation(text: str, reader: Reader) -> Answer | None:
    found = split(text, _RELATIONS)
    if len(found) < 2:
        return None
    ops, sides = [op for op, _ in found[1:]], [side for _, side in found]
    if sides[0] == "" and len(ops) == 1:
        return reader.single(sides[1]) if ops[0] in ("=", "==", "\\approx") else _open_bound(sides[1], ops[0], reader)
    if not all(sides):
        return Unread(text)
    if ops == ["\\in"]:
        return _member(sides, reader)
    if set(ops) <= {"=", "==", "\\approx", "\\equiv"}:
        return _equality(text, sides, ops, reader)
    if ops in (["\\ne"], ["!="]):
        return _unequal(text, sides, reader)
    if len(sides) == 3 and _OF_A_NAME.fullmatch(sides[1]):  # 1 \\le f(x) \\le 3: a range
        sides[1] = sides[1][0]
    return _inequality(text, sides, ops)


def _member(sides: list[str], reader: Reader) -> Answer:
    body = reader.whole(sides[1])
    region = as_region(body)
    if region is not None and not (isinstance(body, Unordered)):
        return Region(region.pieces, sides[0])
    return Labelled(sides[0], body)


def _unequal(text: str, sides: list[str], reader: Reader) -> Answer:
    variable, body = _symbol_name(sides[0]), reader.whole(sides[1])
    holes = [body] if isinstance(body, Value) else list(body.items) if isinstance(body, Unordered) else []
    if variable is None or not holes or not all(isinstance(p, Value) for p in holes):
        return Unread(text)
    region = without(REALS, points([p.tree for p in holes if isinstance(p, Value)]))
    return Region(region.pieces, variable)


def _symbol_name(text: str) -> str | None:
    tree = read_or_none(text)
    return tree.name if tree is not None and tree.op == "sym" else None


def _equality(text: str, sides: list[str], ops: list[str], reader: Reader) -> Answer:
    several = _tuple(sides, ops, reader) or _names_alike(sides, reader) or _sets_alike(sides, ops, reader)
    if several is not None:
        return several
    if drawn := _DRAWN.fullmatch(plain(sides[0])):
        sides = [drawn[1], *sides[1:]]
    label = label_of(sides[0])
    if label is None and len(sides) == 2 and _symbol_name(sides[1]) and label_of(sides[0]) is None:
        sides, label = sides[::-1], label_of(sides[1])
    if label is not None:
        bodies = sides[1:]
        name, bound, left = label
        if _DENIED.search(name) or (len(bodies) > 1 and _names_itself(left, bodies)):
            return Unread(text)
        body = chain(bodies, ops[1:], reader)
        if isinstance(body, Broken):
            return body
        return body if left is None and not isinstance(body, Phrase) else Labelled(name, body, bound, left)
    if names := ratio_of_names(sides[0]):
        body = chain(sides[1:], ops[1:], reader)
        told = isinstance(body, Ratio) or (isinstance(body, Value) and not symbols(body.tree))
        if isinstance(body, Broken):
            return body
        if told or ":" in sides[0]:
            return Labelled(":".join(names), body, (), read_or_none(sides[0]) if "_" not in "".join(names) else None)
    if _DEFINITE.match(sides[0]):
        body = chain(sides[1:], ops[1:], reader)
        name = "".join(sides[0].split())
        return body if isinstance(body, Broken) else Labelled(name, body, (), Tree("sym", (), None, name))
    if len(sides) > 2 or not any(has_letters(s) for s in sides) or sides[0].startswith("\\begin{vmatrix}"):
        return chain(sides, ops, reader)
    if all(isinstance(v, Value) and not symbols(v.tree) for v in map(reader.whole, sides)):  # with functions or units
        return chain(sides, ops, reader)
    try:
        left, right = read(sides[0]), read(sides[1])
    except UnreadableError:
        if ops == ["="] and (_all_words(sides)):
            return Phrase(phrase(text))
        return Unread(text)
    if not symbols(left) and not symbols(right):
        return chain(sides, ops, reader)
    if ops == ["="] and symbols(left) == symbols(right) and same(left, right):  # an identity: a result, worked out
        return Broken(text) if left == right else reader.whole(sides[1])
    return Equation(left, right)


def _names_itself(name: Tree | None, bodies: list[str]) -> bool:
    """Whether a name stands on the right, too: x = 6 x = 5, which is two answers."""
    return name is not None and any(name.name in symbols(t) for body in bodies if (t := read_or_none(body)) is not None)


def _all_words(sides: list[str]) -> bool:
    return all(re.fullmatch(r"[A-Za-z ]+", s) for s in sides)


def _tuple(sides: list[str], ops: list[str], reader: Reader) -> Answer | None:
    """(x, y) = (1, 2) and the like: a tuple of names is a label."""
    names = tuple_names(sides[0])
    if not names:
        return None
    body = chain(sides[1:], ops[1:], reader)
    return body if isinstance(body, Broken) else Labelled(f"({','.join(names)})", body)


def _names_alike(sides: list[str], reader: Reader) -> Unordered | None:
    """x = y = 0: two names of one value."""
    names = [_symbol_name(side) for side in sides[:-1]]
    if len(sides) < 3 or None in names or len(set(names)) < len(names) or _symbol_name(sides[-1]):
        return None
    body = reader.single(sides[-1])
    labels = [label for side in sides[:-1] if (label := label_of(side)) is not None]
    if not isinstance(body, Value) or symbols(body.tree) or len(labels) < len(names):
        return None
    return Unordered(tuple(Labelled(name, body, bound, left) for name, bound, left in labels))


def _sets_alike(sides: list[str], ops: list[str], reader: Reader) -> Answer | None:
    """A chain of sets, intervals or points, which must be the same."""
    if _OF_SETS.fullmatch(sides[0]):
        sides, ops = sides[1:], ops[1:]
    bracketed = [side.startswith("\\{") or (side[:1] in "([" and "," in side) for side in sides]
    return chain(sides, ops, reader) if all(bracketed) else None


def _inequality(text: str, sides: list[str], ops: list[str]) -> Answer:
    if len(sides) > 12 or not all(op in _LESS or op in _MORE for op in ops):
        return Unread(text)
    downward = all(op in _MORE for op in ops)
    if downward:
        sides, strict = sides[::-1], [_MORE[op] for op in ops[::-1]]
    elif all(op in _LESS for op in ops):
        strict = [_LESS[op] for op in ops]
    else:
        return Unread(text)
    chained = ascending(sides, strict, downward)
    if chained is None:
        return Unread(text)
    bounds = _bounds(list(chained.terms), strict) if len(sides) < 4 else None
    return bounds or (Inequality(chained.terms[0], chained.terms[1], strict[0]) if len(sides) == 2 else chained)


def _open_bound(text: str, op: str, reader: Reader) -> Answer:
    """>= 17, of whatever it is."""
    found = relation(f"x {op} {text}", reader) if op in _LESS or op in _MORE else None
    return Region(found.pieces) if isinstance(found, Region) and found.variable == "x" else Unread(f"{op} {text}")


def _bounds(trees: list[Tree], strict: list[bool]) -> Region | None:
    """low < x < high, x < high or low < x, with a mere name for x."""
    if all(t.op == "neg" for t in trees):  # -x > -1
        return _bounds([t.args[0] for t in reversed(trees)], strict[::-1])
    if len(trees) == 3:
        low, middle, high = trees
        if middle.op == "sym":
            return _between(low, not strict[0], high, not strict[1], middle.name)
        return None
    small, large = trees
    if small.op == "neg" and small.args[0].op == "sym" and not symbols(large):  # -t < 5
        return _between(Tree("neg", (large,)), not strict[0], None, False, small.args[0].name)
    if large.op == "neg" and large.args[0].op == "sym" and not symbols(small):
        return _between(None, False, Tree("neg", (small,)), not strict[0], large.args[0].name)
    if small.op == "sym" and large.op != "sym":
        return _between(None, False, large, not strict[0], small.name)
    if large.op == "sym" and small.op != "sym":
        return _between(small, not strict[0], None, False, large.name)
    if small.op == "abs" and not symbols(large) and (around := _around(small.args[0])):
        name, centre = around
        return Region((Piece(_plus(centre, large, -1), not strict[0], _plus(centre, large), not strict[0]),), name)
    if large.op == "abs" and not symbols(small) and (around := _around(large.args[0])):
        name, centre = around
        left = Piece(None, False, _plus(centre, small, -1), not strict[0])
        return Region((left, Piece(_plus(centre, small), not strict[0], None, False)), name)
    return None


def _around(tree: Tree) -> tuple[str, Tree] | None:
    """x and 3 of |x - 3|, x and 0 of |x|."""
    if tree.op == "sym":
        return tree.name, num(0)
    if tree.op != "add" or tree.args[0].op != "sym" or any(symbols(t) for t in tree.args[1:]):
        return None
    return tree.args[0].name, Tree("neg", (Tree("add", tree.args[1:]),))


def _plus(centre: Tree, distance: Tree, sign: int = 1) -> Tree:
    distance = distance if sign > 0 else Tree("neg", (distance,))
    return distance if centre == num(0) else Tree("add", (centre, distance))


def _between(low: Tree | None, low_closed: bool, high: Tree | None, high_closed: bool, name: str) -> Region:
    """Nothing where it begins at infinity, or ends at minus infinity."""
    ends = low and end(low, -1), high and end(high, 1)
    if NOT_AN_END in ends:
        return Region((), name)
    return Region((Piece(ends[0], low_closed, ends[1], high_closed),), name)
