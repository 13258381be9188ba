"""Short answers in words: one spelling for what says the same."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TEXT = re.compile(r"\\(?:text|mathrm|operatorname|mathbf|mathit|mathsf)\s*\{([^{}]*)\}")
_LEAD = re.compile(
    r"^(?:(?:so|thus|hence|therefore|then)\b[, ]*)?(?:(?:the )?(?:final |correct |right )?(?:answer|result|solution|value|shape|graph|curve)\s+(?:is|are|=|:)\s*:?|"  # noqa: E501
    r"(?:it|this|that|they|he|she)(?:'s| is| are| was)|there (?:is|are)|we (?:get|have|find|obtain))\s+"
)
_ARTICLE = re.compile(r"\b(?:a|an|the)\s+(?=\w{2})")  # "A, D" are two letters
_ORDINALS = dict(
    zip(
        ["1st", "2nd", "3rd", *(f"{i}th" for i in range(4, 11))],
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"],
        strict=True,
    )
)
_STEMS = ("converg", "diverg", "absolut", "condition", "uniform", "pointwise")
_WHAT_CONVERGES = frozenset({"it", "the", "is", "series", "sery", "sequence", "integral", "sum", "product", "limit"})
_CLAIM = re.compile(
    r"^(?:this |given )?(?:statement|claim|assertion|proposition|sentence|conjecture) is (?:therefore )?"
    r"(?=(?:true|false)$)"
)
_ROMAN = re.compile(r"^(?:statement )?([ivx]{1,4}(?: (?:and )?[ivx]{1,4}){1,6})(?: only)?$")
_LINK_WORDS = """
and not for nor but than the with from into onto over under per are was has had first then
"""
_LINKS = frozenset(_LINK_WORDS.split())
_SAME = {"yes": "true", "no": "false", "correct": "true", "incorrect": "false"}


def phrase(text: str) -> str:
    """The one spelling: lower case, no article, no lead-in, no plural, no punctuation; 3rd is third."""
    text = _ARTICLE.sub("", _without_accents(plain(text)).lower())
    text = " ".join(re.sub(r"[^\w\s'+\-/.]", " ", text).replace("_", " ").split()).strip(" .'")
    text = _LEAD.sub("", text + " ").strip()
    words = [singular(w.strip(".'")) for w in text.replace("-", " ").split()]
    return " ".join(_ORDINALS.get(word, word) for word in words)


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not "\u0300" <= c <= "\u036f")


@lru_cache(maxsize=2048)
def plain(text: str) -> str:
    """Without \\text{} and the like."""
    for _ in range(3 if "\\" in text else 0):
        text = _TEXT.sub(r" \1 ", text)
    return " ".join(text.split())


def singular(word: str) -> str:
    """A noun's singular, as far as its ending tells."""
    if word == "halves":
        return "half"
    if len(word) > 3 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith(("ses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def same_words(gold: str, answer: str) -> bool:
    """Whether two phrases in their one spelling say the same."""
    if not gold:
        return False
    gold, answer = (_ROMAN.sub(r"\1", _CLAIM.sub("", opposite_aliases(words))) for words in (gold, answer))
    return gold == answer or _limit(gold) == _limit(answer) != [] or _turned(gold) == _turned(answer) != []


def _turned(words: str) -> list[str]:
    """A noun with two adjectives or three, in their one order: right isosceles triangle."""
    said = words.split()
    told = 3 <= len(said) <= 4 and all(word.isalpha() and len(word) > 2 for word in said)
    return [*sorted(said[:-1]), said[-1]] if told and not _LINKS.intersection(said) else []


def _limit(words: str) -> list[str]:
    """What converges or diverges, and how, in either order: "converges absolutely", "absolutely convergent"."""
    stems = sorted(next((s for s in _STEMS if w.startswith(s)), w) for w in words.split() if w not in _WHAT_CONVERGES)
    return stems if {"converg", "diverg"} & set(stems) and len(stems) <= 2 else []


def opposite_aliases(word: str) -> str:
    """yes and true are one answer, no and false another."""
    return _SAME.get(word, word)
