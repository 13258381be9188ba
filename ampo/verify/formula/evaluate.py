"""Values of trees to 60 digits, at given values of the symbols; rational ones come from `ampo.verify.formula.exact`.

Nothing here can run for long: every result is bounded in size before it is computed, and what passes the bound, or
lies outside a function's real domain, is `UndefinedError`. Functions have their principal values; where neither side
mentions i the arithmetic is real, so that sqrt(x^2) and x differ at -2 but log(x^2) and 2 log(x) are compared only
where both are defined.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from zlib import crc32

from ampo.verify.formula.exact import UndefinedError, exact
from ampo.verify.formula.tree import Tree

DIGITS = 60
MAX_MAGNITUDE = 300_000  # of a floating number, in bits


@dataclass(frozen=True, slots=True)
class Point:
    """Values of the symbols, and how to read what is ambiguous. log_base: of a bare log; None is e."""

    values: Mapping[str, Any]
    complex_: bool = False
    log_base: int | None = None


_local = threading.local()


def context() -> Any:
    """This thread's mpmath context: precision is a property of the context, never global here."""
    if not hasattr(_local, "mp"):
        from mpmath.ctx_mp import MPContext

        _local.mp = MPContext()
        _local.mp.dps = DIGITS
    return _local.mp


class Watcher(Protocol):
    """Who is told of every step of an evaluation."""

    def literal(self, bits: int) -> None:
        """An exact number of so many bits."""
        ...

    def operation(self, op: str, args: list[Any], result: Any, mp: Any) -> None:
        """An operation on values.

        Args:
            op: Of the tree's node.
            args: What it was applied to.
            result: What came out.
            mp: The arithmetic, an mpmath context.
        """
        ...


def value_at(tree: Tree, point: Point, watch: Watcher | None = None) -> Any:
    """The value of a tree at a point, an mpf or mpc. Raises UndefinedError."""
    try:
        return _value(tree, point, context(), watch)
    except (ZeroDivisionError, ValueError, OverflowError, TypeError, NotImplementedError) as error:
        raise UndefinedError(str(error)) from error


def _value(tree: Tree, point: Point, mp: Any, watch: Watcher | None) -> Any:
    if not _has_symbols(tree):
        rational = exact(tree)
        if rational is not None:
            if watch is not None:
                watch.literal(max(rational.numerator.bit_length(), rational.denominator.bit_length()))
            return mp.mpf(rational.numerator) / rational.denominator
    if tree.op == "sym":
        if tree.name not in point.values:
            raise UndefinedError(f"no value of {tree.name}")
        return point.values[tree.name]
    if tree.op in _CONSTANTS:
        return _CONSTANTS[tree.op](mp)
    args = [_value(a, point, mp, watch) for a in tree.args]
    if tree.op == "apply":
        return _unknown(tree.name, args, mp)
    if tree.op == "log" and len(args) == 1:
        args.append(mp.e if point.log_base is None else mp.mpf(point.log_base))
    if tree.op not in _NUMERIC:
        raise UndefinedError(tree.op)
    result = _bounded(_NUMERIC[tree.op](mp, *args), point, mp)
    if watch is not None:
        watch.operation(tree.op, args, result, mp)
    return result


def _bounded(result: Any, point: Point, mp: Any) -> Any:
    if not mp.isfinite(result) or (abs(mp.mag(result)) > MAX_MAGNITUDE and result != 0):
        raise UndefinedError
    if not point.complex_ and mp.im(result) != 0:
        raise UndefinedError
    return result if point.complex_ else mp.re(result)


def _has_symbols(tree: Tree) -> bool:  # no cache: to look a tree up costs more than to walk through it
    return tree.op in _SYMBOLIC or any(map(_has_symbols, tree.args))


def _unknown(name: str, args: list[Any], mp: Any) -> Any:
    """An unknown function: a fixed pseudo-random value for each name and argument."""
    seed = crc32(f"{name}({','.join(mp.nstr(a, 30) for a in args)})".encode())
    return mp.mpf(seed % 10_000_019) / 10_000_019 + mp.mpf(1) / 3


