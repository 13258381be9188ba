"""Whether a statement is of the amount that is asked for: what is counted or measured, its unit, its rate.

Each function says whether it agrees in one feature of `ampo.verify.question.agreement`.
"""

from __future__ import annotations

import re

from ampo.verify.question.ask import Ask
from ampo.verify.question.asked import asked
from ampo.verify.question.case import MARKED, Case, noun_behind
from ampo.verify.question.roots import root, roots
from ampo.verify.question.wording import COMPARES, PERIODS, UNTOLD, same
from ampo.verify.text.units import Unit, is_unit_word
from ampo.verify.text.units import unit as unit_named

A_PERIOD = re.compile(
    rf"\b(?:(?:per|each|every|an?) (?:{PERIODS})|hourly|daily|weekly|monthly|yearly|annual(?:ly)?)\b", re.IGNORECASE
)
_RATE = re.compile(
    rf"\b(?:per|each|every|apiece|hourly|daily|weekly|monthly|yearly|an? (?:{PERIODS}))\b", re.IGNORECASE
)
_A_PERIOD_OF = re.compile(rf"\b(?:{PERIODS})(?=s?\b)", re.IGNORECASE)
_NEEDS = roots("need needs still difference short")
_PLAIN_MONEY = roots("money dollars cents price cost pay wage salary bill income earnings")
_LABELLED = (":", "→", "->", "=>")
_NUMBER_OF = (
    r"\b(?:number of|of|amount of|count of|total)\s(?:(?!(?:with|in|on|at|for|from|by|that|who|which|to)\b)\S+\s)"
)
_MONEY = re.compile(r"[$€£¥]|\b(?:dollars?|cents?|bucks|usd)\b", re.IGNORECASE)
_VALUE_UNIT = re.compile(r"\d[\d,.]*\s*(?:\\text\s*\{)?\s*([A-Za-z]+(?:\s(?:per|/)\s?[A-Za-z]+)?)")
_CLOCK = re.compile(r"\d:\d\d")
_CURRENCIES = {"dollar", "euro", "sterling", "yen", "yuan", "rupee", "ruble"}


def noun(case: Case) -> bool:
    """What stands behind the value is what is counted; a value without a noun is of what is counted."""
    statement, wanted = case.statement, case.wanted
    behind = roots(" ".join(noun_behind(statement.after)))
    if not wanted.counts:
        other = behind & wanted.words and not behind & wanted.head
        return not other or (not wanted.money and bool(wanted.head & case.said) and not behind & wanted.people)
    if wanted.head & roots(statement.value):
        return behind <= wanted.words
    if behind & wanted.words:
        return bool(behind & wanted.head)
    named = bool(wanted.head & roots(statement.before))
    return not named or statement.before.rstrip(" *|$").endswith(_LABELLED) or _is_of_it(statement.before, wanted)


def _is_of_it(before: str, wanted: Ask) -> bool:
    """The number of NOUN is 5; of her 40 NOUN she keeps 5; the most NOUN that he makes is 5."""
    nouns = "|".join(w for w in re.findall(r"[A-Za-z]+", before) if root(w) in wanted.head)
    most = rf"\b(?:most|fewest|least|maximum|greatest|largest)\s(?:\S+\s)?(?:{nouns})\b.*\b(?:is|was)\s*$"
    counted = rf"{_NUMBER_OF}{{0,4}}?(?:{nouns})\b"
    return any(re.search(pattern, before, re.IGNORECASE) for pattern in (most, counted))


def unit(case: Case) -> bool:
    """The value's unit measures what is asked for."""
    value, wanted = case.statement.value, case.wanted
    found, money = unit_of(value), is_money(value)
    if wanted.money:
        return money or found is None
    if wanted.counts:
        units = asked(wanted.text).units
        if not units:
            return not money and (found is None or bool(roots(value) & wanted.head))
        if money:
            return any(name in _CURRENCIES for u in units for name, _ in u.dims)
        return found is None or any(u.dims == found.dims for u in units)
    if wanted.measures:
        return not money and (found is None or found.dims in [((base, 1),) for base in wanted.measures])
    return True


def is_money(value: str) -> bool:
    """Whether it is a sum of money."""
    return _MONEY.search(MARKED.sub(r"\1", value)) is not None


def unit_of(value: str) -> Unit | None:
    """The unit behind a number, where it is known."""
    m = None if _CLOCK.search(value) else _VALUE_UNIT.search(value)
    if m is None or not all(map(is_unit_word, re.findall(r"[A-Za-z]+", m[1].replace("per", "")))):
        return None
    found = unit_named(m[1])
    return found if found is not None and found.known else None


def rate(case: Case) -> bool:
    """A share of each is told where it is asked for, and only there.

    What a day brings may be told without the day, where the question speaks of days alone.
    """
    rate = _RATE.search(f"{case.statement.value} {case.statement.words}") is not None
    if rate and not _RATE.search(case.wanted.text):
        return False
    if rate or not case.told:
        return True
    periods = {m[0].lower() for m in _A_PERIOD_OF.finditer(case.question)}
    return not case.wanted.shared and (len(periods) < 2 or not A_PERIOD.search(case.wanted.text))


def comparison(case: Case) -> bool:
    """What is asked how much more it is, is told to be more, or needed."""
    return not (case.told and case.wanted.main & COMPARES) or bool(case.said & (COMPARES | _NEEDS))


def measure(case: Case) -> bool:
    """Where a measure is asked for, no other thing is told without it: a radius, not the tank's 5."""
    wanted = case.wanted
    if wanted.counts or not wanted.head or not case.told:
        return True
    plain = wanted.head & (_PLAIN_MONEY if wanted.money and "how" in wanted.words else UNTOLD)
    return bool(plain) or bool(same(wanted.head) & (case.said | roots(case.statement.value)))
