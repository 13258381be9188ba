"""Over what a parameter runs: "k \\in \\mathbb{Z}", "n is a positive integer", "m \\in \\mathbb{Z}_{\\ge 0}".

The naturals begin at 0 or at 1, as the author likes: they are a domain of their own here, which only equals itself.
"""

from __future__ import annotations

import re
from enum import Enum
from fractions import Fraction

from ampo.verify.text.phrases import plain


class Domain(Enum):
    """What a letter of an answer runs over."""

    INTEGERS = "integers"
    FROM_0 = "integers from 0"
    FROM_1 = "integers from 1"
    NATURALS = "naturals"
    REALS = "reals"


_NAME = r"(?<![a-zA-Z\\])[a-zA-Z](?![a-zA-Z])"
_LETTER = r"\\?(?:mathbb\s*\{?\s*)?([ZNRQC])(?![a-zA-Z])\s*\}?"
_SUFFIX = r"(\s*[\^_]\s*(?:\{[^{}]{1,12}\}|[-+*\d]))?"
_MEMBER = re.compile(rf"({_NAME}(?:\s*,\s*{_NAME})*)\s*\\in\s*{_LETTER}{_SUFFIX}")
_KINDS = "positive integer|non-?negative integer|natural number|real number|whole number|integer|real"
_WHOLE = re.compile(r"integer|whole number|natural|rational|\\mathbb|digits?\b", re.IGNORECASE)
_WHOLE_CONSTANT = re.compile(
    r"(?<![a-zA-Z])[a-c]\s?\$? is an? (?:arbitrary |any |positive )*(?:integer|natural|rational)"
)
_EXCLUDED = re.compile(r",\s*[kmn]\s*\\ne\s*-?\d")
_WORDED = re.compile(rf"({_NAME})\s*(?:is|being|be|denotes)?\s*(?:an?|any|some)?\s*(?:arbitrary)?\s*\b({_KINDS})s?")
_QUANTIFIED = re.compile(rf"(?:any|some|all|each|every)?\s*\b({_KINDS})s?\s+({_NAME})")
_LEAD = re.compile(r"^(?:for (?:some|any|all|every)|for|where|with|\\forall)?\s+", re.IGNORECASE)
_FROM = re.compile(rf"({_NAME})\s*(>|\\ge|>=)\s*(-?\d)")
_SIGN = r"(?:[<>]=?|\\(?:ge|le|geq|leq|ne|neq|gt|lt)(?![a-zA-Z]))"
_NUMBER = r"-?\d+(?:\.\d+|/\d+)?"
_BOUND = re.compile(
    rf"\b(?:for|where|with|when|if|whenever)\b\s*(?:some|any|all|every|each)?\s*(?:real |constant |numbers? )*"
    rf"(?:{_NAME}\s*({_SIGN})\s*({_NUMBER})|({_NUMBER})\s*({_SIGN})\s*{_NAME})(?![\w.^*/+-])"
)
_CONDITION = re.compile(
    r"\b(?:where|with|such that)\b[^=]{0,120}?(\\?[a-zA-Z]{1,12}\([a-z]\))\s?=\s?(-?\d{1,9})(?![\w.])"
)
_ASCII = {"ge": ">=", "geq": ">=", "le": "<=", "leq": "<=", "gt": ">", "lt": "<", "neq": "ne"}
_TURNED = str.maketrans("<>", "><")
_ANYWHERE = re.compile(rf"{_MEMBER.pattern}|\b({_KINDS})s?\b")
_BETWEEN = re.compile(r"\b(positive|non-?negative)\s+(odd|even|prime|square|perfect|composite)\s+(?=integer)")
_SUFFIXES = {
    "": Domain.INTEGERS,
    "+": Domain.FROM_1,
    ">0": Domain.FROM_1,
    "\\ge1": Domain.FROM_1,
    "\\ge0": Domain.FROM_0,
    "+0": Domain.FROM_0,
    "0+": Domain.FROM_0,
}
_NATURAL_SUFFIXES = {"": Domain.NATURALS, "0": Domain.FROM_0, "*": Domain.FROM_1, "+": Domain.FROM_1}
_BY_WORD = {
    "positive integer": Domain.FROM_1,
    "nonnegative integer": Domain.FROM_0,
    "non-negative integer": Domain.FROM_0,
    "natural number": Domain.NATURALS,
    "whole number": Domain.NATURALS,
    "integer": Domain.INTEGERS,
    "real number": Domain.REALS,
    "real": Domain.REALS,
}


