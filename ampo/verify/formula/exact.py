"""Rational values of trees, exactly, where they are cheap to find. Every result is bounded before it is computed."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from ampo.verify.formula.tree import Tree

MAX_BITS = 70_000  # of an exact number: 5000! has 54,000


class UndefinedError(ArithmeticError):
    """No value here: outside the domain, or beyond the bounds."""


@lru_cache(maxsize=2048)
def exact(tree: Tree) -> Fraction | None:
    """The rational value of a tree without symbols, or None where it has none that is cheap to find."""
    try:
        return _exact(tree)
    except (UndefinedError, ZeroDivisionError, ValueError):  # ValueError: too many digits for Python to write
        return None


def _exact(tree: Tree) -> Fraction | None:
    if tree.op == "num":
        return tree.value
    if tree.op not in _EXACT:
        return None
    args = [_exact(a) for a in tree.args]
    if any(a is None for a in args):
        return None
    value = _EXACT[tree.op](*args)
    if value is not None and max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise UndefinedError
    return value


def _bounded_product(factors: tuple[Fraction, ...]) -> Fraction:
    value = Fraction(1)
    for factor in factors:
        value *= factor
        if value.numerator.bit_length() + value.denominator.bit_length() > 2 * MAX_BITS:
            raise UndefinedError
    return value


def _power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if exponent.denominator != 1:
        return _root(base**exponent.numerator, Fraction(exponent.denominator)) if abs(exponent) < 50 else None
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if size * abs(exponent) > MAX_BITS:
        raise UndefinedError
    return base ** int(exponent)


def _root(value: Fraction, degree: Fraction) -> Fraction | None:
    """The exact root, where it is rational."""
    if degree.denominator != 1 or not 1 <= degree <= 50:
        return None
    n, sign = int(degree), 1
    if value < 0:
        if n % 2 == 0:
            return None
        value, sign = -value, -1
    top, bottom = _integer_root(value.numerator, n), _integer_root(value.denominator, n)
    return None if top is None or bottom is None else sign * Fraction(top, bottom)


def _integer_root(value: int, n: int) -> int | None:
    if n == 2:
        root = math.isqrt(value)
    else:
        low, high = 0, 1 << (value.bit_length() // n + 1)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if middle**n <= value else (low, middle - 1)
        root = low
    return root if root**n == value else None


def _factorial(n: Fraction) -> Fraction | None:
    if n.denominator != 1 or not 0 <= n <= 5000:
        return None
    return Fraction(math.factorial(int(n)))


def _double_factorial(n: Fraction) -> Fraction | None:
    if n.denominator != 1 or not -1 <= n <= 5000:
        return None
    return Fraction(math.prod(range(int(n), 0, -2)))


def _binomial(n: Fraction, k: Fraction) -> Fraction | None:
    if n.denominator != 1 or k.denominator != 1 or not 0 <= n <= 3000:
        return None
    return Fraction(math.comb(int(n), int(k))) if k >= 0 else Fraction(0)


def _in_base(digits: Fraction, base: Fraction) -> Fraction | None:
    if digits.denominator != 1 or base.denominator != 1 or not 2 <= base <= 36:
        return None
    text = str(int(digits))
    return None if any(int(c) >= base for c in text) or len(text) > 300 else Fraction(int(text, int(base)))


_EXACT: dict[str, Callable[..., Any]] = {
    "add": lambda *a: sum(a, Fraction(0)),
    "mul": lambda *a: _bounded_product(a),
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "pow": _power,
    "root": _root,
    "factorial": _factorial,
    "double factorial": _double_factorial,
    "binom": _binomial,
    "abs": abs,
    "floor": lambda a: Fraction(math.floor(a)),
    "ceil": lambda a: Fraction(math.ceil(a)),
    "base": _in_base,
    "max": lambda *a: max(a),
    "min": lambda *a: min(a),
    "gcd": lambda *a: Fraction(math.gcd(*(int(x) for x in a))) if all(x.denominator == 1 for x in a) else None,
    "lcm": lambda *a: Fraction(math.lcm(*(int(x) for x in a))) if all(x.denominator == 1 for x in a) else None,
}
