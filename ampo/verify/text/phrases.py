"""Short answers in words: one spelling for what says the same."""

from __future__ import annotations

import re
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
_SAME = {"yes": "true", "no": "false", "correct": "true", "incorrect": "false"}


def phrase(text: str) -> str:
    """The one spelling: lower case, no article, no lead-in, no plural, no punctuation; 3rd is third."""
    text = _ARTICLE.sub("", plain(text).lower())
    text = " ".join(re.sub(r"[^\w\s'+\-/.]", " ", text).replace("_", " ").split()).strip(" .'")
    text = _LEAD.sub("", text + " ").strip()
    words = [singular(w.strip(".'")) for w in text.replace("-", " ").split()]
    return " ".join(_ORDINALS.get(word, word) for word in words)


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
    return bool(gold) and (opposite_aliases(gold) == opposite_aliases(answer) or _limit(gold) == _limit(answer) != [])


def _limit(words: str) -> list[str]:
    """What converges or diverges, and how, in either order: "converges absolutely", "absolutely convergent"."""
    stems = sorted(next((s for s in _STEMS if w.startswith(s)), w) for w in words.split() if w not in _WHAT_CONVERGES)
    return stems if {"converg", "diverg"} & set(stems) and len(stems) <= 2 else []


def opposite_aliases(word: str) -> str:
    """yes and true are one answer, no and false another."""
    return _SAME.get(word, word)
