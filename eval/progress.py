"""How far a run is: samples/s, tokens/s, the time left and the running score.

On a terminal a live line; elsewhere (a log file, CI) a plain line every so often.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Self, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ampo.console import say
from ampo.terminal import Console

T = TypeVar("T")
_PLAIN_EVERY = 20.0  # seconds between two lines where nobody watches live
_LONG = 50_000_000  # bytes of a file from which on reading it takes long enough to be shown
_SILENCE = 30.0  # seconds without any sign of life, at most


def watched(rows: Iterable[T], file: Path, unit: str, quiet: bool = False) -> Iterator[T]:
    """The same rows, one after the other, with progress where the file that they are read from is long.

    Args:
        rows: What is read.
        file: Where from; its size says whether progress is shown.
        unit: What a row is, in the plural.
        quiet: Show none.
    """
    short = not file.exists() or file.stat().st_size < _LONG
    with RunProgress(None, 0, Counter(), quiet or short, unit=unit) as progress:
        for row in rows:
            progress.sample(0)
            yield row


class RunProgress:
    """Shown on stderr. Counts start at what earlier sessions of the run had done; rates count this one only.

    Args:
        total: How many there will be; None where nobody knows it (a stream): then no time is estimated.
        done: How many there are.
        outcomes: How often each outcome came so far.
        quiet: Show nothing.
        unit: What is counted, in the plural.
        activity: Says what is under way; asked where nothing has finished for half a minute.
    """

    def __init__(
        self,
        total: int | None,
        done: int,
        outcomes: Counter[str],
        quiet: bool = False,
        unit: str = "samples",
        activity: Callable[[], str] | None = None,
    ) -> None:
        self._unit = unit
        self._total, self._done, self._before = total, done, done
        self._outcomes = outcomes
        self._tokens = 0
        self._started = self._last_line = time.monotonic()
        self._quiet = quiet
        console = Console(stderr=True)
        self._live = console.is_terminal and not quiet
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("eta"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[rates]}"),
            console=console,
            disable=not self._live,
        )
        self._task = self._bar.add_task(unit, total=total, completed=done, rates="")
        self._activity, self._ended, self._last_event = activity, threading.Event(), self._started
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._bar.start()
        if self._activity is not None and not self._quiet:
            self._heart.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        if self._heart.is_alive():
            self._heart.join()
        self._bar.stop()
        if exc[0] is None and not self._live and not self._quiet:
            self._print()

    def sample(self, completion_tokens: int | None) -> None:
        """A sample has been generated."""
        self._done += 1
        self._tokens += completion_tokens or 0
        self._show()

    def verdict(self, outcome: str) -> None:
        """A sample has been judged."""
        self._outcomes[outcome] += 1
        self._show()

    def _rates(self) -> str:
        seconds = max(time.monotonic() - self._started, 1e-9)
        text = f"{_figure((self._done - self._before) / seconds, 1)} {self._unit}/s"
        if self._tokens:
            text += f", {_figure(self._tokens / seconds, 0)} tokens/s"
        judged = self._outcomes.total()
        return f"{text}, score {100 * self._outcomes['correct'] / judged:.1f} %" if judged else text

    def _beat(self) -> None:
        """A line for each half a minute in which nothing has finished."""
        assert self._activity is not None
        while not self._ended.wait(max(0.05, self._last_event + _SILENCE - time.monotonic())):
            if time.monotonic() - self._last_event >= _SILENCE:
                self._last_event = time.monotonic()
                of = "" if self._total is None else f"/{self._total}"
                say(f"{self._done}{of} {self._unit}, waiting: {self._activity() or 'the engine is at work'}")

    def _show(self) -> None:
        self._last_event = time.monotonic()
        if self._live:
            self._bar.update(self._task, completed=self._done, rates=self._rates())
        elif not self._quiet and time.monotonic() - self._last_line > _PLAIN_EVERY:
            self._last_line = time.monotonic()
            self._print()

    def _print(self) -> None:
        fresh = self._done - self._before
        eta, of = "", "" if self._total is None else f"/{self._total}"
        if self._total is not None and fresh and self._done < self._total:
            eta = f", {(self._total - self._done) * (time.monotonic() - self._started) / fresh:.0f} s left"
        print(f"{self._done}{of} {self._unit}, {self._rates()}{eta}", file=sys.stderr, flush=True)


def _figure(rate: float, places: int) -> str:
    """A rate with so many decimal places; a small one with two significant figures, since it isn't nothing."""
    return f"{rate:.{places}f}" if rate >= 1 or not rate else f"{rate:.2g}"
