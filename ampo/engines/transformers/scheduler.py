"""Who is in the batch: one thread owns the decoder, and any thread hands it work.

Rows leave as soon as they have finished and waiting ones take their places before the next token, so nobody waits for
a batch to end. What streams to a person goes before what runs in bulk, and finds a few places beyond the batch's size.

Out of memory, the batch is given up and made again at half its size: the rows keep their tokens and their random
numbers, so that nothing but time is lost. A single row that does not fit fails by itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch

from ampo.engines.transformers.decoding import Decoder, Row
from ampo.engines.transformers.text import TextStream
from ampo.errors import EngineError

log = logging.getLogger(__name__)

_URGENT_PLACES = 4


@dataclass(eq=False)
class Job:
    """One sample to be made.

    tell: called in the scheduler's thread with new text, and at the end (row.finish or error is set then). Not called
        after an abort.
    """

    row: Row
    text: TextStream
    tell: Callable[[Job, str], None]
    urgent: bool = False
    error: Exception | None = None
    started: float = field(default_factory=time.perf_counter)
    first: float | None = None
    ended: float | None = None

    @property
    def done(self) -> bool:
        return self.error is not None or self.row.finish is not None


class Scheduler:
    """See the module's docstring.

    max_batch_size: rows at once, those of streams apart.
    max_prefill_tokens: of joining prompts together (padding counted), so that a running stream never waits long; a
        longer prompt joins by itself.
    """

    def __init__(self, decoder: Decoder, max_batch_size: int, max_prefill_tokens: int) -> None:
        self._decoder = decoder
        self.max_batch_size = max_batch_size
        self._max_prefill_tokens = max_prefill_tokens
        self._running: dict[Row, Job] = {}
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._end: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="ampo-transformers", daemon=True)
        self._thread.start()

    @property
    def unfinished(self) -> int:
        """Jobs that wait or run, and rows that still hold memory."""
        with self._changed:
            return len(self._waiting) + max(len(self._running), len(self._decoder.rows))

    def submit(self, jobs: Iterable[Job]) -> None:
        """Queue jobs. Raises EngineError where the engine has ended."""
        with self._changed:
            if self._end is not None:
                raise self._end
            for job in jobs:
                first = sum(waiting.urgent for waiting in self._waiting)
                self._waiting.insert(first if job.urgent else len(self._waiting), job)
            self._changed.notify()

    def abort(self, jobs: Iterable[Job]) -> None:
        """End jobs without another word from them."""
        with self._changed:
            for job in jobs:
                job.row.finish = job.row.finish or "abort"
            self._waiting = deque(job for job in self._waiting if not job.done)
            self._changed.notify()

    def close(self) -> None:
        """Fail whatever is unfinished, and end the thread."""
        self._fail(EngineError("the engine was closed"))
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        try:
            while self._work_to_do():
                self._turn()
        except Exception as error:  # the threads that wait for this one must hear of whatever it was
            log.debug("the scheduler failed", exc_info=True)
            failed = EngineError(f"the transformers engine failed: {type(error).__name__}: {error}")
            failed.__cause__ = error
            self._fail(failed)
        finally:
            self._decoder.reset()

    def _fail(self, error: Exception) -> None:
        with self._changed:
            self._end = self._end or error
            jobs = [*self._running.values(), *self._waiting]
            self._running, self._waiting = {}, deque()
            self._changed.notify()
        for job in jobs:
            if job.ended is None and job.row.finish != "abort":  # a row may have finished and not been told yet
                job.error = self._end
                job.tell(job, "")

    def _work_to_do(self) -> bool:
        """Wait for work; False at the end."""
        with self._changed:
            while True:
                self._running = {row: job for row, job in self._running.items() if not job.done}
                if self._end is not None or self._running or self._waiting:
                    return self._end is None
                self._decoder.prune()
                self._changed.wait()

    def _turn(self) -> None:
        """One token for everybody."""
        with self._changed:
            joining = self._admit()
        try:
            rows = self._decoder.step([job.row for job in joining])
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if not _out_of_memory(error):
                raise
            self._shrink()
            return
        for row in rows:
            if (job := self._running.get(row)) is not None and row.finish != "abort":
                self._tell(job)

    def _admit(self) -> list[Job]:
        """Move waiting jobs into the batch, first come first served, as far as places and prefill tokens go."""
        joining: list[Job] = []
        contents: set[tuple[int, ...]] = set()
        longest = 0
        while self._waiting:
            job = self._waiting[0]
            places = self.max_batch_size + (_URGENT_PLACES if job.urgent and self.max_batch_size > 1 else 0)
            new = contents | {(*job.row.prompt, *job.row.tokens)}
            longest = max(longest, len(job.row))
            if len(self._running) >= places or (joining and longest * len(new) > self._max_prefill_tokens):
                break
            contents = new
            joining.append(self._waiting.popleft())
            self._running[job.row] = job
        return joining

    def _tell(self, job: Job) -> None:
        row = job.row
        job.first = job.first or time.perf_counter()
        piece = "" if row.finish == "stop" else job.text.push(row.tokens[-1])
        if job.text.stopped:
            row.finish = "stop"
        elif row.finish is not None:
            piece += job.text.finish()
        if row.finish is not None:
            job.ended = time.perf_counter()
        if piece or row.finish is not None:
            job.tell(job, piece)

    def _shrink(self) -> None:
        """After an out-of-memory: everybody waits again, in a batch of half the size."""
        self._decoder.reset()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        with self._changed:
            jobs = [job for job in self._running.values() if not job.done]
            self._running = {}
            if len(jobs) > 1:
                self.max_batch_size = max(1, len(jobs) // 2)
                self._waiting.extendleft(reversed(jobs))
                log.warning("out of memory with %d rows: going on with %d", len(jobs), self.max_batch_size)
                return
        for job in jobs:
            job.error = EngineError(f"out of memory with a single sequence of {len(job.row)} tokens: lower max_tokens")
            job.tell(job, "")


def _out_of_memory(error: Exception) -> bool:
    """The CPU's allocator raises a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError) or "not enough memory" in str(error)
