"""Words that are a number, and a number that is words: twelfth is 12, infinitely many is \\infty."""

from __future__ import annotations

import re

from ampo.verify.formula.tree import num
from ampo.verify.kinds.answers import Answer, Phrase, Value
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting
from ampo.verify.text.phrases import same_words

_ORDINALS = """
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
sixteenth seventeenth eighteenth nineteenth twentieth
"""
_PLACES = {word: i for i, word in enumerate(_ORDINALS.split(), 1)}
_ENDLESS = frozenset({"infinitely many", "infinite", "infinitely many solution", "infinite number"})


_NOUN = re.compile(r" (?:term|day|century|place|floor|week|month|year|position|number|digit|row|person|one)$")


def _number(words: str) -> int | None:
    """21 of 21st."""
    m = re.fullmatch(r"(\d{1,9})(?:st|nd|rd|th)", words)
    return int(m[1]) if m else None


def same_in_words(gold: Value | Phrase, answer: Value | Phrase) -> bool:
    """Whether a number and words, or words and words, say the same."""
    if isinstance(gold, Phrase) and isinstance(answer, Phrase):
        return same_words(gold.words, answer.words)
    value, phrase = (gold, answer) if isinstance(gold, Value) else (answer, gold)
    if not isinstance(value, Value) or not isinstance(phrase, Phrase):
        return False
    if value.tree.op == "infinity":
        return phrase.words in _ENDLESS
    place = _PLACES.get(_NOUN.sub("", phrase.words)) or _number(_NOUN.sub("", phrase.words))
    return place is not None and value.tree == num(place) and not (value.unit or value.percent or value.degrees)


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    del setting, equal
    if isinstance(gold, (Value, Phrase)) and isinstance(answer, (Value, Phrase)):
        return same_in_words(gold, answer)
    return None


KIND = Kind(order=140, same=_same)
