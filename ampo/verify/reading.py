"""What each side of a claim was read as, in words for people: the reference answer, and the answer that was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, NamedTuple

from ampo.verify.claim import Claim
from ampo.verify.formula import guard
from ampo.verify.formula.equality import symbols
from ampo.verify.formula.tree import Tree, num
from ampo.verify.judge import extraction
from ampo.verify.kinds import answers
from ampo.verify.kinds.choice import gold_letter
from ampo.verify.rules import Pair
from ampo.verify.text.units import Unit

_LONGEST = 300  # characters of what is said
_CONSTANTS = {"infinity": "∞", "pi": "π"}
_PRECEDENCE = {"add": 1, "neg": 2, "mul": 2, "div": 2, "pow": 3}


class Readings(NamedTuple):
    """gold, answer: each side in words, as "the number 1/2"."""

    gold: str
    answer: str


def readings(claim: Claim) -> Readings | None:
    """Both sides as they are compared; None where the response has no answer. By trees, so only in a worker."""
    if claim.protocol == "official":
        return _official(claim.gold, claim.response)
    answer = extraction(claim).answer
    if answer is None:
        return None
    if refused := guard.refusal(claim.gold) or guard.refusal(answer):
        return Readings(*(_clipped(f"the text {side} ({refused})") for side in (claim.gold, answer)))
    if (letter := gold_letter(claim.gold, claim.kind, claim.options, claim.question)) is not None:
        return Readings(f"the option {letter}", _clipped(f"an option in the text {answer}"))
    pair = Pair(claim.gold, answer, claim.question)
    return Readings(_clipped(told(pair.wanted)), _clipped(told(pair.found)))


def _official(gold: str, response: str) -> Readings:
    """What Math-Verify makes of both."""
    from math_verify import parse

    from ampo.verify.official import with_boxed_answer

    def made(text: str) -> str:
        parsed = parse(text, parsing_timeout=None)  # type: ignore[arg-type]
        return _clipped(str(parsed[0])) if parsed else "nothing"

    return Readings(made(f"${gold}$"), made(with_boxed_answer(response)))


def told(answer: Any) -> str:
    """An answer of any kind in words."""
    tell = _TELL.get(type(answer))
    return tell(answer) if tell else f"a {type(answer).__name__.lower()}"


def formula(tree: Tree) -> str:
    """A formula in one line."""
    match tree.op:
        case "num":
            return _number(tree.value or Fraction(0))
        case "sym":
            return tree.name
        case "add":
            return "".join(_term(part, first=i == 0) for i, part in enumerate(tree.args))
        case "neg":
            return f"-{_within(tree.args[0], 2)}"
        case "mul":
            return "·".join(_within(part, 2) for part in tree.args)
        case "div":
            return f"{_within(tree.args[0], 2)}/{_within(tree.args[1], 3)}"
        case "pow":
            return f"{_within(tree.args[0], 4)}^{_within(tree.args[1], 4)}"
    if not tree.args:
        return _CONSTANTS.get(tree.op, tree.op)
    if tree.op == "root" and tree.args[-1] == num(2):
        return f"√{_within(tree.args[0], 4)}"
    return f"{tree.name or tree.op}({', '.join(map(formula, tree.args))})"


def _term(tree: Tree, first: bool) -> str:
    if first:
        return formula(tree)
    return f" - {_within(tree.args[0], 2)}" if tree.op == "neg" else f" + {formula(tree)}"


def _within(tree: Tree, strength: int) -> str:
    """In brackets where it binds less than so much."""
    fraction = tree.op == "num" and tree.value is not None and tree.value.denominator != 1
    binds = 2 if fraction else _PRECEDENCE.get(tree.op, 5)
    return f"({formula(tree)})" if binds < strength else formula(tree)


def _number(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def _value(value: answers.Value) -> str:
    places = value.quantum is not None and len(str(value.quantum.denominator)) - 1
    notes = [
        f"{places} decimal{'s' if places > 1 else ''}" if places else "",
        "approximate" if value.approximate else "",
        f"unit: {_unit(value.unit)}" if value.unit else "",
        f"of {' '.join(value.noun)}" if value.noun else "",
    ]
    more = ", ".join(note for note in notes if note)
    return f"the {'formula' if symbols(value.tree) else 'number'} {_bare(value)}{f' ({more})' if more else ''}"


def _unit(unit: Unit) -> str:
    powers = " ".join(name if power == 1 else f"{name}^{power}" for name, power in unit.dims)
    return f"{'' if unit.factor == 1 else f'{_number(unit.factor)} '}{powers or 'unknown'}"


def _bare(answer: Any) -> str:
    """A part of an answer: a value without its kind."""
    if isinstance(answer, answers.Value):
        return f"{formula(answer.tree)}{'%' if answer.percent else ''}{'°' if answer.degrees else ''}"
    return told(answer).removeprefix("the ")


def _joined(parts: Iterable[Any]) -> str:
    return "; ".join(map(_bare, parts))


def _piece(piece: answers.Piece) -> str:
    low = "-∞" if piece.low is None else formula(piece.low)
    high = "∞" if piece.high is None else formula(piece.high)
    return f"{'[' if piece.low_closed else '('}{low}, {high}{']' if piece.high_closed else ')'}"


def _proposition(tree: tuple[Any, ...] | str) -> str:
    if isinstance(tree, str):
        return tree
    sign, *terms = tree
    return f"{sign.lstrip(chr(92))}({', '.join(map(_proposition, terms))})"


def _ascending(answer: answers.Ascending) -> str:
    signs = [" < " if strict else " ≤ " for strict in answer.strict]
    return "".join(f"{formula(term)}{sign}" for term, sign in zip(answer.terms, [*signs, ""], strict=False))


_TELL: dict[type, Callable[[Any], str]] = {
    answers.Value: _value,
    answers.Ordered: lambda a: f"in this order {a.opening}{_joined(a.items)}{a.closing}",
    answers.Unordered: lambda a: f"in any order {{{_joined(a.items)}}}{', one of them' if a.alternatives else ''}",
    answers.Region: lambda a: f"the region {a.variable and f'{a.variable} in '}{' ∪ '.join(map(_piece, a.pieces))}",
    answers.Labelled: lambda a: f"{a.label} = {_bare(a.body)}",
    answers.Equation: lambda a: f"the equation {formula(a.left)} = {formula(a.right)}",
    answers.Inequality: lambda a: f"the inequality {formula(a.small)} {'<' if a.strict else '≤'} {formula(a.large)}",
    answers.Ascending: lambda a: f"the chain {_ascending(a)}",
    answers.Matrix: lambda a: f"the matrix [{'] ['.join(_joined(row) for row in a.rows)}]",
    answers.Span: lambda a: f"all that is spanned by {'; '.join(', '.join(map(_number, v)) for v in a.vectors)}",
    answers.Piecewise: lambda a: f"cases: {'; '.join(f'{_bare(v)} where {_bare(c)}' for v, c in a.cases)}",
    answers.Ratio: lambda a: f"the ratio {' : '.join(map(formula, a.terms))}",
    answers.Residues: lambda a: f"{', '.join(map(str, a.members))} modulo {a.modulus}",
    answers.Image: lambda a: f"all {_bare(a.value)} for {a.parameter} in the {a.domain.value}",
    answers.Phrase: lambda a: f"the words “{a.words}”",
    answers.Proposition: lambda a: f"the formula {_proposition(a.tree)}",
    answers.Unread: lambda a: f"not read, left to sympy: {a.text}",
    answers.Broken: lambda a: f"contradicts itself: {a.text}",
}


def _clipped(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
