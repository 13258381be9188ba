"""Judging a table of any size: rows in, a line of JSON a row and protocol out, in the rows' order.

A bounded number of rows is under way at a time, so memory doesn't grow with the file. Every line is on disk as soon as
it is there. A line tells by `claim`, a digest of all that was judged, which row it is of: a run that was stopped goes
on after its last whole line, and says so where the table is no longer the one that it began with.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from typing import Any

from ampo.errors import UserError, nearest
from ampo.eval.sources import Row
from ampo.integrations import shared
from ampo.types import AnswerKind, Protocol, Verdict
from ampo.verify import Claim, VerifierPool

_WINDOW = 2048  # claims under way: enough for any number of workers

Write = Callable[[dict[str, Any]], object]


@dataclass(frozen=True, slots=True)
class Columns:
    """What is where in a row. Of a conversation, the last turn counts; an empty response is no answer."""

    gold: str = "gold"
    response: str = "response"
    question: str | None = None
    options: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One judgement to make. number: of the row, from 0."""

    number: int
    id: Any
    claim: Claim

    @property
    def digest(self) -> str:
        """Names the claim, whatever its place in the table."""
        parts = [str(getattr(self.claim, field.name)) for field in fields(Claim)]
        return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    def line(self, verdict: Verdict) -> dict[str, Any]:
        """The verdict as a row of the output."""
        named = {} if self.id is None else {"id": self.id}
        return {
            "row": self.number,
            **named,
            "protocol": verdict.protocol,
            "outcome": verdict.outcome,
            "extracted": verdict.extracted,
            "reason": verdict.reason,
            "shown": verdict.shown,
            "seconds": round(verdict.seconds, 6),
            "claim": self.digest,
        }


def claims(
    rows: Iterable[Row], columns: Columns, protocols: Sequence[Protocol], kind: AnswerKind = "auto"
) -> Iterator[Asked]:
    """What a table asks.

    Args:
        rows: Of the table.
        columns: Which of its columns hold what.
        protocols: By each of which every row is judged.
        kind: What the reference answers are.

    Raises:
        UserError: A column isn't there, or a value is of no use; with its place.
    """
    for number, row in enumerate(rows):
        found = [_value(row, column) for column in (columns.gold, columns.response, columns.question)]
        options = _options(_value(row, columns.options), row.where)
        try:
            claim = shared.claim(*found, kind=kind, options=options)
        except UserError as error:
            raise UserError(f"{row.where}: {error}") from error
        for protocol in protocols:
            yield Asked(number, _value(row, columns.id), replace(claim, protocol=protocol))


def judge(
    asked: Iterable[Asked],
    done: Iterable[dict[str, Any]],
    write: Write,
    pool: VerifierPool,
    seen: Callable[[str, str], None],
) -> Counter[tuple[str, str]]:
    """Judge all that is asked and isn't done.

    Args:
        asked: All of it, what is done included.
        done: The lines that are there already, in the rows' order.
        write: Takes each new line, in the rows' order.
        pool: Judges.
        seen: Is told each new verdict's protocol and outcome.

    Returns:
        How often each (protocol, outcome) came, done ones included.

    Raises:
        UserError: What is done is of another table, or a row is broken; those before it are written.
    """
    counts: Counter[tuple[str, str]] = Counter()
    waiting: deque[tuple[Asked, Future[Verdict]]] = deque()

    def settle(limit: int) -> None:
        while len(waiting) > limit:
            one, future = waiting.popleft()
            verdict = future.result()
            write(one.line(verdict))
            counts[verdict.protocol, verdict.outcome] += 1
            seen(verdict.protocol, verdict.outcome)

    try:
        for one in _after(asked, done, counts):
            waiting.append((one, pool.submit(one.claim)))
            settle(_WINDOW)
    except UserError:  # a broken row: those before it are not lost
        settle(0)
        raise
    settle(0)
    return counts


def _after(asked: Iterable[Asked], done: Iterable[dict[str, Any]], counts: Counter[tuple[str, str]]) -> Iterator[Asked]:
    """What is asked beyond what is done, which is counted."""
    rest = iter(asked)
    for line in done:
        one = next(rest, None)
        if one is None or one.digest != line.get("claim"):
            row = line.get("row")
            raise UserError(
                f"the output's verdict on row {row} is of another table, or of other options: "
                "give the same ones to resume, or another --output"
            )
        counts[str(line.get("protocol")), str(line.get("outcome"))] += 1
    return rest


def _value(row: Row, column: str | None) -> Any:
    if column is None:
        return None
    if column not in row.fields:
        raise UserError(f"{row.where} has no column {column!r}: {nearest(column, row.fields, 'a column')}")
    return row.fields[column]


def _options(value: Any, where: str) -> tuple[str, ...]:
    """The options' texts: a list, or in CSV its JSON."""
    if value in (None, ""):
        return ()
    try:
        value = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        value = None
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise UserError(f"{where}: the options are no list of texts: in CSV write them as JSON")
    return tuple(value)
