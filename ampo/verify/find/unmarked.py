"""The answer of a response that marks none: the rules for it in their order, and whether its sentence speaks of what is
asked.

A value that the response works out may be told in any words that don't contradict the question; any other must agree
with it in every word.
"""

from __future__ import annotations

import re

from ampo.verify.find.arrival import is_new, number_of, worked_out
from ampo.verify.find.conclusion import conclusion
from ampo.verify.find.ending import ending
from ampo.verify.find.extraction import LINE, Extraction
from ampo.verify.find.foreign import all_foreign, foreign
from ampo.verify.find.last_sentence import SENTENCE, last_clause, last_sentence, last_value
from ampo.verify.find.outdone import outdone
from ampo.verify.find.remarks import without_remarks
from ampo.verify.find.several_values import several_values
from ampo.verify.find.short_response import MAX_WORDS, answer_form, closing_value
from ampo.verify.find.sole_value import sole_value, speaks_against
from ampo.verify.find.standing import objection as standing_objection
from ampo.verify.find.statement import given, own_clause, statement
from ampo.verify.find.told import values
from ampo.verify.question.asked import of_a_name_asked_for
from ampo.verify.question.case import Statement
from ampo.verify.question.contradiction import contradiction
from ampo.verify.question.subject import objection
from ampo.verify.text.languages import concluded

_CLOSING, _LAST, _SOLE = "closing sentence", "last sentence", "value of the last sentence"
_BEFORE, _CONCLUSION = "an earlier sentence", "conclusion"
_DENIES = re.compile(
    r"\b(?:contradict\w*|wrong|fails|failed|mismatch\w*|inconsistent|no longer|no solution)\b|"
    r"(?:\b(?:not|never|cannot)|n['’]t)\s(?:\w+\s){0,2}?(?:[-−$]?\d[\d.,]*|true|right|correct|works?|match\w*|equal|"
    r"possible|"
    r"agree|hold|add up|fit|satisf\w+|the|it|check|make sense|what|sure|certain)\b|≠",
    re.IGNORECASE,
)
_EXACT = re.compile(r"=\s*(?P<value>(?=[^=]*(?:\\sqrt|√|\\pi|π))[^=≈]{1,60}?)\s*(?:≈|\\approx)\s*$")  # 3√5 ≈ 6.71
_CUT_OFF = re.compile(r"(?:[=×·÷]|[\d)}$]\s?\+)[\s$]*$")  # in the middle of a calculation
_LAST_PIECE = re.compile(r"[,;$]|\b(?:so|then|that|hence|thus|therefore|and|get|gives)\b", re.IGNORECASE)
_BY_SENTENCE = (_CLOSING, _LAST, _SOLE)
_A_RATE = re.compile(r"\s*(?:/|(?:per|an?|each|every)\b)\s*(?P<of>[a-z]*)")


def unmarked(body: str, tail: str, question: str) -> Extraction | None:
    """What a response without a mark tells, where its sentence doesn't speak of something else.

    Args:
        body: What follows the thought.
        tail: Its end.
        question: What was asked; without it nothing can be said against a sentence.
    """
    if _CUT_OFF.search(tail):
        return None
    body, tail = (without_remarks(text, question) for text in (body, tail)) if question else (body, tail)
    if (told := foreign(body, question)) is not None:
        return Extraction(told, _SOLE)
    if question and (told := several_values(last_clause(tail) or "", question)) is not None:
        return Extraction(told, "values of the last sentence")
    found = _short(body, question) or _concluded(tail, question)
    if found is None or not found.answer or not question:
        return found
    told = statement(tail, found.answer, question)
    if (exact := _EXACT.search(told.before)) is not None:
        found = found._replace(answer=f"{exact['value']} ≈ {found.answer}")
    return found if tail.rstrip().endswith(("$$", "\\]")) else _judged(found, told, body, tail, question)


