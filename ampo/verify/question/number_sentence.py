"""A sentence around one number: "James runs 540 meters a week." is 540 meters, where that is what was asked.

Read only where the gold is a number. Every word must be the question's own, or one that says nothing about which number
it is; a negation, a bound, a multiplier, a second number (but for the question's own behind it, "$64 for the 16
glasses"), or a name beside those that are asked about is never passed over.
"""

from __future__ import annotations

import re

from ampo.verify.question.asked import PERCENTAGE, asking
from ampo.verify.text.phrases import plain
from ampo.verify.text.units import is_unit_word
from ampo.verify.text.words import that

MAX_WORDS = 24
_NUMBER = re.compile(
    r"(?:\\dollar|\\pound|\\euro)?\s*(?<![\w.,-])-?\d[\d,]*(?:\.\d+)?(?:\s*/\s*\d+|\s*%)?(?![\w.,]*\d)"
)
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")
_FILL = that("tells", "happens", "reasons") - {"because", "since"}
_FILL |= {"must", "need", "needs", "should", "we", "you", "your"}
_NEVER = that("denies", "offers", "contrasts", "supposes", "hedges", "bounds", "rounds")
_NEVER |= that("calculates", "scales", "orders", "falsifies") | {"before", "after", "until"}
_EACH = re.compile(r"\b(?:each|every|per|apiece)\b", re.IGNORECASE)
_OF_GIVEN = re.compile(r"\b(?:for|of|in|after|from|In|After|For|From)(?:\s+(?:all|the|his|her|their|these|those))*\s*$")
_MORE_THAN = re.compile(
    r"\bhow (?:much|many)\b(?:[^.?]*?\b(more|fewer|less|longer|greater)\b[^.?]*?\bthan\s+(\w+))?", re.IGNORECASE
)
_CAPITAL = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")


def stated(answer: str, question: str) -> str | None:
    """The quantity that a normalised answer states in a sentence; None where it is no such sentence."""
    text = re.sub(r"(?<=\d)\s+per ?cent\b", "%", plain(answer))
    if len(text.split()) > MAX_WORDS or (number := _new_number(text, question)) is None:
        return None
    before, after = (_NUMBER.sub(" ", part) for part in (text[: number.start()], text[number.end() :]))
    if not all(re.fullmatch(r"(?:[A-Za-z' ,.:;]|(?<=[a-z])-(?=[a-z]))*", part) for part in (before, after)):
        return None
    if not before.strip() and not (
        "%" in number.group() and re.match(r"\s*of\b", after) and PERCENTAGE.search(question)
    ):
        return None  # a number with words behind it is read as such, unless these say of what it is a share
    unit = _unit(after)
    known = stems(question)
    behind = [w for w in _WORD.findall(after[len(unit) :]) if w.lower() not in _compared(text, question)]
    if not all(_passed_over(w, known) for w in (*_WORD.findall(before), *behind)) or of_another_name(text, question):
        return None
    return f"{number.group().strip()} {unit.strip()}".strip()


def _new_number(text: str, question: str) -> re.Match[str] | None:
    """The only number, or that of two which isn't the question's: "64 for the 16 cups", "in 13 years it grows 26"."""
    numbers = list(_NUMBER.finditer(text))
    if len(numbers) == 2 and "%" not in text and not _EACH.search(text):
        asks = " ".join(asking(question))  # where this names a number, the sentence must not name another
        told = plain(asks if re.search(r"\d|\bnow\b", asks) else question[-20_000:])
        given = [_given(text, numbers[i], numbers[0].end() if i else 0, told) for i in (0, 1)]
        return numbers[given.index(False)] if given.count(True) == 1 else None
    return numbers[0] if len(numbers) == 1 else None


def _given(text: str, number: re.Match[str], start: int, told: str) -> bool:
    """Whether a number behind "for", "of" or "in" is the question's, with the word behind it."""
    noun = re.match(r"\s+([a-z]+)", text[number.end() :])
    leads = _OF_GIVEN.search(text, start, number.start())
    return bool(leads and noun and re.search(rf"\b{_digits(number)}\s+{noun[1]}\b", told))


def _digits(number: re.Match[str]) -> str:
    return re.sub(r"[^\d./%-]", "", number.group())


def _unit(after: str) -> str:
    """The words behind the number that are a unit: meters, miles per hour."""
    m = re.match(r"\s+((?:square |cubic )?[A-Za-z]+)(?: per ([A-Za-z]+))?", after)
    if m is None or not is_unit_word(m[1].split()[-1]) or m[1] in ("a", "in"):
        return ""
    return m.group() if m[2] and is_unit_word(m[2]) else " " + m[1]


def _compared(text: str, question: str) -> frozenset[str]:
    """The words of "7 more than Becky", where the question asks how much more than Becky."""
    asks = _MORE_THAN.findall(question)
    than = re.search(r"\bthan\s+(\w+)", text)
    if len(asks) != 1 or not asks[0][0] or than is None or than[1].lower() != asks[0][1].lower():
        return frozenset()
    return frozenset({asks[0][0].lower(), "than"})


def _passed_over(word: str, known: frozenset[str]) -> bool:
    low = word.lower()
    return low not in _NEVER and not low.endswith("n't") and (low in _FILL or stem(low) in known)


def stems(text: str) -> frozenset[str]:
    """The words of a text without their endings."""
    return frozenset(stem(word.lower()) for word in _WORD.findall(plain(text[-20_000:])))


def stem(word: str) -> str:
    """Makes, making and make alike; Janet's as Janet."""
    word = re.sub(r"'s?$", "", word)
    return re.sub(r"(?:ies|y|ing|ed|es|s|e)$", "", word) if len(word) > 3 else word


def of_another_name(text: str, question: str) -> bool:
    """Whether the sentence is about others than those that the question asks about."""
    named, about = set(re.findall(r"^[A-Z][a-z]+|(?<=[ (])[A-Z][a-z]+", text)), set()
    for sentence in asking(question):
        about |= set(_CAPITAL.findall(sentence))
    named = {name for name in named if name.lower() not in _FILL}
    return bool(named and about) and not named & about
