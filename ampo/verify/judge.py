"""The judgement of one claim, in process and without a deadline; the pool runs it in a worker that can be killed.

Extraction (`extract`), bounds (`guard`), then the cheapest rule that decides: a choice letter, the same text, exact
numbers, the kinds of answers (`structure`, `compare`), and last sympy for what our reader doesn't know. An answer that
no rule shows to be the gold is wrong.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import NamedTuple

from ampo.types import AnswerKind, Verdict
from ampo.verify import guard
from ampo.verify.choice import gold_letter, judge_choice, judge_lone_letter, lone_letter, names_the_value
from ampo.verify.claim import Claim
from ampo.verify.echo import echoes
from ampo.verify.extract import Extraction, extract
from ampo.verify.normalise import normalise
from ampo.verify.rationals import is_decimal, rational


class Ruling(NamedTuple):
    """same: whether the answer is the gold; rule: what decided."""

    same: bool
    rule: str


def quick(claim: Claim) -> Verdict | None:
    """The verdict where it is safe and cheap to find in the caller's process; None where it takes `judge`."""
    if claim.protocol == "official":
        return None
    found = extraction(claim)
    if found.answer is None:
        return Verdict("truncated" if found.truncated else "no_answer", None, found.rule)
    ruling = _cheap(claim, found.answer)
    return None if ruling is None else verdict(found, ruling)


def judge(claim: Claim) -> Verdict:
    """The whole judgement."""
    start = time.perf_counter()
    if claim.protocol == "official":
        from ampo.verify.official import judge_official

        judged = judge_official(claim.gold, claim.response)
    else:
        judged = quick(claim)
        if judged is None:
            found = extraction(claim)
            judged = verdict(found, decide(claim.gold, found.answer or "", claim.question))
    return replace(judged, seconds=time.perf_counter() - start, protocol=claim.protocol)


def equivalent(a: str, b: str, kind: AnswerKind = "auto", options: tuple[str, ...] = (), question: str = "") -> bool:
    """Whether two answers are the same, as strings; symmetric: each may stand for the gold."""
    if a.strip() == b.strip():
        return True
    for gold, answer in ((a, b), (b, a)):
        claim = Claim(gold, "", kind=kind, options=options, question=question)
        ruling = _cheap(claim, answer) or decide(gold, answer, question)
        if ruling.same:
            return True
    return False


def extraction(claim: Claim) -> Extraction:
    """The final answer of a claim's response, and the rule that found it."""
    choice = gold_letter(claim.gold, claim.kind, claim.options, claim.question) is not None
    return extract(
        claim.response, "choice" if choice else claim.kind, claim.finish_reason, claim.options, claim.question
    )


def verdict(found: Extraction, ruling: Ruling) -> Verdict:
    """A ruling on an extracted answer as a verdict, which names the rule that found the answer."""
    answer = found.answer or ""
    shown = answer if len(answer) <= guard.MAX_LENGTH else answer[: guard.MAX_LENGTH] + " ..."
    return Verdict("correct" if ruling.same else "wrong", shown, f"{found.rule}; {ruling.rule}")


def _cheap(claim: Claim, answer: str) -> Ruling | None:
    """What needs no tree: bounds, choice letters, the same text, exact numbers."""
    refused = guard.refusal(answer)
    if refused:
        return Ruling(False, f"not read: {refused}")
    letter = gold_letter(claim.gold, claim.kind, claim.options, claim.question)
    # A digit may be the label of one option and the text of another: no "same text" there.
    if claim.gold.strip() == answer.strip() and not (letter and letter.isdigit()):
        return Ruling(True, "same text")
    if guard.refusal(claim.gold):
        return Ruling(False, "the gold can't be read")
    if letter is not None:
        chosen = judge_choice(letter, answer, claim.options, claim.question)
        if chosen is not None:
            return Ruling(chosen, "choice")
        if claim.kind == "choice" or claim.options:
            return Ruling(False, "no option named")
    elif names_the_value(claim.gold, answer, claim.question):
        return Ruling(True, "choice")
    elif (lone := lone_letter(claim.gold, claim.kind)) is not None:
        chosen = judge_lone_letter(lone, answer)
        if chosen is not None:
            return Ruling(chosen, "letter")
    gold_text, text = normalise(claim.gold), normalise(answer)
    if gold_text == text and gold_text:
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
    return None if is_decimal(gold) else Ruling(False, "exact numbers")


def decide(gold: str, answer: str, question: str = "") -> Ruling:
    """Whether an answer that `quick` leaves open is the gold: by trees and sympy, so only in a worker."""
    try:
        return _decide(gold, answer, question)
    except RecursionError:
        return Ruling(False, "nested too deeply")


