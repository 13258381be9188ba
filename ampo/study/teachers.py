"""Four teachers of chained sums, all of them right, and how far each is from what the student has seen.

    own       the style in which the student works, when it does
    rare      words for the signs, which the student has seen in a few of its examples
    checking  the student's own style, each step done again backwards: long, and never seen
    alien     digits reversed and signs of its own: never seen

The last step's result stands in the answer alone (see `ampo.study.task`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ampo.study.task import terms_of, totals_of
from ampo.types import Problem, Solution

Steps = list[tuple[int, int, int]]


def _own(steps: Steps) -> str:
    *first, (before, term, _) = steps
    return "".join(f"{b}{t:+d}={a};" for b, t, a in first) + f"{before}{term:+d}="


def _rare(steps: Steps) -> str:
    *first, (before, term, _) = steps
    return "".join(f"{b} {_word(t)} {abs(t)} is {a}, " for b, t, a in first) + f"{before} {_word(term)} {abs(term)} is "


def _word(term: int) -> str:
    return "and" if term > 0 else "less"


def _checking(steps: Steps) -> str:
    *first, (before, term, _) = steps
    return "".join(f"{b}{t:+d}={a}?{a}{-t:+d}={b}!" for b, t, a in first) + f"{before}{term:+d}="


def _alien(steps: Steps) -> str:
    *first, (before, term, _) = steps
    told = (f"<{_mirrored(b)}{_sign(t)}{_mirrored(t)}|{_mirrored(a)}>" for b, t, a in first)
    return "".join(told) + f"<{_mirrored(before)}{_sign(term)}{_mirrored(term)}|"


def _mirrored(number: int) -> str:
    return str(abs(number))[::-1]


def _sign(term: int) -> str:
    return "#" if term > 0 else "~"


STYLES: dict[str, Callable[[Steps], str]] = {"own": _own, "rare": _rare, "checking": _checking, "alien": _alien}


def solution(problem: Problem, style: str) -> Solution:
    """A teacher's solution: its trace, then the answer in tags."""
    terms: Sequence[int] = terms_of(problem)
    totals = totals_of(terms)
    steps = list(zip(totals, terms[1:], totals[1:], strict=False))
    return Solution(style, f"{STYLES[style](steps)}<answer>{problem.answer}</answer>", verified=True)
