"""Test problems whose question or reference answer is known to be wrong or doubtful: doubtful.toml, with sources.

A score can be shown without them (`--without-doubtful`); `ampo audit` names them. The list holds what we have found,
not all there is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ampo.types import Problem
from ampo.verify.audit import Finding

_NAMED = 8  # problems that a note names


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is known of one problem.

    problem: its name, for people. question: what is found in the question. answer: the reference that it is about; ""
    for any. source: an address, or "own" where it was seen by reading the problem.
    """

    problem: str
    question: re.Pattern[str]
    what: str
    source: str
    answer: str = ""

    def about(self, problem: Problem) -> bool:
        """Whether it is about this copy of the problem."""
        answer = problem.answer.strip().strip("$")
        return (not self.answer or answer == self.answer) and self.question.search(problem.question) is not None


@cache
def doubts() -> tuple[Doubt, ...]:
    """All that are known."""
    table = tomllib.loads(files("ampo.eval").joinpath("doubtful.toml").read_text(encoding="utf-8"))
    return tuple(Doubt(**row | {"question": re.compile(row["question"])}) for row in table["doubt"])


def doubtful(problems: Iterable[Problem]) -> dict[str, Doubt]:
    """The first doubt about each problem that there is one about, by the problem's id."""
    found = ((problem.id, next((d for d in doubts() if d.about(problem)), None)) for problem in problems)
    return {name: doubt for name, doubt in found if doubt is not None}


def doubtful_note(left_out: Mapping[str, Doubt]) -> str:
    """For people: which problems are left out."""
    if not left_out:
        return "none of its problems is known to be doubtful"
    named = ", ".join(list(left_out)[:_NAMED]) + (", ..." if len(left_out) > _NAMED else "")
    return f"without {len(left_out)} problems that are known to be wrong or doubtful ({named}); `ampo audit` says why"


def findings(problems: Iterable[Problem]) -> Iterator[Finding]:
    """What an audit says of them, in order."""
    for problem in problems:
        for doubt in (d for d in doubts() if d.about(problem)):
            source = "by reading it" if doubt.source == "own" else doubt.source
            yield Finding(problem.id, "doubtful", problem.answer, f"{doubt.problem}: {doubt.what} ({source})")
