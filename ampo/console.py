"""What a person is told: lines while they wait, and objects that show themselves as tables.

A text of a model or of a file can be read in a terminal, and does nothing there. A terminal acts on control characters:
they set its title, clear it, write to the clipboard. So each of them is shown as its picture (an escape as `␛`) where
the output is a terminal. In a file or a pipe a text stays as it is.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from io import StringIO
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS = 100  # of a table outside of a terminal


_PICTURES = (
    {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
    | {0x7F: 0x2421}
    | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)  # the same as an escape and a letter, to some terminals
)


def printable(text: str) -> str:
    """The text with a picture in place of each control character but newline and tab; "\\r\\n" is a newline."""
    return text.replace("\r\n", "\n").translate(_PICTURES)


def fit_for(text: str, stream: TextIO) -> str:
    """The text as it may go to a stream: see the module's docstring."""
    return printable(text) if stream.isatty() else text


def say(line: str) -> None:
    """A line on the standard error, at once."""
    print(fit_for(line, sys.stderr), file=sys.stderr, flush=True)


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
