"""Responses of a line or two: whether one is an answer by its form, or states a value in its closing sentence.

Strict on purpose: a training run is rewarded by what counts here. A number that merely stands in a sentence, a
condition, a negation, an apology, a plan or a question is never taken.
"""

from __future__ import annotations

import re

from ampo.verify.text.words import any_of

MAX_WORDS = 7  # of a phrase that is an answer as a whole
MAX_BESIDE_NUMBERS = 3  # "12 square metres"
_LATEX = re.compile(r"\\(?:text|mathrm|operatorname)\s*\{([^{}]*)\}|\\[a-zA-Z]+|\$")
_WORD = re.compile(r"(?<![\w\\])[A-Za-z][A-Za-z']+")
_FUNCTIONS_WORDS = """
sin cos tan cot sec csc log ln exp sqrt arcsin arccos arctan pi and or max min gcd lcm
"""
_FUNCTIONS = frozenset(_FUNCTIONS_WORDS.split())
_NO_ANSWER = re.compile(
    any_of("plans", "asks", "excuses", "talks", "orders").pattern
    + r"|\b(?:apologi[sz]e|unsure|unknown|where|consider|given|suppose|assume|as an|don't|can't)\b|\?|\.\.\.",
    re.IGNORECASE,
)
HEDGED = re.compile(
    any_of("denies", "offers", "contrasts", "supposes", "places", "hedges", "rounds", "excuses", "plans").pattern
    + r"|\b(?:because|since)\b|\?",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_STATED = re.compile(r"(?:\b(?:is|equals|are)\b:?|\bis equal to\b)\s+")
_TOLD_ELSEWHERE = re.compile(r"[。！？.] ?(?=[^\x00-\u02ff])")  # sentences of another script
_VALUE = re.compile(r"[^A-Za-z]*\d[^A-Za-z]*(?:[A-Za-z]+){0,1}(?: [a-z]+)?")
_CHAIN = re.compile(r"[-+*/^()\d.,\s=]+")
_LEAD = re.compile(r"[A-Za-z][A-Za-z ]{0,60}:\s*")


def reads_as_no_answer(text: str) -> bool:
    """An apology, a plan, a question, or talk about the problem."""
    return bool(_NO_ANSWER.search(text))


def answer_form(text: str) -> str | None:
    """The answer of a response that is nothing else; None where it reads as something else."""
    if "\n" in text or _TOLD_ELSEWHERE.search(text):
        return None
    plain = _CHAIN.fullmatch(_plain(_LEAD.sub("", text, count=1)).rstrip(". "))
    if plain and "=" in text:
        return _LEAD.sub("", text, count=1).strip()
    if reads_as_no_answer(text):
        return None
    words = [w for w in _WORD.findall(_LATEX.sub(r" \1 ", text)) if w.lower() not in _FUNCTIONS]
    sentences = _SENTENCE.split(text)
    verdict = re.match(r"(?:yes|no|true|false)\b", text, re.IGNORECASE)
    most = 2 * MAX_WORDS if verdict else MAX_BESIDE_NUMBERS if re.search(r"\d", text) else MAX_WORDS
    return text if len(sentences) == 1 and len(words) <= most else None


def closing_value(text: str) -> str | None:
    """N of a response of one or two sentences that ends in "... is N."; None for any other."""
    sentences = _SENTENCE.split(text)
    last = sentences[-1].strip()
    found = list(_STATED.finditer(last))
    if "\n" in text or len(sentences) > 2 or not found or HEDGED.search(last):
        return None
    value = last[found[-1].end() :].rstrip(". ")
    subject = last[: found[-1].start()]
    return value if _WORD.search(subject) and _VALUE.fullmatch(_plain(value)) and "," not in value else None


def _plain(text: str) -> str:
    """Formula marks as signs, so that what letters are left are words."""
    text = re.sub(r"\\(?:times|cdot|div)(?![a-zA-Z])", "*", text).replace("×", "*").replace("÷", "/").replace("·", "*")
    return _LATEX.sub(r" \1 ", text).strip()