def _decide(gold: str, answer: str, question: str) -> Ruling:
    """By the kinds of the two answers, else by sympy."""
    from ampo.verify.answers import Phrase, Unread, Value
    from ampo.verify.asked import another_measure
    from ampo.verify.chemistry import same_formula
    from ampo.verify.combinatorics import expanded
    from ampo.verify.commas import with_point
    from ampo.verify.compare import matches
    from ampo.verify.counted import says_none
    from ampo.verify.domains import compatible
    from ampo.verify.form import unlike
    from ampo.verify.images import mentioned
    from ampo.verify.moments import same_moment
    from ampo.verify.setting import Setting
    from ampo.verify.stated import stated
    from ampo.verify.statements import another_case, states
    from ampo.verify.structure import integer_parameters, parse, readings
    from ampo.verify.synonyms import synonymous

    gold_text, text = normalise(gold), normalise(answer)
    text = with_point(gold_text, text) or text
    text = expanded(text) if isinstance(parse(gold_text), Value) else text
    declared = integer_parameters(gold)
    setting = Setting(question, declared or integer_parameters(answer), declared=declared)
    if another_case(gold_text, text):
        return Ruling(False, "another case of the letters")
    moment = same_moment(gold_text, text, question)
    if moment is not None:
        return Ruling(moment, "time or date")
    if isinstance(parse(gold_text), Phrase) and _worded(gold_text) == _worded(text) != "":
        return Ruling(True, "phrase")
    if synonymous(gold_text, text):
        return Ruling(True, "the same in other words")
    formula = same_formula(gold_text, text)
    if formula is not None:
        return Ruling(formula, "chemical formula")
    if states(gold_text, text, question):
        return Ruling(True, "a sentence that states the phrase")
    if question and another_measure(text, question):
        return Ruling(False, "another measure than asked for")
    if question and (other := unlike(gold_text, text, question)):
        return Ruling(False, other)
    if gold_text == "0" and says_none(text, question):
        return Ruling(True, "none of what is counted")
    if not compatible(gold_text, text) and not (mentioned(parse(gold_text)) and mentioned(parse(text))):
        return Ruling(False, "another domain of the parameter")
    rule = ""
    with_letter = (parse(gold_text, letters=True),) if _ends_in_a_unit(gold_text, question) else ()
    for wanted in (*readings(gold_text), *with_letter):
        found = parse(text)
        rule = f"{type(wanted).__name__.lower()} against {type(found).__name__.lower()}"
        if matches(wanted, found, setting):
            return Ruling(True, rule)
        if any(isinstance(x, (Value, Unread)) for x in (wanted, found)) and _may_have_unit(text, question):
            with_unit = parse(text, letters=True)
            if with_unit != found and isinstance(wanted, Value) and matches(wanted, with_unit, setting):
                return Ruling(_numeric(wanted), f"{rule}, with a unit")
    wanted, found = parse(gold_text), parse(text)
    if _numeric(wanted) and (number := stated(text, question)) and matches(wanted, parse(number), setting):
        return Ruling(True, "a sentence that states the number")
    unread = isinstance(wanted, Unread) or isinstance(found, Unread)
    if unread and not isinstance(wanted, Phrase) and _single(gold_text) and _single(text):
        from ampo.verify import symbolic

        return Ruling(symbolic.same(gold_text, text), "sympy")
    return Ruling(False, rule)


def _may_have_unit(text: str, question: str) -> bool:
    """Whether the letters at the end may be a unit: the question doesn't use a single one of them as a name."""
    letter = re.search(r"(?<![a-zA-Z])([a-zA-Z])$", text)
    return bool(re.search(r"[a-zA-Z]", text)) and not (letter and re.search(rf"\${letter[1]}\b", question))


def _ends_in_a_unit(gold: str, question: str) -> bool:
    """Whether a gold is a number with one letter apart that the question doesn't use as a name: 300 K."""
    m = re.fullmatch(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)? ([a-zA-Z])", gold)
    return bool(m and question) and not re.search(rf"(?<![a-zA-Z]){m[1]}(?![a-zA-Z])", question)  # type: ignore[index]


def _worded(text: str) -> str:
    from ampo.verify.domains import in_one_order
    from ampo.verify.phrases import phrase

    return phrase(in_one_order(text))


def _numeric(value: object) -> bool:
    from ampo.verify.agree import symbols
    from ampo.verify.answers import Value

    return isinstance(value, Value) and not symbols(value.tree)


def _single(text: str) -> bool:
    """One expression: no list, no relation, no words."""
    from ampo.verify.scan import split

    return (
        len(split(text, {",", ";", "and", "or", "=", "<", ">", "\\le", "\\ge", "\\in", "\\cup"})) == 1
        and "\\text" not in text
    )
