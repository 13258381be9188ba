r"""A gold and an answer in one spelling, where it takes both, or the question, to know that they are two of one thing.

`hbar` is h/2\pi where the other side has h; 10110_2 and 0b10110 are 10110 where that is to be written in binary;
7^{100} \equiv 1 \pmod{10} is 1 where the question is of 7^{100}; BD is B, D where options are asked for; \text{Nf3}
is Nf3 where the other side has it so.
"""

from __future__ import annotations

import re
from itertools import pairwise

from ampo.verify.question.asked import moduli
from ampo.verify.text.derivatives import one_notation
from ampo.verify.text.normalise import normalise
from ampo.verify.text.recursions import without_beginning
from ampo.verify.text.wrappers import codes_alike

_HBAR = re.compile(r"\\hbar(?![a-zA-Z])")
_PLANCK = re.compile(r"(?<![a-zA-Z\\])h(?![a-zA-Z(])")
_A_HEIGHT = re.compile(r"\$h\$|\$h\s*=|\bheight\b|\\\(h\\\)")
_CONGRUENT = re.compile(r"(.{1,80}?)\\equiv\s*(-?\d{1,9})\s*\(?\\pmod\s*\{?\s*(\d{1,9})\s*\}?\)?")
_LETTERS = re.compile(r"[A-J](?:, ?[A-J]){1,8}")
_TOGETHER = re.compile(r"(?:\\text\s?\{)?\s?([A-J]{2,9})\s?\}?")
_WHICH = re.compile(r"\b(?:which|select|choose)\b[^.?]{0,60}\b(?:options|statements|choices|apply)\b", re.IGNORECASE)
_OPTIONS = re.compile(r"(?:^|\n|\s)\(?A[).:]\s.*(?:\n|\s)\(?B[).:]\s", re.DOTALL)
_BASE = re.compile(r"\b(?:in|to|as) (?:an? )?(?:base[ -]?\$?(\d{1,2})\b|(binary|octal|ternary))", re.IGNORECASE)
_NAMED_BASES = {"binary": "2", "ternary": "3", "octal": "8"}
_DIGITS = re.compile(r"\d{1,60}")
_IN_BASE = re.compile(r"(\d{1,60})\s?_\s?\{?\s?(\d{1,2})\s?\}?")
_EXCLUDED = re.compile(
    r"\s?[,;(]\s?(?:\\text\s?\{[^{}]{0,12}\}\s?|(?:for|where|if|with)\s)?(?![kmn])[a-z]\s?\\ne\s?-?\d[-\d,. ]{0,20}\)?$"
)  # of a fraction that was cancelled
_A_CHANGE = "(decrease|increase|loss|profit|gain|discount|drop|rise|reduction|markup)"
_PERCENT = r"(\d{1,9}(?:\.\d{1,9})?\s?%)"
_CHANGE = re.compile(
    rf"(?:\\text\s?\{{\s?)?an? {_A_CHANGE} of\s?\}}?\s?{_PERCENT}|{_PERCENT}\s?(?:\\text\s?\{{\s?)?{_A_CHANGE}\s?\}}?"
)
_READ = 20_000  # characters of a question


def respelled(gold: str, answer: str, question: str) -> tuple[str, str]:
    """A normalised gold and a normalised answer."""
    gold, answer = codes_alike(*without_beginning(gold, answer))
    if "\\hbar" in gold + answer:
        gold, answer = _of_planck(gold, answer, question)
    if "\\equiv" in answer and _DIGITS.fullmatch(gold):
        answer = _remainder(answer, question)
    if (both := _TOGETHER.fullmatch(gold)) and _LETTERS.fullmatch(answer) and _of_options(both[1], question[-_READ:]):
        gold = ", ".join(both[1])
    if _LETTERS.fullmatch(gold) and (m := _TOGETHER.fullmatch(answer)) and _OPTIONS.search(question[-_READ:]):
        answer = ", ".join(m[1])
    if "\\frac" in gold and "\\ne" in answer and "\\ne" not in gold:
        answer = _EXCLUDED.sub("", answer)
    if (wanted := _changed(gold)) and (found := _changed(answer)):
        gold, answer = wanted, found
    derivatives = one_notation(gold)
    if derivatives != gold or "'" in gold:
        gold, answer = derivatives, one_notation(answer)
    if _DIGITS.fullmatch(gold) and question:
        answer = _in_asked_base(answer, question[-_READ:])
    return gold, answer


def _of_options(letters: str, question: str) -> bool:
    """Whether ABD is A, B and D, options of a question."""
    return all(a < b for a, b in pairwise(letters)) and bool(_OPTIONS.search(question) or _WHICH.search(question))


def _of_planck(gold: str, answer: str, question: str) -> tuple[str, str]:
    """Both in h, where one side has h and the other \\hbar, and h is no height."""
    one, other = (gold, answer) if "\\hbar" in gold else (answer, gold)
    if _PLANCK.search(one) or not _PLANCK.search(other) or "\\hbar" in other or _A_HEIGHT.search(question):
        return gold, answer
    return _HBAR.sub(r"{(\\frac{h}{2\\pi})}", gold), _HBAR.sub(r"{(\\frac{h}{2\\pi})}", answer)


def _changed(text: str) -> str | None:
    """25% decrease, of "a decrease of 25%" as well; None for any other text."""
    m = _CHANGE.fullmatch(text)
    return m and f"{m[2] or m[3]} {m[1] or m[4]}"


def _remainder(answer: str, question: str) -> str:
    m = _CONGRUENT.fullmatch(answer)
    if m is None or not 0 <= int(m[2]) < int(m[3]):
        return answer
    given = moduli(question)
    if given and m[3] not in given:
        return answer
    return m[2] if _bare(m[1]) in _bare(normalise(question[-_READ:])) else answer


def _bare(text: str) -> str:
    return re.sub(r"[\s{}]", "", text)


def _in_asked_base(answer: str, question: str) -> str:
    """The digits alone where the base is the one that the question asks for."""
    found = _BASE.search(question)
    asked = found and (found[1] or _NAMED_BASES[found[2].lower()])
    if asked == "2" and re.fullmatch(r"0b[01]{1,60}", answer):
        return answer[2:]
    m = _IN_BASE.fullmatch(answer)
    return m[1] if m and m[2] == asked else answer
