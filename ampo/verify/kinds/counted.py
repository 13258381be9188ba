"""The words after a number: what it counts, in which unit, and by which word it is multiplied.

"2 million", "3 dozen eggs", "12 red apples", "20 cups of feed", "5 dollars per ticket". A word that denies the number,
gives it away or calculates with it ("10 is wrong", "10 or so", "10 halved") is no noun, and neither is what isn't known
as one: without a dictionary a noun is a plural, or a word of the question.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from ampo.verify.formula.tokens import NAMES
from ampo.verify.question.asked import asked
from ampo.verify.text.phrases import plain, singular
from ampo.verify.text.units import Unit, unit

_FRACTIONS = ["half", "third", "quarter", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
MULTIPLES = {
    "hundred": Fraction(100),
    "thousand": Fraction(1000),
    "million": Fraction(10**6),
    "billion": Fraction(10**9),
    "trillion": Fraction(10**12),
    "lakh": Fraction(10**5),
    "crore": Fraction(10**7),
    "ten": Fraction(10),
    "dozen": Fraction(12),
    "score": Fraction(20),
    "pair": Fraction(2),
    "fourth": Fraction(1, 4),
    "hundredth": Fraction(1, 100),
    "thousandth": Fraction(1, 1000),
} | {word: Fraction(1, i) for i, word in enumerate(_FRACTIONS, 2)}
_NEVER_WORDS = """
or and not no nor non neither either both is isn't are aren't was were be been but if unless than so then because since
therefore hence thus however although to between below above under over beyond least most about approximately roughly
around almost nearly exceeding maybe perhaps possibly probably likely unlikely nope yes wrong incorrect false true right
correct plus minus times mod modulo divided multiplied squared cubed factorial doubled tripled halved twice thrice
negative reciprocal inverse opposite greater smaller larger bigger guess unknown unsure never
"""
_NEVER = frozenset(_NEVER_WORDS.split())
_ASKED_ONLY = frozenset({"times", "more", "fewer", "less", "negative", "larger", "greater"})  # "how many more"
_CONNECTIVES = frozenset(
    {"of", "per", "each", "every", "for", "a", "an", "the", "in", "at", "on", "from", "with", "by"}
)
_SILENT_WORDS = """
total all altogether overall left remaining long tall high wide deep thick old away apart ago exactly only unit square
cubic sq cu them
"""
_SILENT = frozenset(_SILENT_WORDS.split())
_IRREGULAR = frozenset(["people", "children", "men", "women", "feet", "geese", "teeth", "mice", "sheep", "fish", "deer",
                        "dice", "vertices", "axes", "matrices", "indices", "digits"])  # fmt: skip
_NO_PLURALS = frozenset(["always", "perhaps", "sometimes", "besides", "afterwards", "across", "hers", "theirs", "ours",
                         "exceeds", "equals", "becomes", "makes", "gives", "was", "has", "does"])  # fmt: skip
_WORD = re.compile(r"[A-Za-z]+(?:[-'][A-Za-z]+)*")
_DRESS = re.compile(r"\\(?:text|mathrm|mbox|operatorname|rm)\b|[{}~]")
_UNITS = re.compile(r"\bunits?\s*\^\s*\d")
_NONE = re.compile(r"(?:there (?:is|are) )?(?:none|no (?:[a-z]+ ){0,2}([a-z]+))", re.IGNORECASE)
_MAX_WORDS = 12
_MAX_QUESTION = 20_000


class Words(NamedTuple):
    """times: words that multiply the number. unit: one known to `units`. noun: the other words, in lower case."""

    times: tuple[str, ...] = ()
    unit: Unit | None = None
    noun: tuple[str, ...] = ()

    @property
    def factor(self) -> Fraction:
        return _product(self.times)


def _product(times: tuple[str, ...]) -> Fraction:
    value = Fraction(1)
    for word in times:
        value *= MULTIPLES[word]
    return value


@lru_cache(maxsize=4096)
def words_after(text: str) -> Words | None:
    """What the words after a number say; None where they are no unit, noun or multiple."""
    found = unit(text)
    if found is not None and found.known:
        return Words((), found)
    bare = " ".join(_UNITS.sub("units", _DRESS.sub(" ", text)).split()).strip(" .")
    words = _WORD.findall(bare)
    if not words or len(words) > _MAX_WORDS or not re.fullmatch(r"[A-Za-z' ,/.-]*", bare):
        return None
    times: list[str] = []
    while words and singular(words[0].lower()) in MULTIPLES:
        times.append(singular(words.pop(0).lower()))
    while times and words and words[0].lower() in ("of", "a", "an", "the"):
        words.pop(0)
    if any(w.lower() in _NEVER - _ASKED_ONLY or w in NAMES for w in words):
        return None
    found, used = _leading_unit(words)
    return Words(tuple(times), found, tuple(w.lower() for w in words[used:]))


def _leading_unit(words: list[str]) -> tuple[Unit | None, int]:
    """The longest unit that the words begin with, where a noun that goes on begins with no connective."""
    if words and words[0].lower() in _CONNECTIVES:  # in total
        return None, 0
    for used in range(min(len(words), 5), 0, -1):
        found = unit(" ".join(words[:used]))
        goes_on = used == len(words) or words[used].lower() in _CONNECTIVES | _SILENT
        if goes_on and found is not None and found.known:
            return found, used
    return None, 0


def is_count(noun: tuple[str, ...], one: bool, question: str) -> bool:
    """Whether words name what an answer may have counted. one: they may be singular, as the number is at most 1."""
    known = _words_of(question)
    if any(word in _ASKED_ONLY and singular(word) not in known for word in noun):
        return False
    end = next((i for i, word in enumerate(noun) if singular(word) in _CONNECTIVES | _SILENT), len(noun))
    head, tail = noun[:end], noun[end:]
    if head and not (one or _plural(head[-1]) or singular(head[-1]) in known):
        return False
    strangers = [w for w in head[:-1] if singular(w) not in known]
    behind = [w for w in tail if singular(w) not in known | _CONNECTIVES | _SILENT]
    return len(strangers) <= 1 and len(behind) <= 1


def of_the_question(noun: tuple[str, ...], question: str) -> bool:
    """Whether one of the words stands in the question, or none of them names anything ("square units")."""
    named = _named(noun)
    return not named or bool(named & _words_of(question))


def goes_on(noun: tuple[str, ...]) -> bool:
    """Whether words only say more of what a unit measures: "per ticket", "in total"."""
    return noun[0] in _CONNECTIVES | _SILENT


def same_noun(gold: tuple[str, ...], answer: tuple[str, ...], question: str) -> bool:
    """Whether an answer says the gold's words, but for those that the question has said: "boys" for "tall boys"."""
    a, b = _named(gold), _named(answer)
    return a <= b or (b <= a and a - b <= _words_of(question))


