"""Every response as the page's data: one index of all rows, and the texts in chunks that are unpacked when needed.

The index is in columns, so that it stays small: problems once, reasons once, a number for each outcome. The texts,
which are nearly all of the size, come as (thought, rest) pairs in chunks of about CHUNK characters. They are read from
the run's folder when their chunk is made, so that memory holds one chunk. A page takes so many texts as a browser can
bear (see `carried`); the other rows are in the index all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple

from ampo.eval.progress import watched
from ampo.eval.records import ResponseRecord
from ampo.eval.report.source import Shown
from ampo.eval.rundir import RunDir
from ampo.eval.stored import placed, read_at
from ampo.prompts import split
from ampo.types import OUTCOMES, FinishReason, Outcome, Problem, Protocol

CHUNK = 2_000_000
TEXTS = 250_000_000
"""Characters of texts in a page at most: about 100 MB of it, which Chromium opens in seconds."""


class ShownVerdict(NamedTuple):
    """As in the verdict."""

    outcome: Outcome
    extracted: str | None
    reason: str
    shown: bool


class ShownResponse(NamedTuple):
    """A response with its verdicts by protocol, and without its text. run: its place among the runs shown. place: the
    byte at which its line begins.
    """

    run: int
    problem: Problem
    sample: int
    characters: int
    completion_tokens: int | None
    finish_reason: FinishReason
    seconds: float
    seed: int | None
    verdicts: dict[Protocol, ShownVerdict]
    place: int

    @property
    def id(self) -> str:
        return f"{self.problem.id}#{self.sample}"


def rows_of(runs: Sequence[Shown]) -> list[ShownResponse]:
    """All responses: by problem in the order of the data, then by run, then by sample."""
    order: dict[str, int] = {}
    rows: list[ShownResponse] = []
    for number, run in enumerate(runs):
        if run.responses is None:
            continue
        problems = {i: problem for i, problem in run.responses.read_problems().items() if i not in run.left_out}
        for problem in problems:
            order.setdefault(problem, len(order))
        rows += _rows(number, problems, run.responses)
    return sorted(rows, key=lambda row: (order[row.problem.id], row.run, row.sample))


def _rows(number: int, problems: dict[str, Problem], run: RunDir) -> Iterator[ShownResponse]:
    once: dict[str, str] = {}  # reasons are few
    verdicts = run.read_verdicts()
    rows: dict[str, ShownResponse] = {}
    for place, r in watched(placed(run.responses, ResponseRecord), run.responses, "responses read"):
        if problem := problems.get(r.problem):
            told = len(r.text), r.completion_tokens, r.finish_reason, round(r.seconds, 1), r.seed
            judged: dict[Protocol, ShownVerdict] = {
                by: ShownVerdict(v.outcome, v.extracted, once.setdefault(v.reason, v.reason), v.shown)
                for by, v in verdicts.on(r).items()
            }
            rows[r.id] = ShownResponse(number, problem, r.sample, *told, judged, place)
    yield from rows.values()


def carried(rows: Sequence[ShownResponse], most: int = TEXTS) -> set[int]:
    """The places of the rows whose text the page has: all, or the first samples of each problem, as many as there is
    room for. Where even one of each is too much, problems are spread evenly.
    """
    golden, found, size = 0.6180339887498949, set(), 0
    for place in sorted(range(len(rows)), key=lambda i: (rows[i].sample, i * golden % 1)):
        size += rows[place].characters
        if size > most:
            break
        found.add(place)
    return found


def index_of(rows: Sequence[ShownResponse], there: Collection[int], protocols: Sequence[str]) -> dict[str, Any]:
    """The rows' columns. An outcome is a place in OUTCOMES, -1 where there is no verdict; a problem and a reason are
    places in their lists; unshown: the places of the rows whose verdict was not shown; texts: of those whose text is on
    the page, None where all are.
    """
    problems, reasons = _Places(), _Places()
    index: dict[str, Any] = {
        "texts": None if len(there) == len(rows) else sorted(there),
        "run": [row.run for row in rows],
        "problem": [problems.of(_problem(row.problem)) for row in rows],
        "sample": [row.sample for row in rows],
        "tokens": [row.completion_tokens or 0 for row in rows],
        "seconds": [row.seconds for row in rows],
        "seed": [row.seed for row in rows],
        "finish": [row.finish_reason for row in rows],
        "verdicts": {p: _verdicts([row.verdicts.get(p) for row in rows], reasons) for p in protocols},  # pyright: ignore[reportCallIssue,reportArgumentType]
    }
    return index | {"problems": problems.values, "reasons": reasons.values}


def chunks_of(
    runs: Sequence[Shown], rows: Sequence[ShownResponse], wanted: Container[int]
) -> Iterator[list[tuple[str, str] | None]]:
    """The texts in the rows' order, as (thought, rest); None for a row whose place isn't wanted."""
    with ExitStack() as stack:
        there = {i: run.responses.responses for i, run in enumerate(runs) if run.responses}
        files = {i: stack.enter_context(file.open("rb")) for i, file in there.items()}
        chunk: list[tuple[str, str] | None] = []
        size = 0
        for place, row in enumerate(rows):
            chunk.append(_text(files[row.run], row) if place in wanted else None)
            size += row.characters * (place in wanted)
            if size >= CHUNK:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk


def _text(file: BinaryIO, row: ShownResponse) -> tuple[str, str]:
    parts = split(read_at(file, row.place, ResponseRecord, lambda found: found.id == row.id).text)
    return parts.thought, parts.body


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


def _verdicts(verdicts: Sequence[ShownVerdict | None], reasons: _Places) -> dict[str, Any]:
    return {
        "outcome": [OUTCOMES.index(v.outcome) if v else -1 for v in verdicts],
        "unshown": [i for i, v in enumerate(verdicts) if v and not v.shown],
        "extracted": [v.extracted if v else None for v in verdicts],
        "reason": [reasons.of(v.reason if v else "") for v in verdicts],
    }
