"""What a model or a file puts into a terminal is read there, and does nothing."""

from __future__ import annotations

import io

import pytest
from rich.table import Table

from ampo.console import fit_for, printable
from ampo.terminal import Console

ESCAPES = "\x1b]0;title\x07 \x1b[2J \x1b]52;c;ZXZpbA==\x07 \x9b2J a\rb \x08\x7f\x00"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def control(text: str) -> set[str]:
    return {c for c in text if (ord(c) < 32 or 127 <= ord(c) < 160) and c not in "\n\t"}


def test_control_characters_become_pictures() -> None:
    assert control(printable(ESCAPES)) == set()
    assert printable("a\r\nb\tc") == "a\nb\tc"
    assert "␛]0;title␇" in printable(ESCAPES)
    assert printable("a\u202eb\u2066c\u2028d") == "a\ufffdb\ufffdc\nd"
    assert fit_for(ESCAPES, io.StringIO()) == ESCAPES  # a file holds what was said
    assert control(fit_for(ESCAPES, Terminal())) == set()


@pytest.mark.parametrize("wrapped", [False, True])
def test_rich_writes_its_own_alone(wrapped: bool) -> None:
    table = Table("a")
    table.add_row(ESCAPES)
    shown: Terminal = Terminal()
    Console(file=shown, width=200).print(table if wrapped else ESCAPES, style="red", markup=False)
    text = shown.getvalue()
    assert "\x1b[31m" in text  # the red is ours
    assert not any(sign in text for sign in ("\x1b]", "\x1b[2J", "\x9b", "\x07", "\x08", "\x7f", "\x00", "a\rb"))