def _judged(found: Extraction, told: Statement, body: str, tail: str, question: str) -> Extraction:
    """What is found, where its statement answers the question."""
    answer = found.answer or ""
    left = f"{told.before}{told.value}".rpartition("=")[0]
    if left and of_a_name_asked_for(_LAST_PIECE.split(left)[-1].strip(" $\\("), question):
        return Extraction(None, "told of something else: a formula in what is asked for")
    if found.rule in (*_BY_SENTENCE, _CONCLUSION) and all_foreign(body, question) and not _concluded_alone(told):
        return Extraction(None, "told in another language")
    if _denied_later(tail, told, question):
        return Extraction(None, "denied behind it")
    if (better := outdone(tail, told, question)) is not None:
        return _earlier(better, tail, question)
    if found.rule in _BY_SENTENCE and worked_out(tail, answer, question):
        why = contradiction(own_clause(told), question, is_new(tail, answer, question))
        value = number_of(told.value)
        if why is None and value and value in answer and _as_asked(answer.rpartition(value)[2], question):
            return found._replace(answer=value)  # 104 hours of "26 * 4 = 104 hours of reading and writing"
    else:
        why = objection(told, question)
    return found if why is None or _concluded_alone(told) else Extraction(None, why or "")


def _concluded_alone(told: Statement) -> bool:
    """Whether a sentence in another language says nothing but its value."""
    return concluded(f"{told.before}{told.value}{told.after}") is not None


def _denied_later(tail: str, told: Statement, question: str) -> bool:
    """Whether a sentence behind the one that tells it, a check say, has a denial that the question hasn't."""
    sentence, asks = last_sentence(tail)[1], question.lower()
    at = max(tail.rfind(sentence), tail.rfind(told.value) if sentence not in tail else 0, 0)
    behind = SENTENCE.search(tail, at + len(sentence if sentence in tail else told.value))
    return behind is not None and any(m[0].lower() not in asks for m in _DENIES.finditer(tail, behind.end()))


def _earlier(better: Statement, tail: str, question: str) -> Extraction:
    """What a clause tells that the end of a response is only a remark to, where nothing is said against it."""
    at = tail.rfind(f"{better.before}{better.value}")
    start, end = at + len(better.before), at + len(better.before) + len(better.value)
    plain = " ".join(question.split())
    others = [span for span in (*values(better.before), *values(better.after)) if not given(span, plain)]
    several = bool(others) and not better.before.rstrip(" $").endswith("=")
    why = "told before" if at < 0 or several or speaks_against(f"{better.before} {better.after}", question) else None
    why = why or standing_objection(tail, start, end, question) or contradiction(better, question, new=False)
    value = number_of(better.value)
    return Extraction(None, why or "told before") if why or value is None else Extraction(value, _BEFORE)


def _as_asked(behind: str, question: str) -> bool:
    """Whether a value's words are not a rate that the question doesn't ask for."""
    rate = _A_RATE.match(behind)
    return rate is None or re.search(rf"\b(?:per|an?|each|every) {rate['of'] or ' '}\b", question) is not None


def _short(body: str, question: str) -> Extraction | None:
    """What a short response states or is."""
    text = body.strip()
    if not text or len(text) > LINE or _said_before(text, question):
        return None
    stated = closing_value(text)
    if stated is not None:
        return Extraction(stated, _CLOSING)
    told = last_value(text, question) if len(text.split()) > MAX_WORDS or "=" in text else None
    if told is not None:
        return Extraction(told, _LAST)
    ended = ending(text, question)
    if ended is not None:
        return Extraction(ended, "ending")
    sole = sole_value(text, question)
    if sole is not None:
        return Extraction(sole, _SOLE)
    whole = answer_form(text)
    return None if whole is None else Extraction(whole, "whole response")


def _concluded(tail: str, question: str) -> Extraction | None:
    """What a longer response concludes with, or states in its last sentence."""
    told = last_value(tail, question)
    if told is not None:
        return Extraction(told, _LAST)
    ended = ending(tail, question)
    if ended is not None:
        return Extraction(ended, "ending")
    sole = None if tail.rstrip().endswith(("$$", "\\]")) else sole_value(tail, question)  # a display is the conclusion
    if sole is not None:
        return Extraction(sole, _SOLE)
    found = conclusion(tail, question)
    return None if found is None or _said_before(found, question) else Extraction(found, _CONCLUSION)


def _said_before(text: str, question: str) -> bool:
    """Whether a sentence is the question's own."""
    words = text.lower().split()
    return len(words) > 2 and " ".join(words) in " ".join(question.lower().split())
