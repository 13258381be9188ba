"""Times of day and dates: 3:30 p.m. is 15:30, and March 5, 2020 is 5 March 2020.

Which half of the day a time means must be said: by p.m., by an hour past 12, by a leading zero, or by a question that
asks for "the afternoon". A bare 3:30 may be a ratio as well: unless the question speaks of one, only 3:30 is the same
(03:30 and 3:30:00 too), and not 7:60 nor 6:60; nor is a score of 2:1 one of 4:2. 3/5/2020 is two dates, so none.
"""

from __future__ import annotations

import re
from calendar import day_abbr, day_name, month_abbr, month_name
from datetime import date
from math import gcd
from typing import NamedTuple

from ampo.verify.text.phrases import plain

_TIME = re.compile(
    r"(?:at |around )?(\d{1,2})(?:([:.])(\d{2}))?(?::(\d{2}))?\s*"
    r"(?:o'?\s?clock\s*)?((?:in the )?(?:[ap]\.?\s?m\b\.?|noon|midnight|morning|afternoon|evening))?(?:o'?\s?clock)?"
)
_HALF = 12 * 3600
_WORDS = {"noon": _HALF, "midnight": 0}
_ASKED = re.compile(r"\b(?:what|which) time\b|o'clock|\btime of (?:the )?day\b", re.IGNORECASE)
_RATIO = re.compile(r"\bratios?\b|\bproportion|\bodds\b|\bscale\b|[A-Za-z}\d]\s*:\s*\\?[A-Za-z]", re.IGNORECASE)
_FORM = re.compile(r"\bhh?:mm?(?::ss)?\b|\bmm?:ss?\b", re.IGNORECASE)
_SCORE = re.compile(r"\bscore[sd]?\b|\b(?:won|beat|lost)\b|\bgoals?\b", re.IGNORECASE)
_COUNTS = re.compile(r"(\d{1,3})\s*(?::|-|to)\s*(\d{1,3})(?:\s*\((?:a |the )?(?:draw|tie)\))?")
_TWICE = re.compile(r"([^()]{3,20}?)\s*(?:\(|,? i\.e\.,? |, that is,? )([^()]{3,20})\)?")  # 20:34 (8:34 p.m.)
_IN_HOURS = re.compile(r"(\d{1,2})\s?(?:(?:h|hours?)\s?(?=\d)|uhr\s?)(?:(\d{1,2})\s?(?:m|min|minutes?)?)?")
_PART = re.compile(r"\b(?:in the|this|that|next|tomorrow|yesterday) (morning|afternoon|evening)\b", re.IGNORECASE)

_MONTHS = {name.lower(): i for names in (month_name, month_abbr) for i, name in enumerate(names) if name} | {"sept": 9}
_DAYS = {name.lower(): i for names in (day_name, day_abbr) for i, name in enumerate(names)}
_MONTH, _DAY = "|".join(sorted(_MONTHS, key=len, reverse=True)), r"(\d{1,2})\s*(?:\^?\{?\s*(?:st|nd|rd|th)\s*\}?)?"
_WEEKDAY = rf"(?:on )?(?:({'|'.join(sorted(_DAYS, key=len, reverse=True))})\.?,?\s+)?(?:the )?"
_DATES = (
    re.compile(rf"{_WEEKDAY}(?P<m>{_MONTH})\.?\s+(?:the )?(?P<d>{_DAY})(?:,?\s+(?P<y>\d{{4}}))?"),
    re.compile(rf"{_WEEKDAY}(?P<d>{_DAY})\s+(?:of )?(?P<m>{_MONTH})\.?(?:,?\s+(?P<y>\d{{4}}))?"),
    re.compile(r"()(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"),
)


_HOURS: list[str] = [*"one two three four five six seven eight nine ten eleven twelve".split()]  # noqa: SIM905
_HOUR = rf"({'|'.join(_HOURS)}|1[0-2]|[1-9])"
_MINUTES = {"quarter": 15, "half": 30, "five": 5, "ten": 10, "twenty": 20, "twenty-five": 25, "twenty five": 25}
_SOME = "|".join(sorted(_MINUTES, key=len, reverse=True))
_IN_WORDS = re.compile(
    rf"(?:at |around )?(?:a )?({_SOME}|\d{{1,2}}(?= min))(?: minutes?)? (past|after|to|before|till) {_HOUR}"
    r"\b(?: o'?\s?clock)?(.*)"
)
_ON_THE_HOUR = re.compile(rf"(?:at |around )?{_HOUR} (?:(thirty|fifteen|forty[- ]five)|o'?\s?clock)\b(.*)")
_PAST = {"thirty": 30, "fifteen": 15}


class Clock(NamedTuple):
    """seconds: since midnight. sure: which half of the day is said. marked: by a word, so that it's no ratio."""

    seconds: int
    sure: bool
    marked: bool


class Day(NamedTuple):
    """A date. year, weekday (0: Monday): None where they aren't said."""

    month: int
    day: int
    year: int | None
    weekday: int | None


