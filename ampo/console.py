"""What a person is told: lines while they wait, and objects that show themselves as tables."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS = 100  # of a table outside of a terminal


def say(line: str) -> None:
    """A line on the standard error, at once."""
    print(line, file=sys.stderr, flush=True)


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
        from rich.console import Console

        console = Console(
            file=StringIO(), record=True, width=_COLUMNS, highlight=False, force_terminal=False, force_jupyter=False
        )
        self.show(console)
        return console