def _named(noun: tuple[str, ...]) -> frozenset[str]:
    return frozenset(singular(w) for w in noun) - _CONNECTIVES - _SILENT


def counts_in(times: tuple[str, ...], question: str) -> bool:
    """Whether the question asks for the number of these words: "how many dozen eggs", "in millions"."""
    word = re.escape(times[-1])
    pattern = rf"\b(?:how many|number of|in)\s+(?:[a-z]+\s+)?(?:{word}s?|{word[:-1]}ves)\b"
    return bool(re.search(pattern, question[-_MAX_QUESTION:], re.IGNORECASE))


def says_none(text: str, question: str) -> bool:
    """Whether words say that there is none of what the question counts: "none", "There are no such integers"."""
    m = _NONE.fullmatch(plain(text)) if re.search(r"how many|number of", question, re.IGNORECASE) else None
    return m is not None and (m[1] is None or singular(m[1].lower()) in _words_of(question))


def asks_for_units(question: str) -> bool:
    """Whether the question asks for a known unit."""
    return bool(question) and bool(asked(question).units)


def _plural(word: str) -> bool:
    if word in _IRREGULAR:
        return True
    return len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us", "is")) and word not in _NO_PLURALS


@lru_cache(maxsize=1024)
def _words_of(question: str) -> frozenset[str]:
    return frozenset(singular(w.lower()) for w in _WORD.findall(_DRESS.sub(" ", question[-_MAX_QUESTION:])))