def same_moment(gold: str, answer: str, question: str) -> bool | None:
    """Whether two normalised texts are the same time or date; None where the gold isn't one, or not surely."""
    gold, answer = _in_digits(_bare(gold)), _in_digits(_bare(answer))
    wanted, at = _date(gold), _clock(gold)
    found = _date(answer) if wanted else None
    if wanted and found:
        return _same_day(wanted, found, question)
    told = _clock(answer) if at else None
    if at and (at.marked or (told and told.marked) or _ASKED.search(question)):
        return told is not None and _same_time(at, told, question)
    return (
        None
        if _RATIO.search(_FORM.sub("", question))
        else _same_counts(gold, answer, at, told, bool(_SCORE.search(question)))
    )


def _same_counts(gold: str, answer: str, at: Clock | None, told: Clock | None, score: bool) -> bool | None:
    """Whether two pairs with a colon, which may be times or scores, are the same pair; None for a ratio."""
    if at and told and not score:
        return at.seconds == told.seconds
    wanted, found = _COUNTS.fullmatch(gold), _COUNTS.fullmatch(answer)
    if wanted is None or not (score or at):
        return None
    pair = int(wanted[1]), int(wanted[2])
    if found:
        return pair == (int(found[1]), int(found[2]))
    return False if score or gcd(*pair) > 1 else None  # a ratio is told in lowest terms


def _bare(text: str) -> str:
    return " ".join(plain(text).replace("{:}", ":").replace("~", " ").split()).lower().strip(" .")


def _in_digits(text: str) -> str:
    """Half past five as 5:30 o'clock; any other text as it is."""
    if m := _IN_WORDS.fullmatch(text):
        minutes, hour = _MINUTES.get(m[1]) or int(m[1]), _hour(m[3])
        if m[2] in ("to", "before", "till"):
            hour, minutes = (hour - 2) % 12 + 1, 60 - minutes
        return f"{hour}:{minutes:02d} o'clock {m[4].strip()}".strip()
    if m := _ON_THE_HOUR.fullmatch(text):
        minutes = _PAST.get(m[2], 45) if m[2] else 0
        return f"{_hour(m[1])}:{minutes:02d} o'clock {m[3].strip()}".strip()
    return text


def _hour(word: str) -> int:
    return int(word) if word.isdigit() else _HOURS.index(word) + 1


def _clock(text: str) -> Clock | None:
    if text in _WORDS:
        return Clock(_WORDS[text], True, True)
    if (both := _TWICE.fullmatch(text)) and (first := _clock(both[1].strip())) and (other := _clock(both[2].strip())):
        same = first.seconds == other.seconds or (
            first.seconds % _HALF == other.seconds % _HALF and first.sure + other.sure < 2
        )
        return (other if other.sure else first) if same else None
    if in_hours := _IN_HOURS.fullmatch(text):
        text = f"{in_hours[1]}:{int(in_hours[2] or 0):02d}"
    m = _TIME.fullmatch(text)
    if m is None:
        return None
    hour, minute, second = int(m[1]), int(m[3] or 0), int(m[4] or 0)
    half, named = (m[5] or "").removeprefix("in the ").strip(), "clock" in text
    if minute > 59 or second > 59 or (m[2] != ":" and not (half or (named and m[2] is None))):
        return None
    if half in _WORDS:
        return Clock(_WORDS[half], True, True) if (hour, minute, second) == (12, 0, 0) else None
    if half:
        if not 1 <= hour <= 12:
            return None
        after = 12 if half[0] == "p" or half in ("afternoon", "evening") else 0
        return Clock(((hour % 12 + after) * 60 + minute) * 60 + second, True, True)
    if hour > 23:
        return None
    return Clock((hour * 60 + minute) * 60 + second, hour > 12 or text[0] == "0", named)


def _same_time(gold: Clock, answer: Clock, question: str) -> bool:
    parts = {p.lower() for p in _PART.findall(question)}
    half = None if len(parts) != 1 else 0 if "morning" in parts else _HALF
    a, b = (c.seconds if c.sure or half is None or c.seconds >= _HALF else c.seconds + half for c in (gold, answer))
    if a != b:
        return False
    noon = a == _HALF  # 12:00 is noon where nothing else is said
    return gold.sure == answer.sure or half is not None or noon or not (gold.marked or answer.marked)


def _date(text: str) -> Day | None:
    for pattern in _DATES:
        m = pattern.fullmatch(text)
        if m:
            month = int(m["m"]) if m["m"].isdigit() else _MONTHS[m["m"]]
            day, year = int(re.match(r"\d+", m["d"])[0]), int(m["y"]) if m["y"] else None  # type: ignore[index]
            try:
                date(year or 2000, month, day)
            except ValueError:
                return None
            return Day(month, day, year, _DAYS[m[1]] if m[1] else None)
    return None


def _same_day(gold: Day, answer: Day, question: str) -> bool:
    if (gold.month, gold.day) != (answer.month, answer.day):
        return False
    years = {d.year for d in (gold, answer) if d.year}
    if len(years) > 1 or (gold.year != answer.year and str(*years) not in question):
        return False
    for year in years:
        fits = {date(year, gold.month, gold.day).weekday()}
        return {d.weekday for d in (gold, answer) if d.weekday is not None} <= fits
    return answer.weekday is None or answer.weekday == gold.weekday
