"""The features in which a statement must agree with what is asked: a table, a function a row.

Each says whether it does. What a statement leaves out altogether is no disagreement ("So it is 18"), what it tells in
part is: one of two people, half of a range, the planet's diameter for that of its image.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import dropwhile

from ampo.verify.question import amounts
from ampo.verify.question.ask import Ask
from ampo.verify.question.asked import another_name
from ampo.verify.question.case import MARKED, PRONOUN, Case, noun_behind
from ampo.verify.question.roots import formulas, numbers, root, roots
from ampo.verify.question.wording import (
    ALIKE,
    COMPARES,
    GRAMMAR,
    HAVE,
    LEFT,
    NUMERALS,
    SHARES,
    SILENT,
    SUMS,
    UNTOLD,
    same,
)

_LASTING = re.compile(r"(?:second|minute|hour|day|week|month|year|decade)s?")
_FUTURE = re.compile(r"\b(?:will|would|then)\b", re.IGNORECASE)
_THEN = re.compile(r"\b(?:before|after|currently|end|beginning|start|originally|initially)\b", re.IGNORECASE)
_LATE = {"after", "end"}  # where the question ends: may be left out
_NOT = re.compile(r"\b(?:not|no|never|neither|without|non)\b|n['’]t\b", re.IGNORECASE)
_STANDS_FOR = re.compile(r"\b(?:he|she|it|they|his|her|its|their)\b", re.IGNORECASE)
_FIRST = re.compile(
    r"\W*(?:(?:first|next|finally)(?:,\s|\s(?=I\b|we\b|let\b)))?"
    r"(?:(?:since|because|as|and|so|then|if|when|the|a|an|his|her|their|its|now|but)\s)*([A-Za-z'’-]+)",
    re.IGNORECASE,
)
_TRANSFERS = roots("give pay owe lend sell send beat pass teach tell exceed outscore donate")
_MAY_MISS = (
    GRAMMAR
    | SUMS
    | SHARES
    | COMPARES
    | NUMERALS
    | UNTOLD
    | roots(
        """
        how many much big large what which who whose when where find compute calculate determine evaluate solve
        give list simplify express factor write estimate state long old far tall high wide deep fast often most
        least fewest greatest
        smallest largest highest lowest maximum minimum shortest longest cheapest randomly selected chosen celsius
        fahrenheit have possible different now get dollar dollars whole
        """
    )
)
_LETTER = re.compile(r"(?<![\w$\\^°/])([A-HJ-Z])(?![\w(=^$])")
_ARTICLE = re.compile(r"^\W*A(?=\s[a-z])")
_UNIT_LETTER = re.compile(r"^\s?[A-Z]\b")


def _people(case: Case) -> bool:
    """All people that are asked about, or none; of what is joined by "and" both, or neither."""
    wanted = case.wanted
    people, names = case.said & wanted.people, case.said & wanted.stands_in
    if (people and not wanted.needed <= people) or (names and not wanted.stands_in <= names):
        return False
    return all((a in case.said) == (b in case.said) for a, b in wanted.pairs)


def _numbers(case: Case) -> bool:
    """All numbers that are asked about, with what they count, or none; no others."""
    wanted, told, given = case.wanted, numbers(case.statement.words), numbers(case.question)
    for part in wanted.numbers:
        missed = {(number, noun) for number, noun in part if not {(number, noun), (number, "")} & told}
        if missed and (told & part or any(noun in case.said - wanted.head for _, noun in missed)):
            return False
    every = frozenset().union(*wanted.numbers)
    bare = {(number, "") for number, _ in every}
    return all(pair in every | bare or (pair in given and pair[1] in wanted.words - wanted.head) for pair in told)


def _subject(case: Case) -> bool:
    """A pronoun stands for one who is asked about: not for the runner-up of "the runner-up has half, so she has 8"."""
    pronoun, wanted = PRONOUN.match(case.statement.before), case.wanted
    if pronoun is None:
        return True
    person = pronoun[1].lower() in ("he", "she")
    if person and len(wanted.needed) > 1 and not case.said & wanted.people:
        return False
    first = _FIRST.match(case.statement.earlier)
    if first is None or (person and not roots(first[1]) & wanted.persons):
        return True
    return roots(first[1]) <= same(wanted.words) | SILENT | wanted.stands_in | NUMERALS | HAVE


def _order(case: Case) -> bool:
    """What is told of the words that ask is their beginning: the planet's diameter is not that of its image."""
    statement, wanted = case.statement, case.wanted
    if not case.told:
        return True
    elliptic = wanted.counts and not noun_behind(statement.after)  # she keeps nineteen
    whole = wanted.money or elliptic or amounts.unit_of(statement.value) is not None
    said = case.said | (wanted.head if whole else wanted.head & roots(statement.value))
    told = [
        word in said or any(word in row and row & said for row in ALIKE)
        for word in wanted.order
        if word not in _MAY_MISS | wanted.people | wanted.complement
    ]
    if _STANDS_FOR.search(statement.before):  # he spent 300, of what the chef spent
        told = list(dropwhile(lambda said: not said, told))
    return told == sorted(told, reverse=True)


