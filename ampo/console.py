"""What a person is told: lines while they wait.

A text of a model or of a file can be read in a terminal, and does nothing there. A terminal acts on control characters:
they set its title, clear it, write to the clipboard. So each of them is shown as its picture (an escape as `␛`) where
the output is a terminal. In a file or a pipe a text stays as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TextIO

Say = Callable[[str], None]
"""What takes a line for a person."""

_PICTURES = (
    {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
    | {0x7F: 0x2421}
    | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)  # the same as an escape and a letter, to some terminals
    | dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD)  # turn around what stands behind them
    | dict.fromkeys((0x2028, 0x2029), 0x0A)
)


def printable(text: str) -> str:
    """The text with a picture in place of each control character but newline and tab; "\\r\\n" is a newline. So are
    Unicode's separators of lines; its marks that turn the direction of a text around are none of that."""
    return text.replace("\r\n", "\n").translate(_PICTURES)


def fit_for(text: str, stream: TextIO) -> str:
    """The text as it may go to a stream: see the module's docstring."""
    return printable(text) if stream.isatty() else text


def say(line: str) -> None:
    """A line on the standard error, at once."""
    print(fit_for(line, sys.stderr), file=sys.stderr, flush=True)
