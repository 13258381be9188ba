"""Whether a sentence tells the result of a response of something else than the question asks for.

Asked where a response ends in a value that it worked out (`ampo.verify.find.arrival`). There the words are free, and
only what contradicts the question counts: another thing, person, unit, rate or time, the opposite, a part. A table, a
function a row; each says whether a statement contradicts what is asked. Other unmarked values are asked for more
(`ampo.verify.question.subject`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ampo.verify.question import amounts, contrast
from ampo.verify.question.agreement import AGREE
from ampo.verify.question.ask import ask
from ampo.verify.question.asked import PERCENTAGE, asked, mentioned
from ampo.verify.question.case import Case, Statement, noun_behind
from ampo.verify.question.roots import roots
from ampo.verify.question.wording import COMPARES, GRAMMAR, LEFT, PERIODS, SILENT, SUMS, same
from ampo.verify.text.languages import FOREIGN
from ampo.verify.text.words import any_of

_AGREES = ("another role", "another letter", "without the denial")
_OTHER_WORDS = re.compile(
    r"\b(?:de|del|la|el|los|las|que|por|para|en|una|il|di|che|le|les|des|et|est|du|und|der|das|ist|zu|ein|eine|"
    r"mit|von|da|uma|bu|tiene|hay|cada)\b",
    re.IGNORECASE,
)
_RATE = re.compile(
    rf"\b(?:per|each|every|apiece|daily|weekly|monthly|yearly|hourly|an? (?:{PERIODS}))\b", re.IGNORECASE
)
_EACH_OF = re.compile(r"\b(?:each|every) ([a-z]+)", re.IGNORECASE)
_PERIODS = re.compile(rf"\b(?:{PERIODS})|\b(?:week|month|year|hour)(?=ly)", re.IGNORECASE)
_A_PERIOD = re.compile(rf"\b(?:per|each|every|an?) ({PERIODS})|\b(?:week|month|year|hour)ly", re.IGNORECASE)
_ACTS = re.compile(r"(?:^|[.?!] )([A-Z][a-z]+)(?= [a-z]+(?:ed|es|s|ave|ad|ent|ought|old|an|ook|ot|as)\b)")
_OF_SEVERAL = re.compile(
    r"\b(?:every|each|per|in|over|for|after|during)(?: (?:his|her|their|its|the|a))? "
    r"(?:\d+|two|three|four|five|six|seven|eight|ten) \w+",
    re.IGNORECASE,
)
_CLAUSES = re.compile(r"[,;:]\s|\s(?:and|so|that['’]s|which)\s")
_OPERATION = re.compile(r"(?<![\d.,])\d[\d,.]*+(?:\s[a-z]{1,20}){0,5}\s?[-+*/x×÷−]\s?\$?\d")
_SIDES = re.compile(r"[=≈]")
_LEFT = re.compile(r"\b(?:left|remain\w*|leftover|still (?:has|have|needs?|must|got))\b", re.IGNORECASE)
_IS_THERE = re.compile(r"\b(?:is|are) (?:there|now|in|on|at)\b|\bnow\b", re.IGNORECASE)
_HAS_DONE = re.compile(r"\b(?:has|have|had) (?:\w+ ){1,3}?\w+(?:ed|en|own|one|un|old|ent|ought)\b", re.IGNORECASE)
_TOGETHER = re.compile(r"\b(?:and|together|combined|altogether|total)\b", re.IGNORECASE)
_OCCURRENCES = roots("times")
_SUMMED = re.compile(r"\W*(?:\w+\s){0,2}?(?:together|combined|between them)\b", re.IGNORECASE)
_CALENDAR = roots(
    "January February March April May June July August September October November December "
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
)
_NEEDS = roots("need must should more complete finish additional")
_CONDITION = re.compile(r"^\W*(?:if|since|because|when|as)\b[^,]*,(?:\sthen)?|^.*\bto find\b", re.IGNORECASE)
_PAID = roots("cost spend earn pay profit price money dollars save owe charge bill salary income revenue")
_INSIDE = re.compile(r"[A-Za-z]\s(?:thus|therefore|hence|consequently|so|then),?\s*$", re.IGNORECASE)
_EARLIER = roots("ago yesterday previously originally initially before already formerly beforehand")
_ALONE = roots("alone single individual individually itself solely merely")
_JUST = re.compile(
    r"\b(?:just|only) (?:the|for|of)\b|\b(?:first|second|last|other) (?:part|half|leg|portion)\b", re.IGNORECASE
)
_ORDINALS = re.compile(r"\b(?:\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|last|next|other)\b", re.IGNORECASE)
_WHEN = re.compile(
    r"\b(?:weekdays?|weekends?|mornings?|afternoons?|evenings?|nights?|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|"
    r"when)\b",
    re.IGNORECASE,
)
_SUM_OF_NUMBERS = re.compile(r"\d (?:plus|minus|times|divided by) \d", re.IGNORECASE)  # 8 times 5 is
_CALCULATED = any_of("calculates")
_PERCENT = re.compile(r"%|\bper ?cent", re.IGNORECASE)


def contradiction(statement: Statement, question: str, new: bool) -> str | None:
    """What a statement tells that the question doesn't ask for; None where nothing contradicts it.

    Args:
        statement: what is said around a value that was worked out.
        question: what was asked.
        new: whether the value stands nowhere before (`ampo.verify.find.arrival.is_new`). Any other must be told in some
            word of what is asked, or in none at all.
    """
    wanted = ask(question)
    inside = _INSIDE.search(statement.earlier) is not None  # Harry thus gets 20
    noun = roots(" ".join(noun_behind(statement.after)[:1]))
    behind = roots(statement.after) - SILENT - noun  # Wednesday of "13 miles on Wednesday"
    said_first = statement.earlier if inside or not (roots(statement.before) - SILENT or behind) else ""
    statement = statement._replace(before=_CONDITION.sub("", f"{said_first} {statement.before}".strip()))
    said = roots(statement.words)
    case = Case(statement, said, wanted, True, question)
    told = said | roots(statement.value)
    if not new and said - SILENT - SUMS and not told & (same(wanted.words) - GRAMMAR):
        return "told of something else: nothing that is asked"
    if other := next((what for what, tells in CONTRADICTS.items() if tells(case)), None):
        return f"told of something else: {other}"
    return next((f"told of something else: {what}" for what in _AGREES if not AGREE[what](case)), None)


def _language(case: Case) -> bool:
    words = case.statement.words
    return len(_OTHER_WORDS.findall(words)) > 1 or any(
        FOREIGN.search(word) and word not in case.question for word in words.split()
    )


def _thing(case: Case) -> bool:
    """Packs, where pens are asked for: the noun behind the value is another one of the question's."""
    wanted, behind = case.wanted, noun_behind(case.statement.after)
    if (
        not behind
        or (wanted.counts and not wanted.head)
        or wanted.head & roots(" ".join((case.statement.value, *behind)))
    ):
        return False
    noun = (roots(behind[0]) - _OCCURRENCES) & roots(case.question)
    if noun & wanted.words and wanted.counts:
        return True
    other = noun - (frozenset() if wanted.money else same(wanted.words))
    of = re.match(r"\W*\w+ of\b", case.statement.after)
    return bool(other) and (wanted.counts or wanted.money or of is not None)


