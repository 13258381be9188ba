"""An asyncio event loop in a thread of its own: an asynchronous library behind a synchronous protocol."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")


class LoopEndedError(RuntimeError):
    """The loop takes no more work: it has been closed."""


class BackgroundLoop:
    """Runs coroutines for threads that have no event loop. Cancelling a returned future cancels its coroutine."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine; its result, or what it raised, is in the future. LoopEndedError where it has ended."""
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError as error:
            coroutine.close()
            raise LoopEndedError(str(error)) from error

    def submit_all(self, coroutines: Sequence[Coroutine[Any, Any, T]]) -> list[Future[T]]:
        """As `submit`, of several: the loop is woken once."""
        futures: list[Future[T]] = [Future() for _ in coroutines]

        def start() -> None:
            for coroutine, future in zip(coroutines, futures, strict=True):
                self._chain(self._loop.create_task(coroutine), future)

        try:
            self._loop.call_soon_threadsafe(start)
        except RuntimeError as error:
            for coroutine in coroutines:
                coroutine.close()
            raise LoopEndedError(str(error)) from error
        return futures

    def _chain(self, task: asyncio.Task[T], future: Future[T]) -> None:
        def end(task: asyncio.Task[T]) -> None:
            if task.cancelled():
                future.cancel()
            if not future.set_running_or_notify_cancel():
                return
            if (error := task.exception()) is not None:
                future.set_exception(error)
            else:
                future.set_result(task.result())

        def cancel(future: Future[T]) -> None:
            if future.cancelled():
                with suppress(RuntimeError):  # the loop has ended, and the task with it
                    self._loop.call_soon_threadsafe(task.cancel)

        task.add_done_callback(end)
        future.add_done_callback(cancel)

    def as_completed(
        self, call: Callable[..., Coroutine[Any, Any, T]], arguments: Iterable[tuple[Any, ...]], at_once: int
    ) -> Iterator[T]:
        """The result of each call as it comes. Closing the iterator cancels what is under way.

        Args:
            call: gives a coroutine.
            arguments: of each call; drawn as there is room.
            at_once: calls under way, at most.

        Raises:
            LoopEndedError: where the loop has ended.
            Exception: what the first call to fail has raised, after what others had finished before.
        """
        pending = iter(arguments)
        finished: queue.SimpleQueue[Future[T]] = queue.SimpleQueue()
        running: set[Future[T]] = set()
        done: list[Future[T]] = []
        try:
            while True:
                more = list(islice(pending, at_once - len(running)))
                for future in self.submit_all([call(*one) for one in more]) if more else ():
                    running.add(future)
                    future.add_done_callback(finished.put)
                yield from map(Future.result, done)  # while the loop is at work on others
                if not running:
                    return
                done = [finished.get(), *_there(finished)]
                running.difference_update(done)
                if error := next(filter(None, map(_error_of, done)), None):
                    yield from _good([*done, *_there(finished)])  # what others had finished before is not lost
                    raise error
        finally:
            for future in running:
                future.cancel()

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run a coroutine to its end, from another thread."""
        return self.submit(coroutine).result(timeout)

    def close(self, last: Coroutine[Any, Any, Any] | None = None) -> None:
        """Cancel everything, wait until it has ended, run `last`, and end the thread."""
        self.run(self._finish(last))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _finish(self, last: Coroutine[Any, Any, Any] | None) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if last is not None:
            await last


def _there(finished: queue.SimpleQueue[Future[T]]) -> list[Future[T]]:
    """What has finished by now. Nobody else takes from the queue."""
    return [finished.get() for _ in range(finished.qsize())]


def _error_of(future: Future[Any]) -> BaseException | None:
    return CancelledError() if future.cancelled() else future.exception()


def _good(futures: Iterable[Future[T]]) -> Iterator[T]:
    return (future.result() for future in futures if _error_of(future) is None)
