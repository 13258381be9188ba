"""Responses in, verdicts out as they come. A bounded number is under way, so that memory doesn't grow with a run."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future

from ampo.eval.records import ResponseRecord, VerdictRecord
from ampo.eval.score import claim_of, problem_of
from ampo.types import Problem, Protocol, Verdict
from ampo.verify import VerifierPool

_AT_ONCE = 1024  # claims under way: the workers are never idle, and their texts take a few MiB


class Judging:
    """Has responses judged.

    write: takes each verdict, in the thread that calls `submit` and `collect`.
    """

    def __init__(
        self, problems: Mapping[str, Problem], pool: VerifierPool, write: Callable[[VerdictRecord], None]
    ) -> None:
        self._problems, self._pool, self._write = problems, pool, write
        self._done: queue.SimpleQueue[tuple[str, str, Future[Verdict]]] = queue.SimpleQueue()
        self._pending = 0

    def submit(self, record: ResponseRecord, protocols: Sequence[Protocol], mark: str) -> None:
        """Have a response judged. Waits where too many are under way. mark: the response's (see `mark_of`)."""
        for protocol in protocols:
            future = self._pool.submit(claim_of(problem_of(self._problems, record), record, protocol))
            self._pending += 1
            future.add_done_callback(lambda f, i=record.id: self._done.put((i, mark, f)))
        while self._pending > _AT_ONCE:
            self._take()

    def collect(self, wait: bool) -> None:
        """Write the verdicts that have come in; with `wait`, all that are under way."""
        while self._pending and (wait or not self._done.empty()):
            self._take()

    def _take(self) -> None:
        response_id, mark, future = self._done.get()
        self._pending -= 1
        self._write(VerdictRecord.of(response_id, future.result(), mark))
