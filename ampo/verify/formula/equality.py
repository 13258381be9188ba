"""Whether two trees are the same function of their symbols.

Rational numbers are compared exactly. Everything else is compared at points: equal only if every point where both are
defined agrees to 40 of 60 digits, one of them at a second look (`closeness`), and enough points are defined. Formulas
with bends or steps (absolute values, maxima, roots, floors) are tried at more points, up to a million either way;
floors of x, y and their like at whole and half numbers as well, floors of n and its like at whole numbers alone, as is
what counts (n!, (-1)^n). That
is no proof, but two different formulas of the sizes met here don't agree at random points; `simplify` is slower by far
and often undecided.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import permutations
from typing import Any, Literal

from ampo.verify.formula.closeness import close, surely_close
from ampo.verify.formula.evaluate import Point, context, value_at
from ampo.verify.formula.exact import UndefinedError, exact
from ampo.verify.formula.tree import Tree, num

Grid = Literal["plain", "whole", "steps", "bends"]
ENOUGH = 5  # points that must be defined on both sides
_TRIES = 40
_WHOLE = frozenset({"factorial", "double factorial", "binom", "gcd", "lcm"})
_STEPS = frozenset({"floor", "ceil"})
_BENDS = frozenset({"abs", "max", "min"}) | _STEPS
_REAL_NAMES = frozenset("xyztuvwrs") | {"theta", "alpha", "beta", "phi"}  # in a floor; others are whole numbers there


@lru_cache(maxsize=2048)  # equal answers recur
def same(a: Tree, b: Tree) -> bool:
    """Whether two trees are equal wherever both are defined."""
    if a == b:
        return True
    x, y = exact(a), exact(b)
    if x is not None and y is not None:
        return x == y
    if a.op == "infinity" or b.op == "infinity":
        return False
    if (x is None) != (y is None) and not (symbols(a) | symbols(b)) and _clearly_apart(a, b):
        return False
    bases = (None, 10) if _has_bare_log(a) or _has_bare_log(b) else (None,)
    return any(_agree(a, b, base) for base in bases) or _same_tower(a, b)


@lru_cache(maxsize=2048)
def symbols(tree: Tree) -> frozenset[str]:
    """The names of a tree's free symbols."""
    if tree.op == "sym":
        return frozenset((tree.name,))
    return frozenset().union(*(symbols(t) for t in tree.args)) if tree.args else frozenset()


def mentions(tree: Tree, ops: set[str] | frozenset[str]) -> bool:
    """Whether any part of a tree is one of the operations."""
    return tree.op in ops or any(mentions(t, ops) for t in tree.args)


def numeric(tree: Tree) -> Any:
    """The value of a tree without symbols, real where it can be. Raises UndefinedError."""
    try:
        return value_at(tree, Point({}))
    except UndefinedError:
        return value_at(tree, Point({}, complex_=True))


def _clearly_apart(a: Tree, b: Tree) -> bool:
    try:
        x, y = numeric(a), numeric(b)
    except UndefinedError:
        return False
    size = max(abs(x), abs(y))
    return size > 1e-30 and abs(x - y) > 1e-9 * size  # what is smaller may be what cancellation left of zero


def _has_bare_log(tree: Tree) -> bool:
    return (tree.op == "log" and len(tree.args) == 1) or any(_has_bare_log(t) for t in tree.args)


def _agree(a: Tree, b: Tree, log_base: int | None) -> bool:
    names = sorted(symbols(a) | symbols(b))
    complex_ = mentions(a, {"i"}) or mentions(b, {"i"})
    if not names and not mentions(a, {"apply"}) and not mentions(b, {"apply"}):
        at = [Point({}, c, log_base) for c in ((True,) if complex_ else (False, True))]
        return any(close(a, b, point) and surely_close(a, b, point) for point in at)
    grid = _grid(a, b)
    needed = {"plain": ENOUGH, "whole": 12}.get(grid, 30)
    defined, sample = 0, None
    real = frozenset(names) & _REAL_NAMES - _counting(a) - _counting(b) if grid == "whole" else frozenset()
    for values in points(names, grid, real):
        point = Point(values, complex_, log_base)
        agree = close(a, b, point)
        if agree is False:
            return False
        if agree:
            defined, sample = defined + 1, sample or point
        if defined >= needed and any(_negative(v) for v in values.values()):
            break
    return defined >= ENOUGH and sample is not None and surely_close(a, b, sample)


def _negative(value: Any) -> bool:
    return value < 0


def _grid(a: Tree, b: Tree) -> Grid:
    """At what points the two have to be tried."""
    if _only_at_integers(a) or _only_at_integers(b):
        return "whole"
    if any(_mentions_with_symbols(t, _STEPS) for t in (a, b)):
        return "steps"
    return "bends" if _bent(a) or _bent(b) else "plain"


def _only_at_integers(tree: Tree) -> bool:
    """Formulas that are meant for whole numbers: factorials, (-1)^n."""
    if tree.op in _WHOLE and symbols(tree):
        return True
    if tree.op == "pow" and symbols(tree.args[1]):
        base = exact(tree.args[0])
        if base is not None and base < 0:
            return True
    return any(_only_at_integers(t) for t in tree.args)


def _counting(tree: Tree) -> frozenset[str]:
    """The names that count: in a factorial and its like, or in the exponent of a negative number."""
    found = [_counting(t) for t in tree.args]
    if tree.op in _WHOLE:
        found.append(symbols(tree))
    elif tree.op == "pow" and (base := exact(tree.args[0])) is not None and base < 0:
        found.append(symbols(tree.args[1]))
    return frozenset().union(*found)


