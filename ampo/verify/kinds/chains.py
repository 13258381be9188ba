"""Chains of equal things: "2 + 3 = 5" is its first side, "S = n(n+1)/2 = 55" its last, a broken one nothing.

Every side is compared with the next. Two sides of which one is a decimal may differ by what it leaves out: by half of
its last place, or by all of it where it is cut off rather than rounded; after "about" by a whole place. A side in which
nothing can be compared breaks the chain as well.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from ampo.verify.formula.equality import numeric, same, symbols
from ampo.verify.formula.evaluate import context
from ampo.verify.formula.exact import UndefinedError
from ampo.verify.formula.tree import TO_RADIANS, Tree, num
from ampo.verify.kinds.answers import Answer, Broken, Value
from ampo.verify.kinds.reader import Reader
from ampo.verify.text.units import scale

_ABOUT = Fraction(1, 100)  # of a value, beyond its last place, after "about"


def chain(bodies: list[str], ops: list[str], reader: Reader) -> Answer:
    """a = b \\approx c: the first of them, if the others say the same; broken where they don't."""
    answers = [reader.whole(b) for b in bodies]
    for (a, b), op in zip(pairwise(answers), ops, strict=True):
        if isinstance(a, Value) and isinstance(b, Value):
            if not consistent(a, b, op == "\\approx"):
                return Broken(" = ".join(bodies), _are_numbers(answers))
        elif isinstance(a, Broken) or isinstance(b, Broken) or not reader.agree(a, b):
            return Broken(" = ".join(bodies))
    first, last = answers[0], answers[-1]
    if len(answers) > 1 and isinstance(first, Value) and symbols(first.tree):
        return last if isinstance(last, Value) and len(symbols(last.tree)) < len(symbols(first.tree)) else first
    return _with_unit(first, last)


def _are_numbers(answers: list[Answer]) -> bool:
    return all(isinstance(a, Value) and not symbols(a.tree) for a in answers)


def _with_unit(first: Answer, last: Answer) -> Answer:
    """The first, in what the last alone says that it is measured in: 300 - 280 = 20 pounds."""
    if not isinstance(first, Value) or not isinstance(last, Value):
        return first
    bare = not (first.unit or first.noun or first.degrees or first.percent)
    if bare and (last.degrees or last.percent):
        return last
    return replace(first, unit=last.unit, noun=last.noun) if bare else first


def consistent(a: Value, b: Value, roughly: bool) -> bool:
    """Whether two sides of a chain may stand side by side: equal, or near where one of them is a decimal."""
    if a.noun and b.noun and a.noun != b.noun:
        return False
    if a.degrees != b.degrees:
        plain, angle = (b, a) if a.degrees else (a, b)
        radians = replace(angle, degrees=False, tree=Tree("mul", (angle.tree, TO_RADIANS)))
        return _near(plain, radians, roughly) or _near(plain, replace(angle, degrees=False), roughly)
    if a.percent != b.percent:
        a, b = (replace(v, tree=Tree("div", (v.tree, num(100))), quantum=_finer(v)) if v.percent else v for v in (a, b))
    factor = scale(a.unit, b.unit)
    if factor is None:
        return False
    if factor != 1:
        b = replace(b, tree=Tree("mul", (b.tree, Tree("num", (), factor))), quantum=b.quantum and b.quantum * factor)
    return _near(a, b, roughly)


def _finer(value: Value) -> Fraction | None:
    return value.quantum and value.quantum / 100


def _near(a: Value, b: Value, roughly: bool) -> bool:
    names = symbols(a.tree), symbols(b.tree)
    if names[0] or names[1]:
        if names[0] == names[1]:
            return same(a.tree, b.tree)
        return names[0] < names[1] or names[1] < names[0]  # with a value put in for a name
    if same(a.tree, b.tree):
        return True
    places = [q for q in (a.quantum, b.quantum) if q]
    if not (places or roughly) or (a.quantum and a.quantum == b.quantum):
        return False
    try:
        x, y = numeric(a.tree), numeric(b.tree)
    except UndefinedError:
        return False
    mp = context()
    coarse, difference = max(places, default=Fraction(0)), abs(x - y)
    place = mp.mpf(coarse.numerator) / coarse.denominator
    if roughly:
        return difference <= max(place, max(abs(x), abs(y)) * _ABOUT.numerator / _ABOUT.denominator)
    decimal, other = (x, y) if a.quantum == coarse else (y, x)
    return difference <= place / 2 or (difference < place and abs(decimal) < abs(other))
