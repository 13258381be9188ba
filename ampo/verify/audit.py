"""The gold audit: every reference answer against other spellings of itself, before any GPU time is spent.

It lists golds that are broken (unbalanced or with stray dollar signs), that can't be read, that have two readings
(1,234), and those that a protocol rejects in a right spelling: the 58 golds in e-notation of Minerva are right answers
that the authors' scorer can't accept.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, fields, is_dataclass
from typing import Literal, NamedTuple

from ampo.errors import UserError
from ampo.types import Problem, Protocol, Verdict
from ampo.verify.claim import Claim
from ampo.verify.crew.pool import VerifierPool
from ampo.verify.formula import guard
from ampo.verify.formula.equality import mentions, numeric, symbols
from ampo.verify.formula.exact import UndefinedError, exact
from ampo.verify.formula.tree import Tree
from ampo.verify.kinds.answers import Broken, Unread, Value
from ampo.verify.kinds.choice import gold_letter
from ampo.verify.kinds.structure import readings
from ampo.verify.spellings import e_notation, spellings
from ampo.verify.text.normalise import normalise

_AHEAD = 64  # problems under way, to keep the workers busy
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_PROSE = 20  # words from which on a reference is a text of which nobody will write the same
_NAMED = 5  # references that a message names
_CONTRADICTS = "it contradicts itself"

FindingKind = Literal["empty", "broken", "unparsable", "ambiguous", "ampo-rejects", "official-rejects", "doubtful"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubt about one reference answer. what: for people; suggestion: how to mend the data, "" where nothing is."""

    problem: str
    kind: FindingKind
    gold: str
    what: str
    suggestion: str = ""


def audit(problems: Iterable[Problem], pool: VerifierPool | None = None, official: bool = True) -> Iterator[Finding]:
    """Check every gold. Spellings are judged by a pool's workers, within its deadline: no gold can hang the audit.

    Args:
        problems: Whose golds are checked.
        pool: Judges; None makes one that lives as long as the iterator.
        official: Check by the authors' scorer, too (a few milliseconds a gold).

    Returns:
        The findings, in the order of the problems.

    Raises:
        WorkerStartError: No worker can be started.
    """
    if pool is None:
        with VerifierPool(workers=1, eager=False) as own:
            yield from audit(problems, own, official)
        return
    waiting: deque[_Checked] = deque()
    for problem in problems:
        waiting.append(_checked(problem, pool, official))
        if len(waiting) > _AHEAD:
            yield from _findings(waiting.popleft())
    for checked in waiting:
        yield from _findings(checked)


def unreadable(problems: Iterable[Problem]) -> list[Finding]:
    """The reference answers that no response can be shown to give, but by the same text: in process, and quickly.

    They are empty, mathematics that the reader doesn't know, at odds with themselves, or prose.
    """
    found = (finding for problem in problems for finding in _structure(problem))
    return [f for f in found if f.kind in ("empty", "unparsable") or f.what == _CONTRADICTS]


def name_unreadable(problems: Iterable[Problem], say: Callable[[str], object], strict: bool | None = False) -> int:
    """Count and name the reference answers that can't be read, before a token is spent on them; how many there are.

    strict: raise UserError instead where there are any; None is for a caller that has no such option.
    """
    problems = list(problems)
    found = unreadable(problems)
    if not found:
        return 0
    named = "; ".join(f"{f.problem} {_short(f.gold)!r} ({f.what})" for f in found[:_NAMED])
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    line = f"{len(found)} of {len(problems)} reference answers can't be read: {named}{more}"
    if strict:
        raise UserError(f"{line}. Mend or remove them, or leave out --strict: responses to them will count as wrong")
    refuses = "" if strict is None else ", --strict refuses them"
    say(f"note: {line}. Responses to them will count as wrong; `ampo audit` lists all{refuses}")
    return len(found)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Checked(NamedTuple):
    """A problem under way: what its text shows, and the judgements of its spellings by each protocol."""

    problem: Problem
    shown: list[Finding]
    judged: list[tuple[Protocol, str, Future[Verdict]]]


