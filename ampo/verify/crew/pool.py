"""Judging many claims at once: `VerifierPool`.

What is cheap and safe is done in the caller's process (`ampo.verify.crew.tasks`); the rest goes to worker processes
that can be killed (`ampo.verify.crew.crew`), so that no response can hang the caller or eat its memory. Of a long
response only the extracted answer travels, and equal questions are judged once: while one is under way later ones wait
for its verdict, afterwards they find it in a bounded cache. A verdict that a deadline or a dead worker prevented is not
kept, since a busy machine may have been the reason.

Nothing here uses signals, so it works from any thread, from asyncio
(`await asyncio.wrap_future(pool.submit(claim))`), inside Ray, Gradio and pytest-xdist, and in a forked child, which
gets workers of its own. Needs Linux or macOS (on Windows: WSL).
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ampo.errors import UserError
from ampo.types import AnswerKind, Verdict
from ampo.verify.claim import Claim
from ampo.verify.crew.crew import Crew
from ampo.verify.crew.job import Answer, Job, WorkerStartError
from ampo.verify.crew.process import Limits
from ampo.verify.crew.tasks import at_once, fields_of, same_at_once, task

_CACHE = 100_000  # verdicts; a few hundred bytes each


@dataclass(frozen=True, slots=True)
class Counters:
    """What a pool has done so far.

    items: claims and comparisons submitted, each settled in one of the ways below or still under way.
    quick: settled in the caller's process. cached: by the verdict on an equal one. judged: by a worker.
    timeouts: past the deadline. lost: given up for another reason, which the verdict names.
    retries: items tried a second time. restarts: workers replaced.
    """

    items: int = 0
    quick: int = 0
    cached: int = 0
    judged: int = 0
    timeouts: int = 0
    lost: int = 0
    retries: int = 0
    restarts: int = 0


class VerifierPool:
    """Worker processes that judge claims, each item within a deadline and a memory limit. Thread-safe.

    A context manager: leaving it waits for what was submitted, unless an exception passes through.

    Args:
        workers: How many processes; None is one for each processor.
        timeout: Seconds an item, by the wall clock, from its start in a worker. Past it the outcome is "timeout".
        memory_mb: Address space of a worker in MiB (Linux).
        eager: Start the workers in the background at once, rather than as claims wait for them.

    Raises:
        UserError: A value is out of range, or this is Windows.
    """

    def __init__(
        self, workers: int | None = None, timeout: float = 5.0, memory_mb: int = 1024, *, eager: bool = True
    ) -> None:
        workers = (os.cpu_count() or 1) if workers is None else workers
        for name, value, least in (("workers", workers, 1), ("timeout", timeout, 0.01), ("memory_mb", memory_mb, 1)):
            if not least <= value < float("inf"):
                raise UserError(f"the verifier pool's {name} is {value}: it must be at least {least}")
        if os.name != "posix":
            raise UserError("the verifier's workers need Linux or macOS: on Windows, run under WSL")
        self._crew = Crew(workers, Limits(timeout, memory_mb))
        self._reset()
        self._finalizer = weakref.finalize(self, self._crew.close, True)  # at collection or at exit
        _pools.add(self)
        if eager:
            self._crew.hire()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[Hashable, _Shared] = {}
        self._cache: OrderedDict[Hashable, Any] = OrderedDict()
        self._counts: Counter[str] = Counter()

    def _after_fork(self) -> None:
        self._reset()
        self._crew.after_fork()

    def __enter__(self) -> VerifierPool:
        return self

    def __exit__(self, exception_type: type[BaseException] | None, *_: object) -> None:
        self.close(cancel=exception_type is not None)

    def close(self, *, cancel: bool = True) -> None:
        """End the workers. Unfinished futures are cancelled; with cancel=False they are waited for first."""
        self._crew.close(cancel)
        self._finalizer.detach()

    @property
    def counters(self) -> Counters:
        """A snapshot, for a report."""
        crew = self._crew.counts
        with self._lock:
            return Counters(**self._counts, retries=crew["retries"], restarts=crew["restarts"])

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers, ready or starting."""
        return self._crew.pids

    @property
    def failure(self) -> WorkerStartError | None:
        """Why no worker can be started; None where they can, and ten seconds later, when it is tried again."""
        return self._crew.failure

    def submit(self, claim: Claim) -> Future[Verdict]:
        """Have a claim judged. The future brings a Verdict whatever the claim is.

        Its only exceptions are WorkerStartError, where no worker can be started, and CancelledError, after close.
        To take verdicts as they come: `concurrent.futures.as_completed(map(pool.submit, claims))`.
        Raises RuntimeError after close.
        """
        start = time.perf_counter()
        future: Future[Verdict] = Future()
        verdict = at_once(claim)
        if verdict is not None:
            self._count("items", "quick")
            future.set_result(replace(verdict, seconds=time.perf_counter() - start, protocol=claim.protocol))
            return future
        asked = task(claim)
        self._share(asked.operation, asked.arguments, asked.key, future, asked.verdict)
        return future

    def readings(self, claim: Claim) -> Future[tuple[str, str] | None]:
        """What gold and answer were read as, in words (see `ampo.verify.reading`); None where that can't be told."""
        future: Future[tuple[str, str] | None] = Future()
        fields = fields_of(claim)
        self._share("readings", fields, ("readings", *fields.values()), future, lambda a: a.value and tuple(a.value))
        return future

    def verify_many(self, claims: Iterable[Claim]) -> list[Verdict]:
        """The verdicts on claims, in their order."""
        return [future.result() for future in [self.submit(claim) for claim in claims]]

    def classes(
        self,
        answers: Sequence[str | None],
        kind: AnswerKind = "auto",
        options: Sequence[str] = (),
        question: str = "",
    ) -> list[int]:
        """Equivalence classes of several answers to one problem, for majority voting.

        An answer is compared with the first member of each class, and joins the first that is seen to be equal without
        a worker, else the first that a worker finds equal; a comparison that passes the deadline says "different".

        Args:
            answers: As they were extracted; None for a response without one.
            kind: What the problem's reference answer is.
            options: The texts of a choice question.
            question: The problem's text, "" where it is unknown.

        Returns:
            The class of each answer, numbered by first appearance; -1 for None.
        """
        members: list[str] = []
        seen: dict[str, int] = {}
        for answer in answers:
            if answer is None or answer in seen:
                continue
            seen[answer] = self._class_of(answer, members, (kind, tuple(options), question))
            if seen[answer] == len(members):
                members.append(answer)
        return [-1 if answer is None else seen[answer] for answer in answers]

    def _class_of(self, answer: str, members: Sequence[str], about: tuple[AnswerKind, tuple[str, ...], str]) -> int:
        """The place of the member that an answer equals; their number where it equals none."""
        left: list[int] = []
        for place, member in enumerate(members):
            same = same_at_once(member, answer, *about)
            if same is None:
                left.append(place)
                continue
            self._count("items", "quick")
            if same:
                return place
        futures = [self._equivalent(members[place], answer, *about) for place in left]
        return next((place for place, future in zip(left, futures, strict=True) if future.result()), len(members))

    def _equivalent(self, a: str, b: str, kind: AnswerKind, options: tuple[str, ...], question: str) -> Future[bool]:
        future: Future[bool] = Future()
        arguments = {"a": a, "b": b, "kind": kind, "options": options, "question": question}
        self._share("equivalent", arguments, ("equivalent", *arguments.values()), future, _same)
        return future

    def _share(self, operation: str, arguments: dict[str, Any], key: Hashable, future: Future, convert: Any) -> None:
        """Settle the future from the cache, from an equal item under way, or by a new job."""
        with self._lock:
            self._counts["items"] += 1
            if key in self._cache:
                self._counts["cached"] += 1
                self._cache.move_to_end(key)
                answer = Answer(self._cache[key], 0.0)
            else:
                shared = self._under_way.get(key)
                if shared is not None:
                    self._counts["cached"] += 1
                    shared.waiting.append((future, convert))
                    return
                shared = self._under_way[key] = _Shared([(future, convert)])
                answer = None
        if answer is not None:
            future.set_result(convert(answer))
            return
        try:
            self._crew.submit(Job(operation, arguments, partial(self._settle, key), shared.wanted))
        except Exception as error:  # the pool is closed or has failed: whoever joined meanwhile is told the same
            with self._lock:
                self._under_way.pop(key, None)
            for joined, _ in shared.waiting[1:]:
                _fulfil(joined, error)
            raise

    def _settle(self, key: Hashable, answer: Answer | BaseException) -> None:
        with self._lock:
            shared = self._under_way.pop(key)
            if isinstance(answer, Answer):
                self._counts["judged" if not answer.problem else "timeouts" if answer.late else "lost"] += 1
                if not answer.problem:
                    self._cache[key] = answer.value
                    if len(self._cache) > _CACHE:
                        self._cache.popitem(last=False)
        for future, convert in shared.waiting:
            _fulfil(future, convert(answer) if isinstance(answer, Answer) else answer)

    def _count(self, *names: str) -> None:
        with self._lock:
            self._counts.update(names)


class _Shared:
    """An item under way and everyone who waits for it."""

    __slots__ = ("waiting",)

    def __init__(self, waiting: list[tuple[Future, Any]]) -> None:
        self.waiting = waiting

    def wanted(self) -> bool:
        return not all(future.cancelled() for future, _ in self.waiting)


def _same(answer: Answer) -> bool:
    return answer.value is True


def _fulfil(future: Future, result: Any) -> None:
    if isinstance(result, CancelledError):
        future.cancel()
        future.set_running_or_notify_cancel()
    elif future.set_running_or_notify_cancel():
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)


_pools: weakref.WeakSet[VerifierPool] = weakref.WeakSet()


def _after_fork() -> None:
    """A forked child has none of its parent's threads, and must not use its parent's workers or locks."""
    for pool in list(_pools):
        pool._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
