"""Vectors by their unit vectors: 2i + 3j - k and 2e_1 + 3e_2 - e_3 are (2, 3, -1), the column of the three, <2, 3, -1>.

i is the imaginary unit as well: without a hat or bold type a formula is a vector only if it is linear in i and j or k,
and nothing is left over (3 + 4i isn't, nor is 5i). A vector of the plane is one of space whose last component is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ampo.verify.formula.equality import mentions, same, substitute, symbols
from ampo.verify.formula.tree import Tree, num
from ampo.verify.kinds.answers import Answer, Matrix, Ordered, Value
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting

_HATS = ("hat i", "hat j", "hat k")
_BASIS = ("e_1", "e_2", "e_3")
_ZERO, _ONE = num(0), num(1)


def readable(gold: Answer, answer: Answer) -> bool:
    """Whether one side is a sum of unit vectors, and the other a vector of any form."""
    sums = [a for a in (gold, answer) if _components(a)]
    if len(sums) == 2:
        return _hatted(gold) or _hatted(answer)
    # [2, 3] is an interval as well: a reference of that form says nothing of vectors.
    interval = isinstance(gold, Ordered) and gold.opening == "[" and len(gold.items) == 2
    return len(sums) == 1 and not interval and all(_items(a) for a in (gold, answer))


def same_vector(gold: Answer, answer: Answer, equal: Callable[[Answer, Answer], bool]) -> bool:
    """Whether two `readable` answers have equal components, by `equal`."""
    a, b = list(_items(gold)), list(_items(answer))
    for shorter, longer in ((a, b), (b, a)):
        shorter += [Value(_ZERO)] * (len(longer) - len(shorter))
    return len(a) == len(b) and all(map(equal, a, b))


def _items(answer: Answer) -> tuple[Answer, ...]:
    """The components of a vector, two or three; none where the answer is no vector."""
    if isinstance(answer, Value):
        return tuple(replace(answer, tree=c, quantum=None) for c in _components(answer))
    if isinstance(answer, Ordered):
        whole = (answer.opening, answer.closing) in (("(", ")"), ("[", "]"), ("\\langle", "\\rangle"))
        return answer.items if whole and len(answer.items) in (2, 3) else ()
    if isinstance(answer, Matrix) and (len(answer.rows) == 1 or len(answer.rows[0]) == 1):
        cells = tuple(c for row in answer.rows for c in row)
        return cells if len(cells) in (2, 3) else ()
    return ()


def _components(answer: Answer) -> tuple[Tree, ...]:
    """What stands before i, j and, where there is one, k; nothing where the formula isn't linear in them."""
    if not isinstance(answer, Value) or answer.percent or answer.degrees:
        return ()
    tree, names = answer.tree, _HATS
    if symbols(tree) & set(_BASIS):
        names = _BASIS
    elif not _hatted(answer):
        if not mentions(tree, {"i"}) or not symbols(tree) & {"j", "k"}:
            return ()
        tree = substitute(tree, {"i": Tree("sym", (), None, "hat i")})
        names = ("hat i", "j", "k")
    units = [{n: _ONE if n == one else _ZERO for n in names} for one in names]
    found = [_folded(substitute(tree, unit)) for unit in units]
    total = Tree("add", tuple(Tree("mul", (c, Tree("sym", (), None, n))) for c, n in zip(found, names, strict=True)))
    if any(symbols(c) & set(names) for c in found) or not same(tree, total):
        return ()
    return tuple(found) if names[2] in symbols(tree) else tuple(found[:2])


def _hatted(answer: Answer) -> bool:
    return isinstance(answer, Value) and bool(symbols(answer.tree) & set(_HATS))


def _folded(tree: Tree) -> Tree:
    """Without the terms that became 0 and the factors that became 1, so that 2*1 + 3*0 is a plain 2."""
    args = tuple(map(_folded, tree.args))
    if tree.op == "mul":
        if _ZERO in args:
            return _ZERO
        args = tuple(a for a in args if a != _ONE) or (_ONE,)
        return args[0] if len(args) == 1 else tree._replace(args=args)
    if tree.op == "add":
        args = tuple(a for a in args if a != _ZERO) or (_ZERO,)
        return args[0] if len(args) == 1 else tree._replace(args=args)
    if tree.op in ("neg", "div") and args[0] == _ZERO:
        return _ZERO
    return tree._replace(args=args)


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    return same_vector(gold, answer, lambda g, a: equal(g, a, setting)) if readable(gold, answer) else None


KIND = Kind(order=80, same=_same)