def _left(case: Case) -> bool:
    """What is asked how much is left, is told to be left."""
    return not (case.told and case.wanted.main & LEFT) or bool(case.said & LEFT)


def _time(case: Case) -> bool:
    """What is asked for in or after some time, is told of then."""
    asks, words = case.wanted.text, case.statement.words
    if not case.told:
        return True
    then, told = ({word.lower() for word in _THEN.findall(text)} for text in (asks, words))
    if then - _LATE and not then & told and not case.said & LEFT:
        return False
    if not any(_LASTING.fullmatch(noun) for part in case.wanted.numbers for _, noun in part):
        return True
    both = _FUTURE.search(asks) is not None and _FUTURE.search(words) is not None
    return both or any(_LASTING.fullmatch(noun) for _, noun in numbers(words))


def _roles(case: Case) -> bool:
    """Who gives, and who is given."""
    text = f"{case.statement.before} {case.statement.after}"
    for deed in case.said & case.wanted.words & _TRANSFERS:
        givers, taken = _around(deed, text)[0], _around(deed, case.wanted.text)[1]
        if (roots(givers) & roots(taken)) - SILENT - SUMS:
            return False
    return True


def _around(deed: str, text: str) -> tuple[str, str]:
    """What stands before a deed, and what behind it."""
    for m in re.finditer(r"[A-Za-z]+", text):
        if root(m[0]) == deed:
            return text[: m.start()], text[m.end() :]
    return "", ""


def _formulas(case: Case) -> bool:
    """The formulas beside the value are those that are asked about, and so is the name that it has."""
    wanted, mine = case.wanted, formulas(case.statement.words)
    name, is_, _ = case.statement.value.strip("$ ").replace("≈", "=").partition("=")
    name = name.strip()
    if is_ and (another_name(name, case.question) or (not case.told and _is_introduced(name, wanted, case.question))):
        return False
    asks = "".join(wanted.formulas)
    return mine <= wanted.formulas or (not wanted.counts and all(f"{formula}=" in asks for formula in mine))


def _is_introduced(name: str, wanted: Ask, question: str) -> bool:
    """Whether a name is the response's own, of which it isn't known what it stands for."""
    letters = set(re.findall(r"(?<![A-Za-z\\'])[a-zA-Z](?![A-Za-z'])", name))
    if not letters or wanted.formulas or any(word.startswith(name.lower()) for word in wanted.head):
        return False
    return not any(re.search(rf"(?<![A-Za-z']){letter}(?![A-Za-z'])", question) for letter in letters)


def _labels(case: Case) -> bool:
    """A, B, C of "candidate C" are those that are asked about."""
    statement, wanted = case.statement, case.wanted
    text = f"{_ARTICLE.sub('', statement.before)} {_UNIT_LETTER.sub('', statement.after)}"
    mine = frozenset(_LETTER.findall(MARKED.sub(" ", text)))
    return mine <= wanted.formulas | wanted.labels and (not mine & wanted.labels or wanted.labels <= mine)


def _denial(case: Case) -> bool:
    """Of what is asked about with a "not", nothing is told without it."""
    asks, words = _NOT.search(case.wanted.text), case.statement.words
    if asks is None or _NOT.search(words):
        return True
    denied = case.wanted.text[asks.end() :]
    return not roots(denied) & case.said - GRAMMAR and not numbers(denied) & numbers(words)


AGREE: dict[str, Callable[[Case], bool]] = {
    "another noun": amounts.noun,
    "another unit": amounts.unit,
    "another rate": amounts.rate,
    "another comparison": amounts.comparison,
    "another measure": amounts.measure,
    "other people": _people,
    "other numbers": _numbers,
    "another subject": _subject,
    "a part of what is asked": _order,
    "not what is left": _left,
    "another time": _time,
    "another role": _roles,
    "another formula": _formulas,
    "another letter": _labels,
    "without the denial": _denial,
}
