"""Renaming free symbols: one renaming for the whole answer, and one new name for each old one.

(t, 2t) is (s, 2s), but not (s, 2t); C e^x + 1 is K e^x + 1. A bare symbol is never renamed: where "B" was asked for,
"C" is another answer. The question's own names keep their meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from ampo.verify.formula.equality import mentions, renamings, same, substitute, symbols
from ampo.verify.formula.tree import Tree, num
from ampo.verify.kinds.answers import Answer, Labelled, Matrix, Ordered, Ratio, Unordered, Value

_CONSTANTS = re.compile(r"[cCkKABD](?:_\d)?")
_INTEGRAL = re.compile(r"\bantiderivative|\bindefinite integral|\bintegrate\b|\\int(?![a-zA-Z_])", re.IGNORECASE)
_SOLVES = re.compile(
    r"solv|solution|differential|function|\bgeneral|famil|curve|sequence|recurren|equation|polynomial|determine|all\b"
    rf"|{_INTEGRAL.pattern}",
    re.IGNORECASE,
)
_PARAMETERS = frozenset("knmjlNt")
_VARIABLES = frozenset("xyztuvrsn") | {"theta", "phi", "f"}  # of what has constants of integration
_COUNTERS = frozenset("nkj")
_FREE = frozenset("abdkpqrstuvwxyz") | {"alpha", "beta", "lambda", "mu", "tau"}  # no g, h, c, m: these have a meaning


def ways(gold: Answer, answer: Answer, question: str, integers: bool) -> Iterator[dict[str, str]]:
    """The renamings of the answer's symbols under which it may be the gold.

    Args:
        gold: The reference answer.
        answer: The response's.
        question: The problem's text; a symbol that it asks for keeps its name.
        integers: Whether a text declares a parameter to be a whole number.
    """
    if all(value.tree.op == "sym" for value in _values(gold)) or all(v.tree.op == "sym" for v in _values(answer)):
        return
    a, b = _names(gold), _names(answer)
    only_a, only_b = a - b, b - a
    if any(name.startswith("hat ") for name in only_a | only_b) or _sums_unit_vectors(gold, only_a | only_b):
        return  # another direction, not another name
    constants_a, constants_b = _constants(a), _constants(b)
    differ = bool(only_a or only_b) and only_a <= constants_a and only_b <= constants_b
    numbered = a == b and len(constants_a) > 1 and any("_" in n for n in constants_a)
    others = (a - constants_a) | (b - constants_b)
    arbitrary = _arbitrary(question) and all(n in _VARIABLES or (question and _asked(n, question)) for n in others)
    if (differ or numbered) and constants_a < a and constants_b < b and arbitrary:
        yield from renamings(constants_a, constants_b)
    if isinstance(gold, Labelled) and isinstance(answer, Labelled) and gold.bound and gold.bound == answer.bound:
        parameters = (a - set(gold.bound), b - set(answer.bound))
        if only_a == parameters[0] and only_b == parameters[1] and not _told((a | b) - {*gold.bound}, question):
            yield from renamings(only_a, only_b)
    free = integers and only_a | only_b <= _PARAMETERS
    own = (_is_tuple(gold) and a | b <= _FREE) or a | b <= _COUNTERS
    if free or (question and own and not _told(only_a | only_b, question)):
        yield from renamings(only_a, only_b)


def same_up_to_constant(gold: Value, answer: Value, question: str) -> bool:
    """Whether two antiderivatives, each with one free constant as a term, differ by a number alone.

    Only where an integral is asked for: a general solution may have its constant for a reason."""
    if not _INTEGRAL.search(question):
        return False
    a, b = _without_constant(gold.tree), _without_constant(answer.tree)
    if a is None or b is None or symbols(a) != symbols(b) or not symbols(a):
        return False
    difference = Tree("add", (a, Tree("neg", (b,))))
    return any(
        same(difference, substitute(difference, {n: num(value) for n in symbols(a)})) for value in (Fraction(37, 50), 2)
    )


def _without_constant(tree: Tree) -> Tree | None:
    """A sum without its one term that is a constant of integration."""
    terms = tree.args if tree.op == "add" else ()
    rest = [t for t in terms if not (t.op == "sym" and _CONSTANTS.fullmatch(t.name))]
    used = frozenset(n for t in rest for n in symbols(t))
    return Tree("add", tuple(rest)) if len(rest) == len(terms) - 1 > 0 and not _constants(used) else None


def _sums_unit_vectors(gold: Answer, names: frozenset[str]) -> bool:
    return bool(names & {"j", "k"}) and any(mentions(value.tree, {"i"}) for value in _values(gold))


def _values(answer: Answer) -> list[Value]:
    if isinstance(answer, Value):
        return [answer]
    if isinstance(answer, Ratio):
        return [Value(t) for t in answer.terms]
    if isinstance(answer, Labelled):
        return _values(answer.body)
    if isinstance(answer, (Ordered, Unordered)):
        return [v for i in answer.items for v in _values(i)]
    if isinstance(answer, Matrix):
        return [v for row in answer.rows for c in row for v in _values(c)]
    return []


def _names(answer: Answer) -> frozenset[str]:
    return frozenset(n for value in _values(answer) for n in symbols(value.tree))


def _constants(names: frozenset[str]) -> frozenset[str]:
    """Those that a constant of integration usually has."""
    return frozenset(n for n in names if _CONSTANTS.fullmatch(n))


def _arbitrary(question: str) -> bool:
    """Whether constants may be of integration, as far as a question tells: \\frac{1}{2} k x^2 is a spring's energy."""
    return not question or bool(_SOLVES.search(question))


def _is_tuple(answer: Answer) -> bool:
    """Whether an answer is a tuple, or some: what has parameters of its own, where a formula has the problem's."""
    if isinstance(answer, Labelled):
        return _is_tuple(answer.body)
    if isinstance(answer, Unordered):
        return all(map(_is_tuple, answer.items))
    return isinstance(answer, (Ordered, Matrix))


def _told(names: frozenset[str], question: str) -> bool:
    """Whether the question has one of the names."""
    return any(_asked(name, question) for name in names)


def _asked(name: str, question: str) -> bool:
    return bool(re.search(rf"(?<![a-zA-Z]){re.escape(name.partition('_')[0])}(?![a-zA-Z])", question))
