"""Whether two trees have the same value at a point: by as many digits as it takes, with no absolute floor.

A first look takes 60 digits, and equal are two values that share 40 of them: relative to their size, however small or
large. Where the digits of one side cancelled, and before any two are called equal, a second look decides. It takes as
many digits as the terms are apart (`e^{2024} + 1` has terms 880 digits apart, `\\tanh 100` is nearer to 1 than 60
digits show), and some more; beyond 20,000 bits nothing is called equal.

What is left of a difference that is zero shrinks with the precision, what is left of another one doesn't: so the second
look takes both sides at two precisions, and its yardstick is how much they moved.
"""

from __future__ import annotations

from typing import Any

from ampo.verify.formula.evaluate import DIGITS, Point, context, value_at
from ampo.verify.formula.exact import UndefinedError
from ampo.verify.formula.tree import Tree

_FIRST = 300  # bits of the second look, where the terms are of one size
_MORE = 400  # bits of its second half beyond twice the first
_GUARD = 100  # bits that rounding may cost
_SLACK = 100  # bits between the terms that the first half has room for
_MOST = 20_000  # bits beyond which nothing is shown to be equal
_ROUNDS = 4
_CANCELLED = 100  # bits of the first look's 200 after whose loss it decides nothing
_EXPONENTIAL = frozenset({"sinh", "cosh", "tanh", "coth", "sech", "csch"})
_EXACT = frozenset({"mul", "div", "neg", "abs", "max", "min", "floor", "ceil", "gcd", "lcm", "factorial", "binom",
                    "double factorial", "zeta", "apply", "re", "im", "arg", "log", "ln"})  # fmt: skip


class Watch:
    """What an evaluation saw. spread: bits between the terms of its sums, and what its functions hide of such.
    longest: bits of its longest exact number. lost: bits that cancelled in sums.
    vanished: whether a sum cancelled to the last digits."""

    def __init__(self) -> None:
        self.spread = self.lost = self.longest = 0
        self.vanished = False

    def literal(self, bits: int) -> None:
        """An exact number: its neighbours are as many bits away as it has."""
        self.longest = max(self.longest, bits - 60)

    def operation(self, op: str, args: list[Any], result: Any, mp: Any) -> None:
        """The value of an operation."""
        if op == "add":
            self._sum(args, result, mp)
        elif op in ("pow", "root"):
            self.spread += abs(_size(args[1], mp))  # 2^{10^{-300}} is near 1
        elif op not in _EXACT:
            self.spread += 2 * abs(_size(args[0], mp))  # \cos 10^{-300} is near 1, and \arctan 10^{300} near \pi/2
            if op in _EXPONENTIAL:
                self.spread += int(3 * abs(args[0]))

    def _sum(self, args: list[Any], result: Any, mp: Any) -> None:
        sizes = [_size(a, mp) for a in args if a]
        if len(sizes) < 2:
            return
        self.spread += max(sizes) - min(sizes)
        lost = max(sizes) - _size(result, mp) if result else mp.prec
        self.lost += max(0, lost)
        self.vanished = self.vanished or lost > mp.prec - 40


def _size(value: Any, mp: Any) -> int:
    return int(mp.mag(value)) if value else 0


def close(a: Tree, b: Tree, point: Point) -> bool | None:
    """Whether the values agree at a first look; None where one of them is not defined."""
    try:
        x, y = value_at(a, point), value_at(b, point)
        if abs(x - y) <= max(abs(x), abs(y)) * context().mpf(10) ** -40:
            return True
        watch = Watch()
        value_at(a, point, watch)
        value_at(b, point, watch)
        return surely_close(a, b, point) if watch.lost > _CANCELLED else False
    except UndefinedError:
        return None


def surely_close(a: Tree, b: Tree, point: Point) -> bool:
    """Whether the values agree at a second look. Raises UndefinedError where one of them is not defined."""
    try:
        first = _first_half(a, b, point)
        return first is not None and _agree(a, b, point, *first)
    finally:
        context().dps = DIGITS


def _first_half(a: Tree, b: Tree, point: Point) -> tuple[int, Any, Any] | None:
    """How many bits show the smallest of the terms, and the values with so many; None where they are too many."""
    mp, bits, vanished = context(), _FIRST, False
    x = y = None
    for _ in range(_ROUNDS):
        mp.prec, watch = bits, Watch()
        x, y = value_at(a, point, watch), value_at(b, point, watch)
        wanted = _FIRST + watch.spread + watch.longest
        if wanted > _MOST:
            return None
        if wanted <= bits + _SLACK or (vanished and watch.vanished):  # what vanishes again is zero
            break
        bits, vanished = wanted, watch.vanished
    return mp.prec, x, y


def _agree(a: Tree, b: Tree, point: Point, bits: int, x: Any, y: Any) -> bool:
    mp = context()
    more = mp.prec = 2 * bits + _MORE
    finer_x, finer_y = value_at(a, point), value_at(b, point)
    moved = max(abs(finer_x - x), abs(finer_y - y))
    size = max(abs(finer_x), abs(finer_y))
    noise = max(mp.ldexp(size, _GUARD - more), mp.ldexp(moved, _GUARD + bits - more))
    return abs(finer_x - finer_y) <= noise
