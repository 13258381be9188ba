"""The values that a sentence holds: formulas, mathematics without marks, numbers in words; with their units."""

from __future__ import annotations

import re
from typing import NamedTuple

from ampo.verify.text.numerals import spelled_out
from ampo.verify.text.units import is_unit_word

MOST = 12  # values that are looked at

_FORMULA = re.compile(r"\$\$?(?!\d[\d,.]*\s+[a-z]{2})[^$]{1,300}(?<!=)(?<!= )\$\$?|\\\(.{1,300}?\\\)")
_NAMES = "arcsin|arccos|arctan|sin|cos|tan|cot|sec|csc|log|ln|exp|sqrt|pi|max|min|gcd|lcm|cis|mod"
_MONEY = r"\\?[$€£¥]\s?[-−]?\d[\d,]*(?:\.\d+)?"
_MATHEMATICS = re.compile(
    rf"(?>{_MONEY}|\d[\d,]*+(?:\.\d+)?|(?:{_NAMES})(?![a-z])|[A-Za-z](?![A-Za-z])|"
    r"[\u0370-\u03ff²³¹⁰⁴-⁹⁺⁻ⁿ₀-₉₊₋√∞ℝ½⅓⅔¼¾]|\\[a-zA-Z]+|[-+−–·×÷*/^=≈≤<>≥≠∪∩∈±!|(){}\[\]_'°%,:.])+"
)
_VALUE = re.compile(
    r"\d|π|∞|\\pi|\\infty|[½⅓⅔¼¾√]|(?:(?<![a-zA-Z])[a-zA-Z]|\))\s?[-−+=/^²³*·]|"
    r"[-−][a-zA-Z](?![a-zA-Z])|\b(?:sin|cos|tan|cot|ln|log)\s?[\\({a-zA-Z\u0370-\u03ff]"
)
NAME = re.compile(r"[$\\()]*(?:\\?[a-zA-Z]+(?:_\{?\w+\}?)?'*|\\mathbf\{?\s?\w\}?)[$\\()]*")
_FOR_ALL = re.compile(r"\b(?:for|every|all|any|of|in|on)\b[^,]{0,40}$")
_OPERATOR = re.compile(r"[-+−–·×÷*/^=≈≤<>≥≠∪∩∈±]")
_TOKEN = re.compile(r"\s*(\S+)")
_GAP = re.compile(r"\S+\s*|\s+")
_BEFORE_FORMULA = re.compile(r"[*_\"“(]*(?=[$\\])")
_ENDS = '.,;:!)*_"”’'
_UNIT = re.compile(
    r"\s?(?:%|°|per ?cent\b|degrees?\b|k\b|"
    r"(?:(?:square |cubic )?units?|hundred|thousand|million|billion|dozen|cents?|bucks|a\.?m\.?|p\.?m\.?|"
    r"o['’]clock)(?![a-z])|(?P<word>(?:square |cubic )?[A-Za-zµμ]+)(?:[²³]|\^\{?[23]\}?)?"
    r"(?:(?:/|\s(?:per|each|every)\s)(?P<per>[A-Za-z]+)(?:[²³])?)?)"
)
_EACH = re.compile(r"\s(?:each|every)\s")
_THOUSANDS = re.compile(r"(?<=\d)k$")
PART = re.compile(
    r"[\s-](?:hal(?:f|ves)|thirds?|quarters?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?)\b", re.IGNORECASE
)
_PROPER = re.compile(r"(\d{1,4})/(\d{1,4})")
_OF_DAY = re.compile(r"\sin the (?:(?P<am>morning)|afternoon|evening)\b")
_CLOCK = re.compile(r"\d{1,2}:\d\d")
_AMOUNT = re.compile(r"(.{1,60}?) (?:dollars?|cents?)")
_MIXED = re.compile(r"\sand\s(?=\d{1,4}/\d)")


class Told(NamedTuple):
    """A value, its unit with it, and where it stands."""

    start: int
    end: int
    text: str


def values(text: str) -> list[Told]:
    """The formulas, numbers and numbers in words of a text."""
    found: list[Told] = []
    at = 0
    while at < len(text) and len(found) <= MOST:
        span = _formula(text, at) or _run(text, at) or _in_words(text, at)
        if span and found and (paid := _with_cents(text, found[-1], span)):
            found[-1] = paid
            at = span.end
        elif span:
            found.append(span)
            at = span.end
        else:
            gap = _GAP.match(text, at)
            at = gap.end() if gap else len(text)
    return found


