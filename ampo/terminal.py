"""rich's console, whose own colours are the only control characters that reach a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console as RichConsole
from rich.segment import Segment

from ampo.console import printable


class Console(RichConsole):
    """rich's. Control characters in what is printed become pictures, where it writes to a terminal."""

    def on_broken_pipe(self) -> None:
        """Left to the command line, which ends quietly: rich would end with 1."""
        raise

    def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control is None and self.is_terminal:
                yield Segment(printable(segment.text), segment.style)
            else:
                yield segment
