"""An asyncio event loop in a thread of its own: an asynchronous library behind a synchronous protocol."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


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
        """Start a coroutine; its result, or what it raised, is in the future. RuntimeError where the loop has ended."""
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise

    def submit_all(self, coroutines: Sequence[Coroutine[Any, Any, T]]) -> list[Future[T]]:
        """As `submit`, of several: the loop is woken once."""
        futures: list[Future[T]] = [Future() for _ in coroutines]

        def start() -> None:
            for coroutine, future in zip(coroutines, futures, strict=True):
                self._chain(self._loop.create_task(coroutine), future)

        try:
            self._loop.call_soon_threadsafe(start)
        except RuntimeError:
            for coroutine in coroutines:
                coroutine.close()
            raise
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
