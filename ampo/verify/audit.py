"""The gold audit: every reference answer against other spellings of itself, before any GPU time is spent.

It lists golds that are broken (unbalanced or with stray dollar signs), that can't be read, that have two readings
(1,234), and those that a protocol rejects in a right spelling: the 58 golds in e-notation of Minerva are right answers
that the authors' scorer can't accept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Literal

from ampo.types import Problem
from ampo.verify import guard
from ampo.verify.answers import Broken, Unread
from ampo.verify.choice import gold_letter
from ampo.verify.claim import Claim
from ampo.verify.judge import judge
from ampo.verify.normalise import normalise
from ampo.verify.spellings import e_notation, spellings
from ampo.verify.structure import readings

FindingKind = Literal["empty", "broken", "unparsable", "ambiguous", "ampo-rejects", "official-rejects"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubt about one reference answer. what: for people; suggestion: how to mend the data, "" where nothing is."""

    problem: str
    kind: FindingKind
    gold: str
    what: str
    suggestion: str = ""


def audit(problems: Iterable[Problem], official: bool = True) -> Iterator[Finding]:
    """Check every gold. official: also by the authors' scorer (a few milliseconds a gold)."""
    for problem in problems:
        yield from _structure(problem)
        yield from _rejections(problem, official)


def _structure(problem: Problem) -> Iterator[Finding]:
    gold = problem.answer

    def finding(kind: FindingKind, what: str, suggestion: str = "") -> Finding:
        return Finding(problem.id, kind, gold, what, suggestion)

    if not gold.strip():
        yield finding("empty", "there is no reference answer")
        return
    if (stray := _stray_dollars(gold)) is not None:
        yield finding("broken", stray, normalise(gold))
    if (refused := guard.refusal(gold)) is not None:
        yield finding("unparsable", refused)
        return
    if gold_letter(gold, problem.kind, problem.options, problem.question):
        return
    if problem.kind == "choice":
        yield finding("ambiguous", "a choice question whose answer is no option's letter")
        return
    answers = readings(normalise(gold))
    if any(_holds(a, Broken) for a in answers):
        yield finding("broken", "it contradicts itself")
    elif any(_holds(a, Unread) for a in answers):
        yield finding("unparsable", "the reader doesn't know it: only the same text or sympy can accept an answer")
    elif len(answers) > 1 and "\\!" not in gold and "{,}" not in gold:
        yield finding("ambiguous", "one number with thousands separators, or several numbers", gold.replace(",", ""))


def _stray_dollars(gold: str) -> str | None:
    text = gold.replace("\\$", "")
    money = re.fullmatch(r"\s*\$\s?[\d.,]+\s*", text)
    if text.count("$") % 2 and not money:
        return "an odd number of $ signs"
    if re.search(r"\$\s+\$", text):
        return "a stray `$ $` inside"
    if text.replace("\\{", "").replace("\\}", "").count("{") != text.replace("\\{", "").replace("\\}", "").count("}"):
        return "braces that don't balance"
    return None


def _holds(answer: object, kind: type) -> bool:
    if isinstance(answer, kind):
        return True
    if isinstance(answer, tuple):
        return any(_holds(a, kind) for a in answer)
    if is_dataclass(answer):
        return any(_holds(getattr(answer, f.name), kind) for f in fields(answer))
    return False


def _rejections(problem: Problem, official: bool) -> Iterator[Finding]:
    """Spellings of the gold that a protocol calls wrong."""
    gold = problem.answer
    if not gold.strip() or guard.refusal(gold):
        return
    choice = gold_letter(gold, problem.kind, problem.options, problem.question) is not None
    tried = [gold] if choice else list(dict.fromkeys(spellings(gold)))
    for spelling in tried:
        response = f"<answer>{spelling}</answer>"
        verdict = judge(Claim(gold, response, "ampo", problem.kind, problem.options, problem.question))
        if not verdict.correct:
            yield Finding(problem.id, "ampo-rejects", gold, f"{spelling} is refused: {verdict.reason}")
            break
    if not official or not _safe(gold):
        return
    for spelling in [s for s in (e_notation(gold), gold) if s]:
        if not judge(Claim(gold, f"<answer>{spelling}</answer>", "official")).correct:
            suggestion = e_notation(gold) or ""
            yield Finding(
                problem.id, "official-rejects", gold, f"{spelling} is refused by the authors' scorer", suggestion
            )
            break


def _safe(gold: str) -> bool:
    """Short and without towers of powers: Math-Verify runs here without a deadline."""
    return len(gold) <= 400 and guard.depth(gold) <= 20 and not guard.explosive(gold)
