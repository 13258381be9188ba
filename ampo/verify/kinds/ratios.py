"""Ratios: 3 : 4 is 6 : 8 and the number 3/4. 0 : 0 is none, and a ratio with a zero is no number."""

from __future__ import annotations

from ampo.verify.formula.equality import same
from ampo.verify.formula.evaluate import exact
from ampo.verify.formula.parse import read
from ampo.verify.formula.tree import Tree, UnreadableError, num
from ampo.verify.kinds.answers import Broken, Ratio, Value
from ampo.verify.text.scan import split

_ZERO = num(0)


def ratio(text: str) -> Ratio | Broken | None:
    """a : b : ...; broken where all of it is zero; None for what is none."""
    parts = [p for _, p in split(text, {":"})]
    if len(parts) < 2 or not all(parts):
        return None
    try:
        terms = tuple(read(p) for p in parts)
    except UnreadableError:
        return None
    return Broken(text) if all(map(_zero, terms)) else Ratio(terms)


def same_ratio(gold: Value | Ratio, answer: Value | Ratio) -> bool:
    """Whether two ratios, one of which may be a number, have proportional terms, zero where the other's are zero."""
    a, b = _terms(gold), _terms(answer)
    zeros = [_zero(t) for t in a]
    if len(a) != len(b) or zeros != [_zero(t) for t in b] or all(zeros):
        return False
    if any(zeros) and not (isinstance(gold, Ratio) and isinstance(answer, Ratio)):
        return False
    at = zeros.index(False)
    return all(same(Tree("mul", (x, b[at])), Tree("mul", (y, a[at]))) for x, y in zip(a, b, strict=True))


def as_quotient(answer: Ratio) -> Tree | None:
    """a : b as a / b; None for more terms, and for a zero."""
    return Tree("div", answer.terms) if len(answer.terms) == 2 and not any(map(_zero, answer.terms)) else None


def _zero(tree: Tree) -> bool:
    return exact(tree) == 0 or same(tree, _ZERO)


def _terms(answer: Value | Ratio) -> tuple[Tree, ...]:
    if isinstance(answer, Ratio):
        return answer.terms
    return answer.tree.args if answer.tree.op == "div" else (answer.tree, num(1))
