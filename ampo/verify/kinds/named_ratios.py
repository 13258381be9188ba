"""Ratios by the names of what is compared: V_2 : V_1 = 21 : 11 is 11 : 21 where V_1 : V_2 is asked for."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import permutations

from ampo.verify.formula.equality import symbols
from ampo.verify.formula.tree import Tree, num
from ampo.verify.kinds.answers import Answer, Labelled, Ratio, Value

_AREA = r"\[[A-Z]{3,5}\]"
_INDEX = r"(?:_\s*(?:\{\w{1,4}\}|\w))?"
_SIDE = rf"(?:\\?[a-zA-Z]{{1,6}}{_INDEX}|{_AREA})"
_OVER = rf"(?:[a-zA-Z]{_INDEX}|[A-Z]{{2}}|{_AREA})"
_FRACTION = re.compile(rf"\\frac\s*\{{\s*({_OVER})\s*\}}\s*\{{\s*({_OVER})\s*\}}|({_OVER})\s*/\s*({_OVER})")
_WITH_COLONS = re.compile(rf"{_SIDE}(?:\s*:\s*{_SIDE})+")
_ASKED = re.compile(rf"\\frac\s*\{{\s*{_OVER}\s*\}}\s*\{{\s*{_OVER}\s*\}}(?!\s*=)|\$\s*{_OVER}\s*[:/]\s*{_OVER}\s*\$")
_MOST = 4  # names
_READ = 20_000  # characters of a question


def ratio_of_names(text: str) -> tuple[str, ...]:
    """V_1 and V_2 of V_1:V_2, V_1/V_2 and \\frac{V_1}{V_2}; nothing for any other text."""
    if m := _FRACTION.fullmatch(text):
        names = [name for name in m.groups() if name]
    else:
        names = text.split(":") if _WITH_COLONS.fullmatch(text) else []
    return tuple(_of_a_segment(bare_name(name)) for name in names)


def bare_name(text: str) -> str:
    """A name without spaces, braces and backslashes."""
    return re.sub(r"\\(?:text|mathrm)|[\s{}\\]", "", text)


def in_one_direction(gold: Answer, answer: Answer, question: str) -> Answer:
    """The answer with a ratio of names in the order in which the gold, or else the question, has them."""
    names = ratio_of_names(answer.label) if isinstance(answer, Labelled) else ()
    if not 2 <= len(names) <= _MOST or not isinstance(answer, Labelled):
        return answer
    theirs = ratio_of_names(gold.label) if isinstance(gold, Labelled) else ()
    for order in permutations(range(len(names))):  # as they stand first
        wanted = tuple(names[i] for i in order)
        if wanted == theirs or (not theirs and _says(wanted, question)):
            body = None if wanted == names else _reordered(answer.body, order)
            return replace(answer, label=":".join(wanted), body=body, left=None) if body else answer
    return answer


def of_other_names(answer: Labelled, question: str) -> bool:
    """Whether a ratio is of other names than the one that the question has: AC/BD where AB/CD is asked for."""
    names = ratio_of_names(answer.label)
    asked_for = _ASKED.search(question[-_READ:]) if 2 <= len(names) <= _MOST else None
    return asked_for is not None and not any(_says(some, question) for some in permutations(names))


def _of_a_segment(name: str) -> str:
    """AB of BA: the two letters of a segment in their order."""
    return "".join(sorted(name)) if re.fullmatch(r"[A-Z]{2}", name) else name


def _says(names: tuple[str, ...], question: str) -> bool:
    """Whether a question has the ratio of these names, in this order."""
    said = re.sub(r"[${}]|\\(?:text|mathrm|[,; ])", "", question[-_READ:])
    said = re.sub(r"(?<![A-Za-z])[A-Z]{2}(?![a-z])", lambda m: _of_a_segment(m[0]), said)
    joined = r"(?:\s?[:/]\s?|\s{1,3}to\s{1,3})".join(map(re.escape, names))
    over = rf"|frac\s?{re.escape(names[0])}\s?{re.escape(names[1])}" if len(names) == 2 else ""
    return re.search(rf"(?:(?<![a-zA-Z\\]){joined}{over})(?!\w)", said) is not None


def _reordered(body: Answer, order: tuple[int, ...]) -> Answer | None:
    """The terms of a ratio in another order, or one over a number; None for any other value."""
    if isinstance(body, Ratio) and len(body.terms) == len(order):
        return replace(body, terms=tuple(body.terms[i] for i in order))
    if len(order) == 2 and isinstance(body, Value) and not symbols(body.tree) and body.tree != num(0):
        return Value(Tree("div", (num(1), body.tree)))
    return None