def _mentions_with_symbols(tree: Tree, ops: frozenset[str]) -> bool:
    return (tree.op in ops and bool(symbols(tree))) or any(_mentions_with_symbols(t, ops) for t in tree.args)


def _bent(tree: Tree) -> bool:
    """Formulas that may be one thing here and another far away: |x - 100|, \\sqrt{(x - 100)^2}, \\arcsin(\\sin x)."""
    if not symbols(tree):
        return False
    folds = tree.op == "root" or tree.op.startswith("arc") or (tree.op == "pow" and _broken(tree.args[1]))
    return tree.op in _BENDS or (folds and bool(tree.args[0].args)) or any(map(_bent, tree.args))


def _broken(exponent: Tree) -> bool:
    value = exact(exponent)
    return value is not None and value.denominator != 1


def points(names: list[str], grid: Grid = "plain", real: frozenset[str] = frozenset()) -> Iterator[dict[str, Any]]:
    """The points to compare at: fixed for given names. The first are positive, then signs mix and scales change.

    real: the names that are no whole numbers on the grid of these.
    """
    source = random.Random(f"points {names} {grid}")
    mp = context()
    scales = (1.0, 2.5, 8.0, 0.2, 30.0) if grid == "plain" else (1.0, 2.5, 8.0, 0.2, 30.0, 400.0, 1e4, 1e6)
    for i in range(_TRIES):
        if grid == "whole":
            largest = (60, 12, 60, 12, 400)[i % 5]
            at = {n: mp.mpf(source.randint(1, largest)) for n in names}
            at |= {n: at[n] * source.randint(1, 10**9) / 10**9 for n in names if n in real}
            yield at | ({"": mp.mpf(-1)} if i >= 14 else {})
            continue
        scale = scales[i % len(scales)]
        at = {n: mp.mpf(source.randint(1, 10**9)) / 10**9 * scale * _sign(source, i) for n in names}
        yield {n: _step(n, v, i) for n, v in at.items()} if grid == "steps" else at


def _step(name: str, value: Any, i: int) -> Any:
    """Where floors and ceilings tell: whole and half numbers too, and whole ones alone for n and its like."""
    mp = context()
    if name.partition("_")[0] not in _REAL_NAMES:
        return mp.ceil(abs(value)) * (-1 if value < 0 else 1)
    return (value, mp.ceil(value), mp.floor(value) + mp.mpf(1) / 2)[i % 3]


def _sign(source: random.Random, i: int) -> int:
    return source.choice((1, -1)) if i > 3 else 1


def _same_tower(a: Tree, b: Tree) -> bool:
    """For powers that are too large for a value, such as 10^{10^{100}}: their logarithms are equal."""
    if a.op != "pow" or b.op != "pow" or symbols(a) or symbols(b):
        return False
    try:
        numeric(a)
        numeric(b)
    except UndefinedError:
        if same(a.args[0], b.args[0]):
            return same(a.args[1], b.args[1])
        bases = [exact(t.args[0]) for t in (a, b)]
        return all(base is not None and base > 1 for base in bases) and same(_logarithm(a), _logarithm(b))
    return False


def _logarithm(power: Tree) -> Tree:
    return Tree("mul", (power.args[1], Tree("ln", (power.args[0],))))


def renamings(allowed_a: frozenset[str], allowed_b: frozenset[str]) -> Iterator[dict[str, str]]:
    """The ways to rename the symbols of one side as those of the other, at most 4 of them."""
    only_a, only_b = sorted(allowed_a), sorted(allowed_b)
    if len(only_a) == len(only_b) and 0 < len(only_a) <= 4:
        for order in permutations(only_a):
            yield dict(zip(only_b, order, strict=True))


def rename(tree: Tree, names: dict[str, str]) -> Tree:
    """The tree with its symbols renamed."""
    return substitute(tree, {old: Tree("sym", (), None, new) for old, new in names.items()})


def substitute(tree: Tree, values: Mapping[str, Tree]) -> Tree:
    """The tree with trees in place of symbols; the imaginary unit is the symbol "i"."""
    if tree.op in ("sym", "i"):
        return values.get(tree.name or "i", tree)
    if not tree.args:
        return tree
    return tree._replace(args=tuple(substitute(t, values) for t in tree.args))


def proportional(a: Tree, b: Tree) -> bool:
    """Whether b is a nonzero constant multiple of a: two equations `a = 0` and `b = 0` that say the same."""
    names = sorted(symbols(a) | symbols(b))
    complex_ = mentions(a, {"i"}) or mentions(b, {"i"})
    ratio, agreeing, at, last = None, 0, Point({}), Point({})
    for values in points(names):
        point = Point(values, complex_)
        try:
            x, y = value_at(a, point), value_at(b, point)
        except UndefinedError:
            continue
        if x == 0 or y == 0:
            return False
        if ratio is None:
            ratio, at = x / y, point
        elif abs(x / y - ratio) > abs(ratio) * context().mpf(10) ** -40:
            return False
        agreeing, last = agreeing + 1, point
        if agreeing > ENOUGH + 3:
            break
    try:
        return agreeing >= ENOUGH and surely_close(*_crossed(a, b, at), last)
    except UndefinedError:
        return False


def _crossed(a: Tree, b: Tree, at: Point) -> tuple[Tree, Tree]:
    """a and b, each times the other's value near a point: equal where they are proportional."""
    values = {name: num(Fraction(round(value * 256), 256)) for name, value in at.values.items()}
    x, y = substitute(a, values), substitute(b, values)
    if not (value_at(x, Point({}, at.complex_)) and value_at(y, Point({}, at.complex_))):
        raise UndefinedError("a zero there")
    return Tree("mul", (a, y)), Tree("mul", (b, x))