def _some(case: Case) -> bool:
    """One of two whom the question asks about together."""
    people = case.wanted.people - _CALENDAR
    told = case.said & people
    return bool(told) and told < people and _TOGETHER.search(case.wanted.text) is not None


def _total(case: Case) -> bool:
    """All together, where one of them is asked about."""
    summed = _SUMMED.match(case.statement.after) is not None
    return summed and bool(case.wanted.people) and not _TOGETHER.search(case.wanted.text)


def _name(case: Case) -> bool:
    """Somebody or something with a name in the question that isn't asked about, and none that is."""
    asked_about = case.wanted.stands_in | case.wanted.people | _names(case.wanted.text)
    told = roots(case.statement.words) & (_names(case.question) | case.wanted.persons & roots(case.question))
    told -= roots(case.wanted.text) - asked_about
    if case.wanted.needed and told and told <= case.wanted.people - case.wanted.needed:
        return True  # than whom somebody else is asked about
    return bool(asked_about and told - asked_about) and not told & asked_about


def _names(text: str) -> frozenset[str]:
    text = " ".join(text.split())
    return roots(" ".join(re.findall(r"(?<![.?!:] )(?<!^)\b[A-Z][a-z]+", text) + _ACTS.findall(text))) - SILENT


def _unit(case: Case) -> bool:
    """Dollars for a count, a length for a sum; hours, where the question speaks of minutes alone."""
    wanted, value = case.wanted, _SIDES.split(re.sub(r"^\$(.*)\$$", r"\1", case.statement.value))[-1]
    if amounts.is_money(value):
        return wanted.counts and not wanted.money and not any(map(amounts.is_money, (wanted.text, *wanted.head)))
    unit = amounts.unit_of(value)
    if unit is None or asked(wanted.text).like(unit):
        return False
    units = asked(wanted.text).units
    if (wanted.money and wanted.words & _PAID) or (wanted.counts and units and all(u.dims != unit.dims for u in units)):
        return True
    alike = [one for one in mentioned(case.question) if one.dims == unit.dims]
    return bool(alike) and unit not in alike