def _with_cents(text: str, dollars: Told, cents: Told) -> Told | None:
    """$12.50 of "twelve dollars and fifty cents"."""
    if text[dollars.end : cents.start] not in (" and ", ", ") or not cents.text.endswith(("cents", "cent")):
        return None
    whole, part = (_AMOUNT.fullmatch(one.text) for one in (dollars, cents))
    numbers = [spelled_out(m[1]) or (m[1], "") for m in (whole, part) if m]
    if len(numbers) < 2 or not all(number.isdecimal() for number, _ in numbers) or int(numbers[1][0]) > 99:
        return None
    return Told(dollars.start, cents.end, f"${numbers[0][0]}.{int(numbers[1][0]):02}")


def _formula(text: str, at: int) -> Told | None:
    lead = _BEFORE_FORMULA.match(text, at)
    found = _FORMULA.match(text, lead.end() if lead else at)
    if found is None or (NAME.fullmatch(found[0]) and (found.end() < len(text) or _FOR_ALL.search(text[:at]))):
        return None  # a name that is no value
    return _span(text, found.start(), found.end())


def _in_words(text: str, at: int) -> Told | None:
    """ "thirty-six dollars", "two thirds"; "one" is a pronoun more often than a number."""
    words = text[at : at + 80]
    said = spelled_out(words) if words[:1].isalpha() else None
    if said is None:
        return None
    end = at + len(words[: words.rfind(said[1])].rstrip() if said[1] else words)
    part = PART.match(text, end)
    span = _span(text, at, part.end() if part else end)
    begins = span.text.lower().startswith("one ") and not text[:at].strip() and text[span.end :].strip(" .") != ""
    return None if begins or span.text.lower() in ("one", "a", "an") else span  # one kilogram costs


def _run(text: str, at: int) -> Told | None:
    """Mathematics without marks: words of signs, digits and single letters."""
    end = at
    while m := _TOKEN.match(text, end):
        word = m[1] if _MATHEMATICS.fullmatch(m[1]) else m[1].rstrip(_ENDS)
        if not _goes_on(text[at:end].strip(), word, text[m.start(1) + len(word) :].lstrip()[:1]):
            break
        end = m.start(1) + len(word)
        if word != m[1]:
            break
    value = text[at:end].strip().rstrip("-–−=:,;. ")
    while value.endswith((")", "]")) and _open(value) < 0:
        value = value[:-1]
    while value.startswith(("(", "[")) and _open(value) > 0:
        value = value[1:]
    if not _VALUE.search(value) or not re.search(r"\w|∞", value):
        return None
    start = text.find(value, at)
    end = start + len(value)
    mixed = _MIXED.match(text, end)
    if mixed and value.isdecimal() and (fraction := _TOKEN.match(text, mixed.end())):
        end = mixed.end() + len(fraction[1].rstrip(_ENDS))
    return _span(text, start, end)


def _goes_on(run: str, word: str, behind: str) -> bool:
    """Whether a word is mathematics, and belongs to what stands before it. behind: the sign after the word."""
    if not word or not _MATHEMATICS.fullmatch(word):
        return False
    joined = _OPERATOR.search(run[-1:]) is not None
    letter = len(word.strip(",.;:")) == 1 and word[0].isalpha() and word[0].isascii()
    if letter and not (_OPERATOR.match(behind) or joined):
        return False
    if re.fullmatch(r"\d{1,4}", run) and (part := _PROPER.fullmatch(word.rstrip(_ENDS))):
        return int(part[1]) < int(part[2])  # 3 2/3
    inside = run[-1:] in ("(", "[", "{") or (run[-1:] == "," and _open(run) > 0)
    inside = inside or ("=" in run and _OPERATOR.search(word) is not None)  # x e^{3x}(2 + 3x)
    return not run or joined or inside or _OPERATOR.match(word) is not None


def _open(text: str) -> int:
    return sum(text.count(c) for c in "([{") - sum(text.count(c) for c in ")]}")


def _span(text: str, start: int, end: int) -> Told:
    """With the unit behind it; a noun that is none is left out."""
    m = _UNIT.match(text, end)
    if m and m["word"] is None:
        end = m.end()
    elif m and is_unit_word(m["word"].split()[-1]) and m["word"] not in ("a", "in", "at", "as", "A", "I"):
        end = m.end() if m["per"] is None or is_unit_word(m["per"]) else m.end("word")
    if _CLOCK.fullmatch(text[start:end]) and (part := _OF_DAY.match(text, end)):
        return Told(start, part.end(), f"{text[start:end]} {'AM' if part['am'] else 'PM'}")
    value = _EACH.sub(" per ", text[start:end].strip())
    return Told(start, end, _THOUSANDS.sub(" thousand", value))
