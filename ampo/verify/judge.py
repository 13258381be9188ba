"""The judgement of one claim, in process and without a deadline; the pool runs it in a worker that can be killed.

Extraction (`extract`), bounds (`guard`), then the cheapest rule that decides: a choice letter, the same text, exact
numbers, and last those that read both sides as trees (`rules`). An answer that no rule shows to be the gold is wrong;
`shown` tells whether it was shown to be another, or could not be read or compared.
"""

from __future__ import annotations

import time
from dataclasses import replace

from ampo.types import AnswerKind, Verdict
from ampo.verify.claim import Claim
from ampo.verify.find.extract import extract
from ampo.verify.find.extraction import Extraction
from ampo.verify.find.own import extract_by
from ampo.verify.find.silence import says_nothing
from ampo.verify.formula import guard
from ampo.verify.formula.rationals import is_decimal, rational
from ampo.verify.kinds.choice import gold_letter, judge_choice, judge_lone_letter, lone_letter, names_the_value
from ampo.verify.question.own_arithmetic import echoes
from ampo.verify.ruling import Ruling, not_shown
from ampo.verify.text.normalise import normalise, of_answer
from ampo.verify.text.squeeze import squeeze
from ampo.verify.text.wrappers import same_letters


def quick(claim: Claim) -> Verdict | None:
    """The verdict where it is safe and cheap to find in the caller's process; None where it takes `judge`."""
    return None if claim.protocol == "official" else _quick(claim, extraction(claim))


def _quick(claim: Claim, found: Extraction) -> Verdict | None:
    if found.answer is None:
        if found.truncated:
            return Verdict("truncated", None, found.rule)
        if found.taken_back:
            return Verdict("wrong", None, found.rule)
        return Verdict("no_answer", None, found.rule, shown=says_nothing(claim, found.rule))
    ruling = _cheap(claim, found.answer)
    return None if ruling is None else verdict(found, ruling)


def judge(claim: Claim) -> Verdict:
    """The whole judgement."""
    start = time.perf_counter()
    if claim.protocol == "official":
        from ampo.verify.official import judge_official

        judged = judge_official(claim.gold, claim.response)
    else:
        found = extraction(claim)
        judged = _quick(claim, found) or verdict(found, decide(claim.gold, found.answer or "", claim.question))
    return replace(judged, seconds=time.perf_counter() - start, protocol=claim.protocol)


def equivalent(a: str, b: str, kind: AnswerKind = "auto", options: tuple[str, ...] = (), question: str = "") -> bool:
    """Whether two answers are the same, as strings; symmetric: each may stand for the gold.

    Args:
        a: The one answer.
        b: The other.
        kind: What the problem's reference answer is.
        options: The texts of a choice question.
        question: The problem's text.
    """
    same = quickly_equivalent(a, b, kind, options, question)
    if same is not None:
        return same
    return any(
        (_cheap(claim, answer) or decide(claim.gold, answer, question)).same
        for claim, answer in _both_ways(a, b, kind, options, question)
    )


def quickly_equivalent(a: str, b: str, kind: AnswerKind, options: tuple[str, ...], question: str) -> bool | None:
    """`equivalent` where it is safe and cheap to find in the caller's process; None where it takes trees.

    Args:
        a, b, kind, options, question: As of `equivalent`.
    """
    if a.strip() == b.strip():
        return True
    if not (a.strip() and b.strip()):
        return False
    rulings = [_cheap(claim, answer) for claim, answer in _both_ways(a, b, kind, options, question)]
    if any(ruling is not None and ruling.same for ruling in rulings):
        return True
    return None if None in rulings else False


def _both_ways(
    a: str, b: str, kind: AnswerKind, options: tuple[str, ...], question: str
) -> tuple[tuple[Claim, str], ...]:
    """Each as the gold, with the other."""
    return tuple((Claim(x, "", kind=kind, options=options, question=question), y) for x, y in ((a, b), (b, a)))


def extraction(claim: Claim) -> Extraction:
    """The final answer of a claim's response, and the rule that found it."""
    if claim.extract:
        return extract_by(claim.extract, claim.response, claim.finish_reason)
    choice = gold_letter(claim.gold, claim.kind, claim.options, claim.question) is not None
    return extract(
        claim.response, "choice" if choice else claim.kind, claim.finish_reason, claim.options, claim.question
    )


def verdict(found: Extraction, ruling: Ruling) -> Verdict:
    """A ruling on an extracted answer as a verdict, which names the rule that found the answer."""
    answer = found.answer or ""
    clipped = answer if len(answer) <= guard.MAX_LENGTH else answer[: guard.MAX_LENGTH] + " ..."
    rule = f"{found.rule}; {ruling.rule}"
    return Verdict("correct" if ruling.same else "wrong", clipped, rule, shown=ruling.same or ruling.shown)


def _cheap(claim: Claim, answer: str) -> Ruling | None:
    """What needs no tree: bounds, choice letters, the same text, exact numbers."""
    answer = squeeze(answer)
    refused = guard.refusal(answer)
    if refused:
        return not_shown(f"not read: {refused}")
    letter = gold_letter(claim.gold, claim.kind, claim.options, claim.question)
    # A digit may be the label of one option and the text of another: no "same text" there.
    if claim.gold.strip() == answer.strip() and not (letter and letter.isdigit()):
        return Ruling(True, "same text")
    if guard.refusal(claim.gold):
        return not_shown("the gold can't be read")
    if letter is not None:
        chosen = judge_choice(letter, answer, claim.options, claim.question)
        if chosen is not None:
            return Ruling(chosen, "choice")
        if claim.kind == "choice" or claim.options:
            return not_shown("no option named")
    elif names_the_value(claim.gold, answer, claim.question):
        return Ruling(True, "choice")
    elif (lone := lone_letter(claim.gold, claim.kind)) is not None:
        chosen = judge_lone_letter(lone, answer)
        if chosen is not None:
            return Ruling(chosen, "letter")
    gold_text, text = normalise(claim.gold), of_answer(answer, claim.gold)
    if not gold_text:
        return not_shown("the gold says nothing")
    if gold_text == text or same_letters(gold_text, text):
        return Ruling(True, "same text")
    if not text:
        return Ruling(False, "nothing but punctuation")
    if echoes(gold_text, text, claim.question):
        return Ruling(False, "the question's own expression")
    return _exact_numbers(gold_text, text)


def _exact_numbers(gold: str, text: str) -> Ruling | None:
    a, b = rational(gold), rational(text)
    if a is None or b is None:
        return None
    if a == b:
        return Ruling(True, "exact numbers")
    return None if is_decimal(gold) or (is_decimal(text) and len(text) > 15) else Ruling(False, "exact numbers")


def decide(gold: str, answer: str, question: str = "") -> Ruling:
    """Whether an answer that `quick` leaves open is the gold: by trees and sympy, so only in a worker."""
    from ampo.verify import rules

    try:
        return rules.decide(rules.Pair(gold, answer, question))
    except RecursionError:
        return not_shown("nested too deeply")
