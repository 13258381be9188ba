"""Where in a response the answer stands: a stated order of rules, in linear time, with string work only.

Only what follows the thought is read (`ampo.prompts.split`), and nothing of a thought that was never closed. In order:

1. the last complete `<answer>`; an empty one is no answer. A tag left open at the end counts where the engine says
   that the response ended by itself (a stop string `</answer>` is cut off by most engines);
2. the last `\\boxed{}` whose braces balance, with its neighbours where several stand side by side
   ("\\boxed{1} and \\boxed{2}" is one answer of two values); what is announced behind it counts in its place where
   it is another number, and a letter where the box names no option;
3. the last of "the answer is ...", "Final answer: ...", "A: ...", "#### ...";
4. for choice questions, a letter that stands alone at the end or at the beginning;
5. the closing sentence "... is 12." of a response of one or two sentences, where one value follows the "is";
6. a response that as a whole reads as an answer: one line with a number, a formula, a chain of arithmetic
   ("5 * 9 = 45"), or a phrase of a few words. An apology, a plan or the problem said again is no answer;
7. the last line, where it reads as a conclusion (`ampo.verify.find.conclusion`), or ends behind a label or an "i.e."
   (`ampo.verify.find.ending`), or holds one value in free words (`ampo.verify.find.sole_value`). What a response says
   goodbye with is passed over. What these find must be told of what the question asks for.

Inside of a tag, rules 2 and 3 are tried before its whole text is taken, and for choice questions first of all a letter
that is said to be right ("B is the correct choice because ...").

A response that was cut off by the token limit answers only by a complete `<answer>`, or by a box at its very end, with
nothing but marks after it (no letter, no digit): a box that it went on from is a guess, and what 3 to 7 find is luck.
Rules 3 to 7 read the last 20,000 characters: a final answer isn't followed by more than that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ampo.prompts import ANSWER_OPEN, answer_span, split
from ampo.types import AnswerKind
from ampo.verify.find.announced import SUPPOSED, announced, following
from ampo.verify.find.boxes import (
    EMPTY,
    Group,
    boxes,
    in_order_of,
    last_group,
    unclosed,
    with_letters,
    with_marks,
    with_names,
)
from ampo.verify.find.ending import without_farewell
from ampo.verify.find.extraction import LINE, Extraction
from ampo.verify.find.formula_around import formula, left_side
from ampo.verify.find.last_sentence import last_clause
from ampo.verify.find.letters import chosen
from ampo.verify.find.revised import goes_on, revises, thinks_again
from ampo.verify.find.run_on import before_the_next_question
from ampo.verify.find.short_response import reads_as_no_answer
from ampo.verify.find.standing import TAKEN_BACK, objection
from ampo.verify.find.told import values
from ampo.verify.find.unmarked import unmarked
from ampo.verify.question.asked import measures_in_order, of_a_name_asked_for, ordered
from ampo.verify.text.damage import mended
from ampo.verify.text.squeeze import squeeze

MAX_BOXES = 32  # that are read and refused
TAIL = 20_000  # characters that the phrase rules read

_SAID_RIGHT = re.compile(
    r"\W{0,3}([A-Z])\W{0,3}\s+(?:is|would be|must be)\s+(?:the\s+)?(?:\w+\s+)?(?:correct|right|best|answer)\b",
    re.IGNORECASE,
)
_ALTERNATIVE = re.compile(r"\b(?:alternatively|or else|another possib\w+)\b[^.]*$", re.IGNORECASE)
OPEN = frozenset(f"answer, {why}" for why in SUPPOSED)  # nothing is said of what the answer is
_OR_ANOTHER = re.compile(r"[\s$]{0,4}or[\s$]{1,4}-?\d+(?:\.\d+)?[\s$]{0,4}(?:[.!]|$)")
_NUMBERED = re.compile(r"\d{1,2}[.)]\s")
_OTHER_LETTER = re.compile(r"(?<![\w'])([B-HJ-Z])(?![\w'])")


def extract(
    response: str,
    kind: AnswerKind = "auto",
    finish_reason: str | None = None,
    options: tuple[str, ...] = (),
    question: str = "",
) -> Extraction:
    """Find the final answer of a response by the rules above.

    Args:
        response: All of it.
        kind: What the reference answer is; "choice" looks for letters.
        finish_reason: Why it ended; "length" is one cut off by the token limit, None is unknown.
        options: The texts of a choice question.
        question: The problem's text; a sentence of it is no answer.
    """
    choice = kind == "choice" or bool(options)
    cut = finish_reason == "length"
    parts = split(mended(squeeze(response)))
    if not parts.finished:
        stopped = finish_reason not in (None, "length")
        return Extraction(None, "thought never closed", truncated=not stopped)
    body = before_the_next_question(parts.body, lambda text: _answered(text, choice, question))
    at = unclosed(body)
    body, rest = (body, "") if at is None else (body[:at], body[at:])
    found = _strong(body, finish_reason, choice, question)
    tagged = found is not None and found.rule.startswith("answer tag")
    if found is not None and rest and not cut and not tagged and goes_on(body, rest, found.answer or ""):
        return Extraction(None, "box: never closed", taken_back=True)
    if (found is None or found.rule in OPEN) and not cut:
        if rest:
            return Extraction(None, "box: never closed", taken_back=any(c.isalnum() for c in rest[8:]))
        if EMPTY.search(body[-TAIL:]):
            return Extraction(None, "box: empty")
        body = without_farewell(body)
        tail = body[-TAIL:]
        told = (_lettered(body) if choice else None) or unmarked(body, tail, question)
        found = told if found is None or (told is not None and told.answer) else found
    if found is None:
        return Extraction(None, "cut off without a final answer" if cut else "no rule found an answer", truncated=cut)
    if found.answer == "":
        return Extraction(None, f"{found.rule}: empty", truncated=False)
    return found


def _strong(body: str, finish_reason: str | None, choice: bool, question: str) -> Extraction | None:
    """By a tag, a box or a phrase that marks it."""
    cut = finish_reason == "length"
    found = _tagged(body, finish_reason, choice, question)
    if found is None and (not cut or _ends_in_a_box(body)):
        found = _boxed(body, choice, question)
    return found or (None if cut else _phrased(body[-TAIL:], choice, question))


def final_answer(response: str, finish_reason: str | None = None) -> str:
    """The final answer, read without knowing the problem; where none is found, all that is no thought."""
    found = extract(response, finish_reason=finish_reason)
    return split(response).body if found.answer is None else found.answer


def _answered(text: str, choice: bool, question: str) -> bool:
    found = _strong(text, None, choice, question)
    return bool(values(last_clause(text) or "")) if found is None else bool(found.answer)


def _tagged(body: str, finish_reason: str | None, choice: bool, question: str) -> Extraction | None:
    span = answer_span(body)
    if span is None:
        start = body.rfind(ANSWER_OPEN) if finish_reason == "stop" else -1
        if start < 0 or len(body) - start > LINE:
            return None
        span = (start + len(ANSWER_OPEN), len(body))
    content = body[slice(*span)].strip()
    if choice and (letter := _said_right(content)):
        return Extraction(letter, "answer tag, letter")
    if _NUMBERED.match(content) and (listed := following(f"\n{content}")):
        content = listed
    inner = _boxed(content, choice, question)
    inner = inner or (_phrased(content, choice, question) if len(content) <= TAIL else None)
    if inner is not None and inner.answer:
        return Extraction(inner.answer, f"answer tag, {inner.rule}")
    return Extraction(content, "answer tag")


def _said_right(text: str) -> str | None:
    """B of "B is the correct choice because ..." that names no other letter."""
    m = _SAID_RIGHT.match(text)
    others = {*_OTHER_LETTER.findall(text)} - {m[1]} if m and m[1].isupper() else None
    return m[1] if m and others == set() and " not " not in m[0] else None


def _ends_in_a_box(body: str) -> bool:
    """Whether nothing but marks follows the last box."""
    found = boxes(body)
    return bool(found) and not any(c.isalnum() for c in body[found[-1].end :])


def _boxed(body: str, choice: bool, question: str) -> Extraction | None:
    """The last box that stands, with those that are one answer with it, as a part of the formula around it.

    Where what is said around the last one takes it back, an answer behind it counts; else one that stood before it.
    """
    found = boxes(body)
    if not found:
        return None
    refused: list[str] = []
    why = None
    while found and len(refused) < MAX_BOXES:
        group = last_group(body, found)
        start, end = group.boxes[0].start, group.boxes[-1].end
        objected = "a guess" if group.hedged else objection(body, start, end, question)
        others = {box.content for box in found} - set(group.values)
        if objected is None and _OR_ANOTHER.match(body, end):
            objected = "one of several"
        if objected is None and others and _ALTERNATIVE.search(body[max(0, start - 60) : start]):
            objected = "one of several"
        if objected is None and not set(group.values) & set(refused):
            return _revised(group.values, body[end:], choice, question) or _of_group(body, group, choice, question)
        if objected == "a guess" and group.hedged:
            return Extraction(None, "boxes, a guess", taken_back=True)
        if why is None and objected is not None:
            said = _phrased(body[end:][-TAIL:], choice, question)
            if said is not None or objected in TAKEN_BACK:
                return said or Extraction(None, f"box, {objected}", taken_back=True)
        why = why or objected
        refused += group.values
        found = found[: -len(group.boxes)]
    return Extraction(None, f"box, {why}", taken_back=True)


def _revised(values: list[str], behind: str, choice: bool, question: str) -> Extraction | None:
    """What is announced behind a box, where it is another answer for sure."""
    said = _phrased(behind[-TAIL:], choice, question)
    if said is None or not said.answer:
        return None
    return said if revises(values, said.answer, choice) or thinks_again(behind, said.answer) else None


def _of_group(body: str, group: Group, choice: bool, question: str) -> Extraction:
    values = group.values
    if len(values) > 1 and not choice:
        if (marked := with_marks(body, group) or with_letters(body, group)) is not None:
            return Extraction(marked, "boxes side by side")
        listed = in_order_of(question, body, group) if measures_in_order(question) else None
        if listed is not None:
            return Extraction(", ".join(listed), "boxes side by side")
    if not choice and len(group.boxes) == 1:
        box = group.boxes[0]
        told = formula(body, box.start, box.end, box.content)
        left = left_side(body, box.start)
        return Extraction(f"{left} = {told}" if left and of_a_name_asked_for(left, question) else told, "box")
    if group.named and len(values) > 1:
        listed = in_order_of(question, body, group) if ordered(question) else None
        if listed is not None:
            return Extraction(", ".join(listed), "boxes side by side")
        return Extraction(with_names(body, group), "boxes side by side")
    if not choice:
        values = list(dict.fromkeys(_formulas(body, group)))
    return Extraction(", ".join(values), "box" if len(values) == 1 else "boxes side by side")


def _formulas(body: str, group: Group) -> Iterator[str]:
    """Each box of a group with what belongs to it; the box beside it doesn't."""
    ends = [0, *(box.end for box in group.boxes)]
    starts = [*(box.start for box in group.boxes), len(body)]
    for box, low, high in zip(group.boxes, ends, starts[1:], strict=False):
        yield formula(body[low:high], box.start - low, box.end - low, box.content)


def _phrased(tail: str, choice: bool, question: str) -> Extraction | None:
    found = announced(tail, choice, question)
    return None if found is None else Extraction(found.answer, found.why, taken_back=found.answer is None)


def _lettered(body: str) -> Extraction | None:
    tail = body[-TAIL:].strip()
    said = chosen(tail)
    if said is not None:
        return Extraction(said, "letter at the end")
    whole = "\n" not in tail and 0 < len(tail) <= LINE and not reads_as_no_answer(tail)
    return Extraction(tail, "whole response") if whole else None
