"""A formula as a tree. Nothing is evaluated while it is made; `ampo.verify.formula.parse` makes it from text."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

MAX_DIGITS = 1500


class UnreadableError(ValueError):
    """The text is not a formula that the reader knows."""


class Tree(NamedTuple):
    """op: num, sym, add, mul, div, neg, pow, or the name of a function. value: of a num. name: of a sym."""

    op: str
    args: tuple[Tree, ...] = ()
    value: Fraction | None = None
    name: str = ""


def num(value: int | Fraction) -> Tree:
    return Tree("num", (), Fraction(value))


TO_RADIANS = Tree("div", (Tree("pi"), num(180)))
"""What an angle in degrees is multiplied with."""


def number(text: str) -> Fraction:
    """An unsigned literal, with or without an exponent, exactly. Raises UnreadableError beyond 1,500 digits."""
    mantissa, _, exponent = text.lower().partition("e")
    power = int(exponent) if exponent else 0
    if len(mantissa) + abs(power) > MAX_DIGITS:
        raise UnreadableError("too many digits")
    whole, _, decimals = mantissa.partition(".")
    value = Fraction(int((whole + decimals) or "0"), 10 ** len(decimals))
    return value * Fraction(10) ** power


def product(a: Tree, b: Tree) -> Tree:
    """a times b: flat, so that a long product isn't a deep tree."""
    return Tree("mul", (*(a.args if a.op == "mul" else (a,)), b))
