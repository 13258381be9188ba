"""Sums, products and definite integrals, whose letter says nothing: \\sum_{n} a_n x^n is \\sum_{k} x^k a_k.

Nothing is summed or integrated. Two of them are the same where their bounds are, and what stands behind them is, in one
letter for both: up to a factor that doesn't depend on it (not in products), and up to a shift of it (not in integrals).
What is around them is compared as a formula that has a name in place of each.
"""

from __future__ import annotations

from ampo.verify.formula.bound_reader import BINDERS, with_binders
from ampo.verify.formula.equality import mentions, same, substitute
from ampo.verify.formula.tree import Tree, num

_FACTORS_AT = (1, 2, 3)  # where the factor between two bodies is looked for
_ONE = num(1)


def same_bound(gold: str, answer: str) -> bool | None:
    """Whether two normalised formulas are the same; None where one of them has no such operator or can't be read."""
    a, b = with_binders(gold), with_binders(answer)
    return None if a is None or b is None else _same(a, b, 0)


def left_to_others(gold: str, answer: str) -> bool:
    """Whether another engine may find two formulas to be the same that aren't here.

    Not one that integrates, where both have an integral left: it takes long to find nothing. Nor one that reads f(k+1)
    as a product and an index as a name.
    """
    trees = [tree for text in (gold, answer) if (tree := with_binders(text)) is not None]
    integrals = [mentions(tree, {"int"}) for tree in trees]
    return not (len(trees) == 2 and all(integrals)) and not any(mentions(tree, {"apply"}) for tree in trees)


def _same(a: Tree, b: Tree, level: int) -> bool:
    """Whether two trees are equal. level: of the operators around them."""
    known: list[tuple[Tree, Tree]] = []
    return same(_replaced(a, known, level), _replaced(b, known, level))


def _replaced(tree: Tree, known: list[tuple[Tree, Tree]], level: int) -> Tree:
    """The tree with a name for each operator that binds, one name for those that are the same."""
    if tree.op not in BINDERS:
        return tree._replace(args=tuple(_replaced(t, known, level) for t in tree.args)) if tree.args else tree
    for other, name in known:
        factor = _factor(tree, other, level)
        if factor is not None:
            return name if factor == _ONE else Tree("mul", (factor, name))
    name = Tree("sym", (), None, f"operator {level} {len(known)}")
    known.append((tree, name))
    return name


def _factor(a: Tree, b: Tree, level: int) -> Tree | None:
    """By what the second is to be multiplied to be the first; None where no such factor is found."""
    if a.op != b.op:
        return None
    (body_a, low_a, high_a), (body_b, low_b, high_b) = a.args, b.args
    letter = Tree("sym", (), None, f"letter {level}")
    if _same(low_a, low_b, level) and _same(high_a, high_b, level):
        # an integral's letter is no whole number, whatever is beside it
        at_a = at_b = letter if a.op != "int" else Tree("div", (letter, Tree("pi")))
    elif a.op != "int" and _as_many(a, b, level):
        at_a, at_b = Tree("add", (letter, low_a)), Tree("add", (letter, low_b))
    else:
        return None
    body_a, body_b = substitute(body_a, {a.name: at_a}), substitute(body_b, {b.name: at_b})
    if _same(body_a, body_b, level + 1):
        return _ONE
    return None if a.op == "prod" or _binds(body_a) or _binds(body_b) else _ratio(body_a, body_b, letter)


def _as_many(a: Tree, b: Tree, level: int) -> bool:
    """Whether two sums with other bounds have as many terms."""
    (_, low_a, high_a), (_, low_b, high_b) = a.args, b.args
    endless = [mentions(t, {"infinity"}) for t in (high_a, high_b)]
    if any(mentions(t, {"infinity"} | BINDERS) for t in (low_a, low_b)):
        return False
    if any(endless):
        return high_a == high_b
    return _same(_less(high_a, low_a), _less(high_b, low_b), level)


def _less(a: Tree, b: Tree) -> Tree:
    return Tree("add", (a, Tree("neg", (b,))))


def _binds(tree: Tree) -> bool:
    return mentions(tree, BINDERS)


def _ratio(a: Tree, b: Tree, letter: Tree) -> Tree | None:
    """The factor between two bodies that the letter isn't in."""
    for value in _FACTORS_AT:
        factor = Tree("div", tuple(substitute(t, {letter.name: num(value)}) for t in (a, b)))
        if same(a, Tree("mul", (factor, b))):
            return factor
    return None
