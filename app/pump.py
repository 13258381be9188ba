"""Generators at work in threads, their events taken in batches by one coroutine of the page.

An engine blocks its thread between two tokens, and a page that redraws at every token is busy with nothing else. So
each generator runs in a thread of its own, and `batches` hands over what has come in since the last time: the first
event at once, then at most every `pause()` seconds, the end at once again. Closing halts every generator, which aborts
its request in the engine, also where that has not said its first word.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Mapping
from typing import Generic, TypeVar

from ampo.app.session import Event, Failed
from ampo.engines.halt import Halt

K = TypeVar("K", bound=Hashable)
log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
"""So often something is handed over even where nothing came: a running timer moves, and a closed page is noticed."""


class Pump(Generic[K]):
    """See the module's docstring. Made and used in a running event loop.

    sources: by key, what makes each generator; it is called in the generator's own thread, with what will halt it.
    """

    def __init__(self, sources: Mapping[K, Callable[[Halt], Iterator[Event]]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._came: list[tuple[K, Event]] = []
        self._lock = threading.Lock()
        self._any, self._last = asyncio.Event(), asyncio.Event()
        self._left = len(sources)
        self._halt = Halt()
        for key, source in sources.items():
            threading.Thread(target=self._run, args=(key, source), name=f"answer-{key}", daemon=True).start()

    async def batches(self, pause: Callable[[], float]) -> AsyncIterator[list[tuple[K, Event]]]:
        """What has come in since the last batch, until every generator has ended. May be empty: see TICK_SECONDS."""
        shown = 0.0
        while True:
            ticked = not await _wait(self._any, TICK_SECONDS)
            if not ticked:
                await _wait(self._last, shown + pause() - time.monotonic())
            with self._lock:
                batch, self._came = self._came, []
                self._any.clear()
                ended = self._left == 0
            if batch or ticked or ended:
                yield batch
            if batch:
                shown = time.monotonic()
            if ended:
                return

    def close(self) -> None:
        """End all generators. Doesn't wait."""
        self._halt.set()

    def _run(self, key: K, source: Callable[[Halt], Iterator[Event]]) -> None:
        generator = None
        try:
            generator = source(self._halt)
            for event in generator:
                if self._halt.is_set():
                    break
                self._put(key, event)
        except Exception as error:  # a defect of ours or of an engine's library: whoever waits must hear of it
            log.exception("an answer ended in an unforeseen way")
            self._put(key, Failed(f"unforeseen {type(error).__name__}: {error}"))
        finally:
            if generator is not None:
                generator.close()  # pyright: ignore[reportAttributeAccessIssue]
            self._end()

    def _put(self, key: K, event: Event) -> None:
        with self._lock:
            self._came.append((key, event))
            alone = len(self._came) == 1
        if alone:
            self._wake(self._any)

    def _end(self) -> None:
        with self._lock:
            self._left -= 1
            last = self._left == 0
        if last:
            self._wake(self._any)
            self._wake(self._last)

    def _wake(self, event: asyncio.Event) -> None:
        try:
            self._loop.call_soon_threadsafe(event.set)
        except RuntimeError:  # the server has ended: nobody waits any more
            self._halt.set()


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, but no longer than so many seconds: whether it is set."""
    if not event.is_set() and seconds > 0:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
    return event.is_set()
