"""Reference answers that can't be read are named before a token is spent."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ampo.cli import app
from ampo.errors import UserError
from ampo.types import Problem
from ampo.verify.audit import name_unreadable

ROWS = [
    {"question": "6 * 7?", "answer": "Multiply: 6*7=42. Hence the answer is $\\boxed{42}$."},
    {"question": "0 - 3?", "answer": "#### -3"},
    {"question": "6 * 8?", "answer": ["48"]},
    {"question": "Which t?", "answer": "t(0,4]"},
]


def ask(tmp_path: Path, *options: str) -> tuple[BaseException | None, str]:
    file = tmp_path / "own.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    command = ["eval", "--data", str(file), "--base-url", "http://127.0.0.1:9/v1", "--dry-run", *options]
    result = CliRunner().invoke(app, command)
    return result.exception, result.output


def test_a_dry_run_names_what_cannot_be_read(tmp_path: Path) -> None:
    error, told = ask(tmp_path)
    assert error is None
    assert "1 of 4 reference answers can't be read: own/3 't(0,4]'" in " ".join(told.split())


def test_strict_refuses_it(tmp_path: Path) -> None:
    error, _ = ask(tmp_path, "--strict")
    assert isinstance(error, UserError)
    assert "own/3" in str(error)
    assert "--strict" in str(error)


def test_prose_and_contradictions_are_named_and_answers_are_not() -> None:
    said: list[str] = []
    prose = "We show by induction that the sum of the first n odd numbers is a square, for every n that was asked for"
    golds = [prose, "5 = 7", "", "x^2", "perpendicular", "[1, 2)", "12 \\text{ cm}", "\\text{the lines are parallel}"]
    problems = [Problem(f"p/{i}", "?", gold) for i, gold in enumerate(golds)]
    assert name_unreadable(problems, said.append) == 3
    assert all(f"p/{i} " in said[0] for i in range(3))
    assert name_unreadable(problems[3:], said.append) == 0
    with pytest.raises(UserError, match="3 of 8"):
        name_unreadable(problems, said.append, strict=True)
