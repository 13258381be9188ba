"""rich's console, whose own colours are the only control characters that reach a terminal, and what shows itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from io import StringIO
from typing import Any

from rich.console import Console as RichConsole
from rich.segment import Segment

from ampo.console import printable

_COLUMNS = 100  # of a table outside of a terminal


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


class Displayed(ABC):
    """Something that shows itself: as text where it is printed, as HTML where a notebook shows it."""

    @abstractmethod
    def show(self, console: Console | None = None) -> None:
        """Print it. Default: on the standard output, in colours where that is a terminal."""

    def __repr__(self) -> str:
        return self._recorded().export_text().rstrip()

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        form = '<pre style="line-height: 1.3; font-family: monospace">{code}</pre>'
        return self._recorded().export_html(inline_styles=True, code_format=form)

    def _recorded(self) -> Console:
        console = Console(
            file=StringIO(), record=True, width=_COLUMNS, highlight=False, force_terminal=False, force_jupyter=False
        )
        self.show(console)
        return console
