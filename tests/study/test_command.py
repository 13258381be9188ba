"""`ampo study`: what it says where something is missing, and that defects are not dressed up as that."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ampo.cli import app
from ampo.errors import MissingExtraError, UserError


def study(folder: Path) -> None:
    CliRunner().invoke(
        app,
        ["study", "--size", "smoke", "--write-only", "-o", str(folder)],
        catch_exceptions=False,
        standalone_mode=False,
    )


def test_the_extra_that_is_named_has_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"ampo study needs matplotlib.*\[study\]"):
        study(tmp_path)
    assert not list(tmp_path.iterdir())  # before anything is run


def test_a_broken_import_of_our_own_is_no_missing_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ampo.study.write_up", None)
    with pytest.raises(ImportError, match=r"ampo\.study\.write_up"):
        study(tmp_path)


def test_an_error_at_work_is_told_as_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ampo.study import write_up

    def fails(*_: object) -> Path:
        raise OSError("no such thing")

    monkeypatch.setattr(write_up, "write_up", fails)
    with pytest.raises(OSError, match="no such thing"):
        study(tmp_path)


def test_a_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(UserError, match=r"cannot write .*runs.* \(.*\): give another --output-dir"):
        study(tmp_path / "runs")
