"""Ratios: 3 : 4 is 6 : 8 and the number 3/4. 0 : 0 is none, and a : 0 is a : 0 alone."""

from __future__ import annotations

import re

from ampo.verify.formula.equality import rename, same
from ampo.verify.formula.exact import exact
from ampo.verify.formula.parse import read
from ampo.verify.formula.tree import Tree, UnreadableError, num
from ampo.verify.kinds.answers import Answer, Broken, Ratio, Value
from ampo.verify.kinds.reader import Reader
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting
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
    if any(zeros) and len(a) == 2:  # 2:0 and 9:00 are scores and times more often than ratios
        return all(same(x, y) for x, y in zip(a, b, strict=True))
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


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    if not (isinstance(gold, (Value, Ratio)) and isinstance(answer, (Value, Ratio))):
        return None
    if isinstance(gold, Value) and isinstance(answer, Value):
        return None
    if isinstance(gold, Value) and gold.quantum is not None and isinstance(answer, Ratio):  # 6.67 for 20:3
        quotient = as_quotient(answer)
        return quotient is not None and equal(gold, Value(quotient), setting)
    return same_ratio(gold, answer)


def _read(text: str, reader: Reader) -> Answer | None:
    del reader
    if ":" not in text and " to " not in text:
        return None
    return ratio(re.sub(r"(?<=\d)\s+to\s+(?=\d)", ":", text))


def _renamed(answer: Answer, new: dict[str, str]) -> Ratio | None:
    return Ratio(tuple(rename(t, new) for t in answer.terms)) if isinstance(answer, Ratio) else None


KIND = Kind(order=100, same=_same, read=_read, rename=_renamed)
