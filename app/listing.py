"""Which responses of a run are listed, in which order, and how many there are of each outcome."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ampo.app.desk import RunRow
from ampo.types import OUTCOMES, Verdict

ALL, UNJUDGED = "all", "not judged"
ENDS = {"finished": ("stop",), "cut off": ("length",), "failed": ("error", "abort")}
WHICH = (ALL, "not shown to be wrong", "protocols disagree", "samples differ on the problem")
ORDERS = ("by problem", "longest first", "shortest first")


@dataclass(frozen=True, slots=True)
class Filter:
    """What is to be listed. which: one of WHICH. words: in all that there is of question and response.

    protocol: whose verdicts count; None for the first that a response has.
    """

    benchmark: str = ALL
    protocol: str | None = None
    outcome: str = ALL
    end: str = ALL
    which: str = ALL
    words: str = ""
    order: str = ORDERS[0]

    def of(self, rows: Sequence[RunRow]) -> list[RunRow]:
        among = self._which(rows)
        found = [row for row in among if self._fits(row)]
        if self.order == ORDERS[0]:
            return sorted(found, key=lambda row: _natural(row.id))
        return sorted(found, key=lambda row: row.completion_tokens, reverse=self.order == ORDERS[1])

    def _which(self, rows: Sequence[RunRow]) -> Sequence[RunRow]:
        if self.which == WHICH[1]:
            return [row for row in rows if (verdict := row.under(self.protocol)) is not None and not verdict.shown]
        if self.which == WHICH[2]:
            return [row for row in rows if row.disputed]
        if self.which == WHICH[3]:
            right, wrong = ({row.problem.id for row in rows if self._right(row) is it} for it in (True, False))
            return [row for row in rows if row.problem.id in right & wrong]
        return rows

    def _right(self, row: RunRow) -> bool | None:
        verdict = row.under(self.protocol)
        return verdict.correct if verdict else None

    def _fits(self, row: RunRow) -> bool:
        words = (self.words or "").casefold().strip()
        verdict = row.under(self.protocol)
        found = (verdict.extracted or "") if verdict else ""
        texts = (row.text, row.problem.question, row.problem.answer, row.id, found, *row.problem.options)
        return (
            self.benchmark in (ALL, row.problem.benchmark)
            and self.outcome in (ALL, _outcome(verdict))
            and (self.end == ALL or row.finish_reason in ENDS.get(self.end, ()))
            and (not words or any(words in text.casefold() for text in texts))
        )


def _outcome(verdict: Verdict | None) -> str:
    return verdict.outcome if verdict else UNJUDGED


def counted(rows: Sequence[RunRow], protocol: str | None) -> str:
    """How many there are, and how many of each outcome."""
    found = Counter(_outcome(row.under(protocol)) for row in rows)
    parts = [f"{found[outcome]:,} {outcome.replace('_', ' ')}" for outcome in (*OUTCOMES, UNJUDGED) if found[outcome]]
    return f"{len(rows):,} responses" + (f": {', '.join(parts)}" if parts else "")


def _natural(text: str) -> list[tuple[int, Any]]:
    """A key by which 10 comes after 9."""
    return [(1, int(part)) if part.isdigit() else (0, part) for part in re.split(r"(\d+)", text)]
