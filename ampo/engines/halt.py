"""Ending a stream from another thread, also while that waits for the engine's first word."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Halt:
    """Given to `Engine.stream`; `set` ends the stream at once and aborts its request. One may serve several streams."""

    def __init__(self) -> None:
        self._lock, self._set = threading.Lock(), False
        self._acts: list[Callable[[], object]] = []

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        """End them. Nothing is waited for."""
        with self._lock:
            self._set, acts, self._acts = True, self._acts, []
        for act in acts:
            act()

    def on(self, act: Callable[[], object]) -> None:
        """What wakes a stream that waits; called once, from any thread, at once where it is set already."""
        with self._lock:
            if not self._set:
                self._acts.append(act)
                return
        act()