def _checked(problem: Problem, pool: VerifierPool, official: bool) -> _Checked:
    return _Checked(
        problem, list(_structure(problem)), [(c.protocol, s, pool.submit(c)) for s, c in _spelled(problem, official)]
    )


def _findings(checked: _Checked) -> Iterator[Finding]:
    """What the text shows, and the first right spelling that a protocol refuses."""
    yield from checked.shown
    problem, told = checked.problem, set()
    for protocol, spelling, future in checked.judged:
        verdict = future.result()
        if verdict.correct or protocol in told:
            continue
        told.add(protocol)
        if protocol == "ampo":
            what = f"{spelling} is refused: {verdict.reason}"
            yield Finding(problem.id, "ampo-rejects", problem.answer, what)
        else:
            late = f": {verdict.reason}" if verdict.outcome == "timeout" else ""
            what = f"{spelling} is refused by the authors' scorer{late}"
            yield Finding(problem.id, "official-rejects", problem.answer, what, e_notation(problem.answer) or "")


def _spelled(problem: Problem, official: bool) -> Iterator[tuple[str, Claim]]:
    """Right spellings of the gold, each as a claim."""
    gold = problem.answer
    if not gold.strip() or guard.refusal(gold):
        return
    fields = (problem.kind, problem.options, problem.question)
    choice = gold_letter(gold, *fields) is not None
    for spelling in [gold] if choice else list(dict.fromkeys(spellings(gold, problem.question))):
        yield spelling, Claim(gold, f"<answer>{spelling}</answer>", "ampo", *fields)
    if official:
        for spelling in filter(None, (e_notation(gold), gold)):
            yield spelling, Claim(gold, f"<answer>{spelling}</answer>", "official")


def _structure(problem: Problem) -> Iterator[Finding]:
    gold = problem.answer

    def finding(kind: FindingKind, what: str, suggestion: str = "") -> Finding:
        return Finding(problem.id, kind, gold, what, suggestion)

    if not gold.strip():
        yield finding("empty", "there is no reference answer")
        return
    refused = guard.refusal(gold)  # only linear searches before this is known: we are in the caller's process
    if (stray := _stray_dollars(gold)) is not None:
        yield finding("broken", stray, "" if refused else normalise(gold))
    if refused is not None:
        yield finding("unparsable", refused)
        return
    if gold_letter(gold, problem.kind, problem.options, problem.question):
        return
    if problem.kind == "choice":
        yield finding("ambiguous", "a choice question whose answer is no option's letter")
        return
    answers = readings(normalise(gold))
    if (words := len(_WORD.findall(gold))) >= _PROSE:
        yield finding("unparsable", f"prose of {words} words: only the same words can be accepted")
    elif any(_holds(a, Broken) for a in answers):
        yield finding("broken", _CONTRADICTS)
    elif any(_holds(a, Unread) for a in answers):
        yield finding("unparsable", "the reader doesn't know it: only the same text or sympy can accept an answer")
    elif any(isinstance(a, Value) and _beyond(a.tree) for a in answers):
        yield finding("unparsable", "its value is too large to be computed: only the same form can be accepted")
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


def _beyond(tree: Tree) -> bool:
    """Whether a number has no value within the bounds of `ampo.verify.formula`."""
    if symbols(tree) or mentions(tree, {"infinity", "apply"}):
        return False
    try:
        numeric(tree)
    except UndefinedError:
        return exact(tree) is None
    return False


def _holds(answer: object, kind: type) -> bool:
    if isinstance(answer, kind):
        return True
    if isinstance(answer, tuple):
        return any(_holds(a, kind) for a in answer)
    if is_dataclass(answer):
        return any(_holds(getattr(answer, f.name), kind) for f in fields(answer))
    return False
