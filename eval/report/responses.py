"""Every response as the page's data: one index of all rows, and the texts in chunks that are unpacked when needed.

The index is in columns, so that it stays small: problems once, reasons once, a number for each outcome. The texts,
which are nearly all of the size, come as (thought, rest) pairs in chunks of about CHUNK characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ampo.eval.report.source import Shown
from ampo.eval.rundir import ResponseRecord, VerdictRecord
from ampo.prompts import split
from ampo.types import OUTCOMES, Problem, Protocol

CHUNK = 2_000_000


class ShownResponse(NamedTuple):
    """A response with its verdicts by protocol. run: its place among the runs shown."""

    run: int
    problem: Problem
    record: ResponseRecord
    verdicts: dict[Protocol, VerdictRecord]


def rows_of(runs: Sequence[Shown]) -> list[ShownResponse]:
    """All responses: by problem in the order of the data, then by run, then by sample."""
    order: dict[str, int] = {}
    rows: list[ShownResponse] = []
    for number, run in enumerate(runs):
        if run.responses is None:
            continue
        problems = run.responses.read_problems()
        for problem in problems:
            order.setdefault(problem, len(order))
        verdicts: dict[str, dict[Protocol, VerdictRecord]] = {}
        for (response, protocol), verdict in run.responses.read_verdicts().items():
            verdicts.setdefault(response, {})[protocol] = verdict
        records = (r for r in run.responses.read_responses().values() if r.problem in problems)
        rows += [ShownResponse(number, problems[r.problem], r, verdicts.get(r.id, {})) for r in records]
    return sorted(rows, key=lambda row: (order[row.problem.id], row.run, row.record.sample))


def index_of(rows: Sequence[ShownResponse], protocols: Sequence[str]) -> dict[str, Any]:
    """The rows' columns. An outcome is a place in OUTCOMES, -1 where there is no verdict; a problem and a reason are
    places in their lists; unshown: the places of the rows whose verdict was not shown.
    """
    problems, reasons = _Places(), _Places()
    index: dict[str, Any] = {
        "run": [row.run for row in rows],
        "problem": [problems.of(_problem(row.problem)) for row in rows],
        "sample": [row.record.sample for row in rows],
        "tokens": [row.record.completion_tokens or 0 for row in rows],
        "seconds": [round(row.record.seconds, 1) for row in rows],
        "seed": [row.record.seed for row in rows],
        "finish": [row.record.finish_reason for row in rows],
        "verdicts": {p: _verdicts([row.verdicts.get(p) for row in rows], reasons) for p in protocols},  # pyright: ignore[reportCallIssue,reportArgumentType]
    }
    return index | {"problems": problems.values, "reasons": reasons.values}


def chunks_of(rows: Sequence[ShownResponse]) -> Iterator[list[tuple[str, str]]]:
    """The texts in the rows' order, as (thought, rest)."""
    chunk: list[tuple[str, str]] = []
    size = 0
    for row in rows:
        parts = split(row.record.text)
        chunk.append((parts.thought, parts.body))
        size += len(row.record.text)
        if size >= CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


@dataclass(slots=True)
class _Places:
    """Each distinct value once, and where it stands."""

    values: list[Any] = field(default_factory=list)
    places: dict[Any, int] = field(default_factory=dict)

    def of(self, value: Any) -> int:
        place = self.places.setdefault(value, len(self.values))
        if place == len(self.values):
            self.values.append(value)
        return place


def _problem(problem: Problem) -> tuple[Any, ...]:
    return problem.id, problem.benchmark, problem.question, problem.answer, problem.options


def _verdicts(verdicts: Sequence[VerdictRecord | None], reasons: _Places) -> dict[str, Any]:
    return {
        "outcome": [OUTCOMES.index(v.outcome) if v else -1 for v in verdicts],
        "unshown": [i for i, v in enumerate(verdicts) if v and not v.shown],
        "extracted": [v.extracted if v else None for v in verdicts],
        "reason": [reasons.of(v.reason if v else "") for v in verdicts],
    }