def declaration(text: str) -> tuple[str, Domain] | None:
    """The name and its domain of a text that declares one parameter and says nothing else; None for any other text."""
    bare = _LEAD.sub("", " " + plain(text)).strip(" ,.()")
    head, _, bound = bare.partition(",")
    m = _MEMBER.fullmatch(head.strip())
    if m and len(m[1]) == 1:
        return _bounded(m[1], _domain(m[2], m[3] or ""), bound.strip())
    m = _WORDED.fullmatch(bare)
    if m:
        return m[1], _BY_WORD[m[2]]
    m = _QUANTIFIED.fullmatch(bare)
    return (m[2], _BY_WORD[m[1]]) if m else None


def bounded(text: str) -> bool:
    """Whether a text's parameter begins somewhere, so that k + 1 leaves a member out: k \\in \\mathbb{N}, k \\ge 0."""
    return bool(_stated(text) & {Domain.FROM_0, Domain.FROM_1, Domain.NATURALS} or _FROM.search(plain(text)))


def compatible(gold: str, answer: str) -> bool:
    """Whether two texts may mean parameters of one domain: not where each states one, and they differ."""
    a = _stated(gold)
    b = _stated(answer) if len(a) == 1 else frozenset()
    if len(b) != 1 or a == b:
        return True
    return Domain.NATURALS in a | b and not {Domain.INTEGERS, Domain.REALS} & (a | b)


def narrowed(gold: str, answer: str, question: str) -> bool:
    """Whether an answer alone says that its name runs over less than the gold's: x > 5 with x in Z, k pi with k in N.

    A whole parameter of a family need not be declared; nor need what the question says."""
    if _ANYWHERE.search(plain(gold)) or "\\mathbb" in gold or _WHOLE.search(question):
        return False
    if (_EXCLUDED.search(plain(answer)) and "\\ne" not in gold) or _WHOLE_CONSTANT.search(plain(answer)):
        return True
    for m in _MEMBER.finditer(plain(answer)):
        name, domain = m[1].split(",")[0].strip(), _domain(m[2], m[3] or "")
        if name in "xyzts" and m[2] in "ZNQ":
            return True
        if (
            name not in "xyzts"
            and (m[2] in "NRQ" or domain is not Domain.INTEGERS)
            and re.search(rf"{name}\s*\\pi|\\pi\s*{name}", answer)
        ):
            return True
    return False


def same_bounds(gold: str, answer: str) -> bool:
    """Whether two texts may bound their one name alike: not where each has a condition, and they differ: "for a > 0",
    "for a > 1"."""
    a, b = (_CONDITION.findall(plain(text)) for text in (gold, answer))
    if len(a) == len(b) == 1 and a[0][0] == b[0][0] and a[0][1] != b[0][1]:  # with f(a) = 0, with f(a) = 5
        return False
    a, b = (_BOUND.findall(plain(text)) for text in (gold, answer))
    if len(a) != 1 or len(b) != 1:
        return True
    return _bound(a[0]) == _bound(b[0]) or any(_ANYWHERE.search(plain(text)) for text in (gold, answer))


def _bound(found: tuple[str, str, str, str]) -> tuple[str, Fraction]:
    """The sign as it stands behind the name, and the number."""
    sign = _ASCII.get((found[0] or found[3]).strip("\\"), found[0] or found[3])
    return sign if found[0] else sign.translate(_TURNED), Fraction(found[1] or found[2])


def in_one_order(text: str) -> str:
    """Positive odd integers as odd positive integers."""
    return _BETWEEN.sub(r"\2 \1 ", text)


def _bounded(name: str, domain: Domain | None, bound: str) -> tuple[str, Domain] | None:
    """A domain with a bound on the name: k \\in Z, k \\ge 0."""
    if domain is None or not bound:
        return None if domain is None else (name, domain)
    m = _FROM.fullmatch(bound)
    if m is None or m[1] != name or domain is not Domain.INTEGERS:
        return None
    first = int(m[3]) + (m[2] == ">")
    return (name, Domain.FROM_0 if first == 0 else Domain.FROM_1) if first in (0, 1) else None


def _domain(letter: str, suffix: str) -> Domain | None:
    suffix = re.sub(r"[\s^_{}]|\\(?:geqslant|geq?)(?![a-zA-Z])", lambda m: "\\ge" if m[0][0] == "\\" else "", suffix)
    if letter == "Z":
        return _SUFFIXES.get(suffix)
    if letter == "N":
        return _NATURAL_SUFFIXES.get(suffix)
    return Domain.REALS if letter == "R" and not suffix else None


def _stated(text: str) -> frozenset[Domain]:
    """The domains of the parameters of a text; x, y and z are what is asked for."""
    found: set[Domain] = set()
    for m in _ANYWHERE.finditer(in_one_order(plain(text))):
        domain = _BY_WORD[m[4]] if m[4] else _domain(m[2], m[3] or "")
        if domain is not None and (m[4] or m[1] not in "xyz"):
            found.add(domain)
    return frozenset(found)