def _rate(case: Case) -> bool:
    """Of each, a day, where all are asked for."""
    asks = case.wanted.text
    if (told := _EACH_OF.search(case.statement.words)) and re.search(rf"\b(?:one|an?|a single) {told[1]}\b", asks):
        return False
    before = _CLAUSES.split(contrast.LEAD.sub("", case.statement.before))[-1]
    if before.rstrip().endswith("=") and (calculation := _OPERATION.search(before)):
        before = before[: calculation.start()].rstrip("$")  # 1245 pounds / 15 pounds per box =
    near = f"{before} {_SIDES.split(case.statement.value)[-1]} {case.statement.after}"
    if not _RATE.search(near) or "average" in asks.lower():
        return False
    condition = case.question.rpartition(asks)[2]  # "if he works for a year"
    periods = {m.lower() for m in _PERIODS.findall(asks + condition)}
    if said := {m.lower() for told in _A_PERIOD.finditer(near) for m in _PERIODS.findall(told[0])}:
        return bool(said - periods) or bool(_OF_SEVERAL.search(asks) and not _OF_SEVERAL.search(near))
    return not _RATE.search(asks)


def _left(case: Case) -> bool:
    """What is left, where something else is counted; what is left to do is what is needed."""
    wanted = case.wanted
    if _IS_THERE.search(wanted.text):
        return False
    told = (wanted.counts or wanted.money) and _LEFT.search(case.statement.words) is not None
    done = roots("have") if _HAS_DONE.search(wanted.text) else frozenset()
    return told and not wanted.words & (same(LEFT) - done | _NEEDS)


def _comparison(case: Case) -> bool:
    """More than another, where that isn't asked."""
    return bool(
        re.search(r"\bthan\b", case.statement.after) and case.said & COMPARES and not case.wanted.words & COMPARES
    )


def _time(case: Case) -> bool:
    return bool(case.said & _EARLIER - same(case.wanted.words) - roots(case.wanted.text))


def _part(case: Case) -> bool:
    """One of several that the question has: the fourth, the platters alone."""
    if case.said & _ALONE - case.wanted.words or _JUST.search(case.statement.words):
        return True
    ordinals = {m.lower() for m in _ORDINALS.findall(case.statement.words)}
    times = {m.lower() for m in _WHEN.findall(case.statement.words)}
    return any(m in case.question.lower() and m not in case.wanted.text.lower() for m in ordinals | times)


def _calculated(case: Case) -> bool:
    asks = (case.question if "=" in case.statement.value else case.wanted.text).lower()
    if _SUM_OF_NUMBERS.search(case.statement.before):
        return False
    return any(m[0].lower() not in asks for m in _CALCULATED.finditer(case.statement.before))


def _share(case: Case) -> bool:
    """Fifty of the teeth, where a percentage is asked for."""
    if not PERCENTAGE.search(case.wanted.text) or _PERCENT.search(case.statement.value + case.statement.words):
        return False
    return bool(noun_behind(case.statement.after)) or case.statement.after.lstrip().startswith("of ")


CONTRADICTS: dict[str, Callable[[Case], bool]] = {
    "another language": _language,
    "another noun": _thing,
    "another name": _name,
    "some of them": _some,
    "all of them": _total,
    "another unit": _unit,
    "another rate": _rate,
    "what is left": _left,
    "the opposite": contrast.opposite,
    "the other of two": contrast.of_the_others,
    "another measure": contrast.measure,
    "of several": contrast.of_several,
    "a count": contrast.count,
    "the next": contrast.elliptical,
    "somebody unknown": contrast.stranger,
    "a comparison": _comparison,
    "another time": _time,
    "a part": _part,
    "a calculation with it": _calculated,
    "no percentage": _share,
}