def _pow(mp: Any, base: Any, exponent: Any) -> Any:
    if base == 0:
        if mp.re(exponent) <= 0 and exponent != 0:
            raise UndefinedError
        return mp.mpf(0) if exponent != 0 else mp.mpf(1)
    if mp.mag(exponent) > 40 or abs(exponent) * (abs(mp.mag(base)) + 1) > MAX_MAGNITUDE:
        raise UndefinedError
    return mp.power(base, exponent)


def _nth_root(mp: Any, value: Any, degree: Any) -> Any:
    if mp.im(value) == 0 and mp.re(value) < 0 and mp.isint(degree) and int(degree) % 2:
        return -mp.root(-value, int(degree))
    return _pow(mp, value, 1 / degree)


def _gamma(mp: Any, x: Any) -> Any:
    if abs(x) > 5000:
        raise UndefinedError
    return mp.gamma(x + 1)


def _double_factorial(mp: Any, x: Any) -> Any:
    if not mp.isint(x) or not -1 <= x <= 5000:
        raise UndefinedError
    return mp.mpf(math.prod(range(int(x), 0, -2)))


def _zeta(mp: Any, x: Any) -> Any:
    if not mp.isint(x) or not 1 < x <= 100:
        raise UndefinedError
    return mp.zeta(x)


def _binom(mp: Any, n: Any, k: Any) -> Any:
    if abs(n) > 5000 or abs(k) > 5000:
        raise UndefinedError
    return mp.binomial(n, k)


def _small(function: str) -> Callable[..., Any]:
    """A periodic or exponential function, for arguments whose reduction is cheap."""

    def call(mp: Any, x: Any) -> Any:
        if mp.mag(x) > 64 or (function in ("exp", "sinh", "cosh") and abs(x) > MAX_MAGNITUDE / 2):
            raise UndefinedError
        return getattr(mp, function)(x)

    return call


def _plain(function: str) -> Callable[..., Any]:
    return lambda mp, *x: getattr(mp, function)(*x)


def _log(mp: Any, x: Any, base: Any) -> Any:
    return mp.log(x) / mp.log(base)


def _integral(function: Callable[..., int]) -> Callable[..., Any]:
    def call(mp: Any, *args: Any) -> Any:
        if not all(mp.isint(a) and abs(a) < 10**30 for a in args):
            raise UndefinedError
        return mp.mpf(function(*(int(a) for a in args)))

    return call


_CONSTANTS: dict[str, Callable[[Any], Any]] = {
    "pi": lambda mp: +mp.pi,
    "e": lambda mp: +mp.e,
    "i": lambda mp: mp.mpc(0, 1),
}
_SYMBOLIC = frozenset({"sym", "apply", "log", *_CONSTANTS})
_NUMERIC: dict[str, Callable[..., Any]] = {
    "add": lambda mp, *a: mp.fsum(a),
    "mul": lambda mp, *a: mp.fprod(a),
    "div": lambda _, a, b: a / b,
    "neg": lambda _, a: -a,
    "pow": _pow,
    "root": _nth_root,
    "factorial": _gamma,
    "double factorial": _double_factorial,
    "zeta": _zeta,
    "binom": _binom,
    "log": _log,
    "abs": lambda _, a: abs(a),
    "max": lambda _, *a: max(a),
    "min": lambda _, *a: min(a),
    "gcd": _integral(math.gcd),
    "lcm": _integral(math.lcm),
    **{
        name: _small(name)
        for name in ("sin", "cos", "tan", "cot", "sec", "csc", "exp", "sinh", "cosh", "tanh", "coth", "sech", "csch")
    },
    **{"arc" + name: _plain("a" + name) for name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh")},
    **{name: _plain(name) for name in ("floor", "ceil", "ln", "re", "im", "arg")},
}
