"""Procedural teachers for the offline demo: right solutions of chained sums, in four styles.

The last step's result stands in the answer alone: where the answer could be read off the trace, every comprehension
score would be near 1 and nothing would be chosen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import accumulate

from ampo.guidance.formats import PoolEntry
from ampo.types import Problem, Solution

_SUM = re.compile(r"-?\d+(?:\s*[+-]\s*\d+)+")
_TERM = re.compile(r"[+-]?\s*\d+")


def pool_entry(problem: Problem) -> PoolEntry:
    """A pool's row for a problem that is a chained sum; without solutions for any other problem."""
    found = _SUM.search(problem.question)
    terms = [int(t.replace(" ", "")) for t in _TERM.findall(found.group())] if found else []
    texts = {name: style(terms) for name, style in STYLES.items()} if len(terms) > 1 else {}
    solutions = tuple(
        Solution(name, f"{text}<answer> {problem.answer} </answer>")
        for name, text in texts.items()
        if not re.search(rf"(?<!\d){re.escape(problem.answer)}(?!\d)", text)
    )
    return PoolEntry(problem.id, problem.question, problem.answer, solutions)


def _steps(terms: Sequence[int]) -> list[tuple[int, int, int]]:
    """(total before, term, total after) of each addition."""
    totals = list(accumulate(terms))
    return list(zip(totals, terms[1:], totals[1:], strict=False))


def _sign(term: int) -> str:
    return f"+ {term}" if term >= 0 else f"- {-term}"


def _running(terms: Sequence[int]) -> str:
    *first, last = _steps(terms)
    lines = [f"{before} {_sign(term)} = {after}\n" for before, term, after in first]
    return "".join(lines) + f"{last[0]} {_sign(last[1])} = "


def _words(terms: Sequence[int]) -> str:
    *first, last = _steps(terms)
    told = [f"{_verb(term)}, which makes {after}. " for _, term, after in first]
    return f"I start with {terms[0]}. " + "".join(told) + f"{_verb(last[1])}, and the result is "


def _verb(term: int) -> str:
    return f"I add {term}" if term >= 0 else f"I take away {-term}"


def _checking(terms: Sequence[int]) -> str:
    *first, last = _steps(terms)
    told = [
        f"Let me see: {before} {_sign(term)} is {after}. Is that so? {after} {_sign(-term)} = {before}, yes. "
        for before, term, after in first
    ]
    return f"<think> {''.join(told)}What is left is {last[0]} {_sign(last[1])}. </think> So the answer is "


def _symbols(terms: Sequence[int]) -> str:
    *first, last = _steps(terms)
    return "".join(f"[{b}|{t:+d}>{a}]" for b, t, a in first) + f"[{last[0]}|{last[1]:+d}>?] => "


STYLES: dict[str, Callable[[Sequence[int]], str]] = {
    "running": _running,
    "words": _words,
    "checking": _checking,
    "symbols": _symbols,
}
