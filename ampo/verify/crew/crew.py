"""A crew of worker processes behind one queue, each with a thread in the parent that owns it.

The thread sends a small batch and takes one reply at a time; an item's clock starts when the reply before it has come,
so neither a worker's start nor the wait in the queue is charged to it. What can happen to an item:

- it is answered;
- it passes its deadline: its worker is killed, and the rest of the batch goes back to the head of the queue;
- its worker dies, or says that it ran out of memory or stack: it is tried once more on a fresh worker, and then
  given up with what happened as the reason;
- no worker can be started: every waiting item fails with one WorkerStartError, and so does what comes in the next
  seconds. Then it is tried anew: what kept them from starting (a full memory, say) may have passed.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from concurrent.futures import CancelledError
from typing import Any

from ampo.verify.crew.job import Answer, Job, WorkerStartError
from ampo.verify.crew.process import Limits, Process, StartError

_START_PAUSES = (0.0, 0.2, 1.0)  # seconds before each attempt at starting a worker
_RECOVERY = 10.0  # seconds after the last attempt failed in which no other is made
_BATCH = 16  # enough to hide the pipe's latency, little to send again after a kill
_JOIN_SECONDS = 5.0


class Crew:
    """Up to `size` workers. `hire` starts them all; without it they are started as jobs wait for them."""

    def __init__(self, size: int, limits: Limits) -> None:
        self._size, self._limits = size, limits
        self.counts: Counter[str] = Counter()
        self._reset()

    def _reset(self) -> None:
        self._condition = threading.Condition()
        self._queue: deque[Job] = deque()
        self._processes: set[Process] = set()
        self._threads: list[threading.Thread] = []
        self._outstanding = 0
        self._closed = threading.Event()
        self._failure: WorkerStartError | None = None
        self._failed = 0.0  # when, by the monotonic clock

    def after_fork(self) -> None:
        """In a forked child: the threads are gone and the workers are the parent's. Begin anew on the next submit."""
        for process in self._processes:
            process.forget()
        closed = self._closed.is_set()
        self._reset()
        if closed:
            self._closed.set()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers, ready or starting."""
        with self._condition:
            return [process.pid for process in self._processes]

    def hire(self) -> None:
        """Start all threads, which start the workers in the background."""
        with self._condition:
            self._hire(self._size)

    def _hire(self, wanted: int) -> None:
        while len(self._threads) < min(wanted, self._size):
            thread = threading.Thread(target=self._serve, name=f"ampo-verify-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job. Raises RuntimeError after close, WorkerStartError where no worker can be started."""
        with self._condition:
            if self._closed.is_set():
                raise RuntimeError("the verifier pool is closed")
            if failure := self._failing():
                raise failure
            self._queue.append(job)
            self._outstanding += 1
            self._hire(self._outstanding)
            self._condition.notify()

    @property
    def failure(self) -> WorkerStartError | None:
        """Why no worker can be started, for as long as nothing is submitted for it."""
        with self._condition:
            return self._failing()

    def _failing(self) -> WorkerStartError | None:
        if self._failure is not None and time.monotonic() > self._failed + _RECOVERY:
            self._failure = None
        return self._failure

    def close(self, cancel: bool) -> None:
        """End all workers, after what is queued or, with `cancel`, without it. May be called again."""
        with self._condition:
            if not cancel:
                self._condition.wait_for(lambda: not self._outstanding or self._closed.is_set())
            self._closed.set()
            jobs, threads = list(self._queue), list(self._threads)
            self._queue.clear()
            for process in self._processes:
                process.kill()
            self._condition.notify_all()
        for job in jobs:
            self._deliver(job, CancelledError())
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(_JOIN_SECONDS)

    # What follows runs in the workers' threads.

    def _serve(self) -> None:
        process = self._start()
        while process is not None:
            batch = self._take()
            if not batch:
                self._dismiss(process)
                return
            if not process.alive:  # it died idle: no item's fault
                self._dismiss(process)
                self._tally("restarts")
                process = self._start(batch)
                if process is None:
                    return
            sound = self._run(process, batch)
            batch.clear()  # while this thread waits, it keeps no job, and through it no forgotten pool, alive
            if not sound:
                self._dismiss(process)
                process = self._start()
                self._tally("restarts")

    def _start(self, batch: list[Job] | None = None) -> Process | None:
        """A ready worker; None after close, or after the last attempt failed (then `batch` is back in the queue)."""
        reason = ""
        for pause in _START_PAUSES:
            if self._closed.wait(pause):
                break
            try:
                process = Process(self._limits)
            except StartError as error:
                reason = str(error)
                continue
            try:
                self._register(process)
                process.wait_ready()
                return process
            except StartError as error:
                reason = str(error)
                self._dismiss(process)
        self._put_back(batch or [])
        self._leave(reason)
        return None

    def _register(self, process: Process) -> None:
        with self._condition:
            self._processes.add(process)
            if self._closed.is_set():
                process.kill()

    def _dismiss(self, process: Process) -> str:
        with self._condition:
            self._processes.discard(process)
        return process.discard()

    def _leave(self, reason: str) -> None:
        """This thread ends without a worker. The last one to do so fails what is queued."""
        with self._condition:
            self._threads.remove(threading.current_thread())
            if self._threads or self._closed.is_set():
                return
            memory = f"timeout {self._limits.timeout:g} s, memory {self._limits.memory_mb} MiB"
            self._failure = WorkerStartError(f"the verifier's worker processes cannot be started ({memory}): {reason}")
            self._failed = time.monotonic()
            jobs = list(self._queue)
            self._queue.clear()
        for job in jobs:
            self._deliver(job, self._failure)

    def _take(self) -> list[Job]:
        """The next batch; empty after close."""
        batch: list[Job] = []
        unwanted: list[Job] = []
        while not batch:
            with self._condition:
                self._condition.wait_for(lambda: self._queue or self._closed.is_set())
                if self._closed.is_set():
                    return []
                for _ in range(max(1, min(_BATCH, len(self._queue) // (2 * self._size)))):
                    job = self._queue.popleft()
                    (batch if job.wanted() else unwanted).append(job)
            for job in unwanted:
                self._deliver(job, CancelledError())
            unwanted.clear()
        return batch

    def _run(self, process: Process, batch: list[Job]) -> bool:
        """Have a batch judged. False where the worker is no longer of use; nothing of the batch is lost."""
        rest = deque(batch)
        try:
            process.send([(job.operation, job.arguments) for job in batch])
            came = time.monotonic()
            while rest:
                try:
                    reply = process.reply(came + self._limits.timeout - time.monotonic())
                except TimeoutError:
                    process.kill()
                    self._pass_deadline(rest.popleft())
                    return False
                came = time.monotonic()
                self._settle(rest.popleft(), reply)
                if reply["retire"]:
                    return False
            return True
        except (EOFError, OSError):
            process.kill()  # a worker that does not read is as good as dead
            if rest:
                self._try_again(rest.popleft(), f"its worker died ({self._dismiss(process)})")
            return False
        finally:
            self._put_back(list(rest))

    def _settle(self, job: Job, reply: dict[str, Any]) -> None:
        if "lost" in reply:
            self._try_again(job, f"{reply['lost']} in its worker")
        elif "failed" in reply:
            self._deliver(job, Answer(None, 0.0, f"the judge failed: {reply['failed']}"))
        else:
            self._deliver(job, Answer(reply["value"], reply["seconds"]))

    def _pass_deadline(self, job: Job) -> None:
        seconds = self._limits.timeout
        self._deliver(job, Answer(None, seconds, f"not judged within {seconds:g} s", late=True))

    def _try_again(self, job: Job, problem: str) -> None:
        job.attempts += 1
        if job.attempts == 1 or self._closed.is_set():
            self._tally("retries")
            self._put_back([job])
        else:
            self._deliver(job, Answer(None, 0.0, f"given up after two attempts: {problem}"))

    def _put_back(self, jobs: list[Job]) -> None:
        with self._condition:
            if not self._closed.is_set():
                self._queue.extendleft(reversed(jobs))
                self._condition.notify(len(jobs))
                return
        for job in jobs:
            self._deliver(job, CancelledError())

    def _deliver(self, job: Job, answer: Answer | BaseException) -> None:
        try:
            job.deliver(answer)
        finally:
            with self._condition:
                self._outstanding -= 1
                self._condition.notify_all()

    def _tally(self, name: str) -> None:
        with self._condition:
            self.counts[name] += 1
