"""Code of the user's own, loaded from a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ampo.errors import UserError
from ampo.own_code import load_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.py"


def written(file: Path, text: str, milliseconds: int = 0) -> Path:
    """The file with this text, written so long after a whole second."""
    file.write_text(text)
    os.utime(file, ns=(0, 1_700_000_000_000_000_000 + milliseconds * 1_000_000))
    return file


def test_a_file_is_run_once_and_again_when_it_has_changed(file: Path) -> None:
    first = load_file(written(file, "N = 1\n"))
    assert load_file(file) is first
    assert load_file(written(file, "N = 2\n", 1)).N == 2  # of the same size, in the same second


def test_it_is_a_module_like_any_other(file: Path) -> None:
    text = "from dataclasses import dataclass\n\n@dataclass\nclass Mine:\n    n: int = 1\n"
    module = load_file(written(file, text))
    assert (module.Mine().n, module.__file__) == (1, str(file))
    assert module.Mine.__annotations__ == {"n": int}  # our own `from __future__` isn't the file's


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", r"mine.py can't be loaded \(ZeroDivisionError: division by zero\)"),
        ("import sys\nsys.exit(3)", r"can't be loaded \(SystemExit: 3\)"),
        ("def", r"can't be loaded \(SyntaxError"),
    ],
)
def test_what_fails_is_one_line_each_time(text: str, message: str, file: Path) -> None:
    written(file, text)
    for _ in range(2):
        with pytest.raises(UserError, match=message):
            load_file(file)


def test_what_is_stopped_is_not_left_half_run(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(file, "import sys\nif sys.stopped: raise KeyboardInterrupt\nN = 1\n")
    monkeypatch.setattr(sys, "stopped", True, raising=False)
    with pytest.raises(KeyboardInterrupt):
        load_file(file)
    monkeypatch.setattr(sys, "stopped", False)
    assert load_file(file).N == 1
