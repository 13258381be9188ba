"""Whether a statement tells of what a question sets against what it asks for: the opposite, the other of two, another
measure, several where one is asked about, a count where money is, somebody whom the question doesn't know.

Each function says whether a statement contradicts what is asked (`ampo.verify.question.contradiction`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from ampo.verify.question.case import Case
from ampo.verify.question.roots import is_past, numbers, root, roots
from ampo.verify.question.wording import SILENT
from ampo.verify.text.units import is_unit_word

LEAD = re.compile(r"^\W*(?:at|for|with|since|as|if|in|after|over|because)\b[^,]*,", re.IGNORECASE)
_PAID_TO = re.compile(r"\b(?:was|were|is|are|be|been|gets?|got) paid\b", re.IGNORECASE)
_SHAPES = roots(
    "area perimeter circumference radius diameter volume width height numerator denominator average mean median mode"
)
_MEASURES = _SHAPES | roots(
    "product difference quotient remainder probability reciprocal percent percentage ratio"
)  # a sum is of all
_SUM = roots("sum total")
_OPPOSITES = tuple(
    (roots(one), roots(other))
    for one, other in (
        (
            "earn make profit gain receive raise income revenue collect win",
            "spend pay cost owe lose loss expense fee charge save",
        ),
        ("profit gain earn make", "price revenue sell cost expense"),
        ("left leave remain keep", "use eat give sell spend lose cost donate take remove break throw pay"),
        ("give donate lend send", "receive keep own"),
        ("buy", "sell"),
        (
            "largest greatest maximum longest highest most oldest biggest tallest",
            "smallest least minimum shortest lowest fewest youngest",
        ),
        (
            "more increase longer older higher heavier faster gain",
            "less fewer decrease shorter younger lower lighter slower loss",
        ),
        (
            "boy boys man men male brother father son husband",
            "girl girls woman women female sister mother daughter wife",
        ),
        ("even", "odd"),
        ("win", "lose"),
        ("start begin open leave depart", "end finish close stop arrive"),
        ("black", "white"),
        ("correct right", "wrong incorrect"),
        ("up uphill upstream upward upstairs ascent", "down downhill downstream downward downstairs descent"),
    )
)
_ENUMERATED = re.compile(
    r"(?:\d[\d,.]*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve)) (?P<a>[a-z]+)(?: [a-z]+)?"
    r"(?:,? and|,) (?:the (?:rest|others) (?:are )?)?"
    r"(?:(?:\d[\d,.]*|one|two|three|four|five|six|seven|eight|nine|ten|twelve) )(?P<b>[a-z]+)"
)
_ONE_OF = re.compile(r"\b(?:per|each|every|one|a single) ([a-z]+)", re.IGNORECASE)
_EACH = re.compile(r"\b(?:per|each|every|apiece)\b", re.IGNORECASE)
_WITHOUT_VERB = re.compile(
    r"(?:^\W*|[,;]\s)(?:and|while|but)\s(?P<who>(?:his|her|their|its|the|[A-Z][a-z]+)(?:\s[a-z]*(?:[a-rt-z]|"
    r"ss)){0,3})\s*$"
)
_VERBS = roots("be have do will would can could shall should must may might")
_COUNT = re.compile(r"\b(?:number|count) of (?:the )?([a-z]+)", re.IGNORECASE)
_MONEY = roots("dollars cents euros coins bills pounds")
_NAME = re.compile(r"(?<=[a-z] )[A-Z][a-z]{2,}\b")
_KNOWN_NAMES = roots(
    "January February March April May June July August September October November December Monday Tuesday Wednesday "
    "Thursday Friday Saturday Sunday Celsius Fahrenheit Kelvin Step Equation Case Pythagorean Theorem English"
)


def opposite(case: Case) -> bool:
    """Spent, where it is asked what is left; the smallest for the largest."""
    said = roots(_PAID_TO.sub(" ", LEAD.sub("", case.statement.before)) + " ; " + case.statement.after)
    asks = case.wanted.words
    return any(
        said & a and asks & b and not asks & a and not said & b
        for one, other in _OPPOSITES
        for a, b in ((one, other), (other, one))
    )


def of_the_others(case: Case) -> bool:
    """Defective, where it is asked for the good ones of "7 good bulbs and 3 defective ones"."""
    asks = case.wanted.words
    for pair in _enumerated(case.question):
        for mine, other in (pair, pair[::-1]):
            if mine in asks and other not in asks and other in case.said and mine not in case.said:
                return True
    return False


@lru_cache(maxsize=1024)
def _enumerated(question: str) -> tuple[tuple[str, str], ...]:
    """What a question counts side by side."""
    found = ((m["a"], m["b"]) for m in _ENUMERATED.finditer(" ".join(question.split())))
    return tuple((root(a), root(b)) for a, b in found if a != b and not is_unit_word(a) and not is_unit_word(b))


def measure(case: Case) -> bool:
    """The radius, where the diameter is asked for."""
    before = case.statement.before
    told, asks = roots(before) & _MEASURES, case.wanted.words & (_MEASURES | _SUM)
    if roots(before) & _SUM and asks & _MEASURES - roots("product") and not asks & _SUM:
        return True
    if told and asks and not told & asks:
        return True
    subject = _measured(before)
    return subject is not None and bool(asks & _SHAPES) and subject not in asks


def _measured(before: str) -> str | None:
    """What a statement measures: radius of "doubling the diameter, the radius of the circle is"."""
    for clause in reversed(re.split(r"[,;:]\s", before)):
        bare = re.sub(r"[a-z]+ (?:of )?\\?\$?\d[\d.,]*", " ", clause)  # with radius 7
        told = [root(word) for word in re.findall(r"[a-z]+", bare.lower()) if root(word) in _SHAPES]
        if told:
            return told[0]
    return None


def of_several(case: Case) -> bool:
    """Nine candles, where it is asked for one."""
    if _EACH.search(case.statement.words):
        return False
    ones = {root(noun) for noun in _ONE_OF.findall(case.wanted.text) if not is_unit_word(noun)}
    told = numbers(case.statement.words) - numbers(case.question)
    return any(noun in ones and number != "1" for number, noun in told)


def count(case: Case) -> bool:
    """The number of friends, where a sum of money is asked for."""
    m = _COUNT.search(case.statement.before) if case.wanted.money else None
    return m is not None and root(m[1]) not in _MONEY


def elliptical(case: Case) -> bool:
    """The second of "she receives $32, and her big sister $64", where that isn't who is asked about."""
    m = _WITHOUT_VERB.search(case.statement.before)
    if m is None or any(is_past(word) for word in m["who"].split()[1:]) or roots(m["who"]) & _VERBS:
        return False
    return not _names(m["who"], case)


def _names(who: str, case: Case) -> bool:
    """Whether each word of a name is one of those that ask."""
    return roots(who) - SILENT <= case.wanted.words


def stranger(case: Case) -> bool:
    """A name that the question doesn't have, where it is about persons."""
    known, question = case.wanted.persons, case.question.lower()
    names = [name for name in _NAME.findall(case.statement.words) if not roots(name) & (SILENT | _KNOWN_NAMES)]
    return any(name.lower() not in question for name in names) and any(name in question for name in known)
