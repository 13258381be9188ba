"""`ampo generate`: what is asked, and many questions as JSON lines that resume."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ampo.engines.base import Engine
from ampo.errors import EngineError, UserError
from ampo.generate import as_lines, questions
from ampo.types import Response, Sample, SamplingParams


class Echo(Engine):
    """Says the question back."""

    backend = model = "echo"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def generate(self, requests: Any) -> Iterator[Sample]:
        for request in requests:
            self.asked.append(request.id)
            for i in range(request.params.n):
                yield Sample(request.id, i, Response(request.prompt[-1]["content"]))

    def stream(self, *_: Any) -> Any: ...

    def describe(self) -> dict[str, Any]:
        return {}

    def close(self) -> None: ...


def test_questions_of_a_file(tmp_path: Path) -> None:
    lines = tmp_path / "q.jsonl"
    lines.write_text(
        '{"id": "a", "question": "1 + 1?"}\n\n{"prompt": "2 + 2?"}\n{"messages": [{"role": "user", "content": "x"}]}\n'
    )
    assert [(q.id, q.prompt[-1]["content"]) for q in questions(None, lines, None, None)] == [
        ("a", "1 + 1?"),
        ("3", "2 + 2?"),
        ("4", "x"),
    ]
    text = tmp_path / "q.txt"
    text.write_text("1 + 1?\n\n2 + 2?\n")
    assert [q.id for q in questions(None, text, None, "be brief")] == ["1", "3"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{\n", "jsonl:1"),
        ('{"id": 1}\n', "no question"),
        ('{"messages": [3]}\n', "role and content"),
        ('{"id": 1, "question": "a"}\n{"id": 1, "question": "b"}\n', "twice"),
        ("", "no question"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(content)
    with pytest.raises(UserError, match=said):
        questions(None, file, None, None)


def test_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    for given in (None, "-"):
        monkeypatch.setattr("sys.stdin", io.StringIO("1 + 1?\n"))
        assert questions(given, None, None, None)[0].prompt[-1]["content"] == "1 + 1?"
    with pytest.raises(UserError, match="leave out one"):
        questions("q", Path("x"), None, None)


def test_lines_resume_after_a_kill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, output, engine = tmp_path / "q.txt", tmp_path / "out.jsonl", Echo()
    file.write_text("a\nb\nc\n")
    asked, params = questions(None, file, None, None), SamplingParams(n=2)
    as_lines(engine, asked[:1], params, output)
    output.write_text(output.read_text() + '{"id": "2", "sample": 0, "te')  # killed in the middle of a line
    as_lines(engine, asked, params, output)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [(row["id"], row["sample"], row["text"]) for row in rows] == [
        (str(i + 1), k, text) for i, text in enumerate("abc") for k in range(2)
    ]
    assert engine.asked == ["1", "2", "3"]
    as_lines(engine, asked, params, None)
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_a_sample_without_a_response_is_asked_for_again(tmp_path: Path) -> None:
    class Failing(Echo):
        def generate(self, requests: Any) -> Iterator[Sample]:
            for name, index, response in super().generate(requests):
                yield Sample(name, index, Response("", finish_reason="error") if name == "2" else response)

    file, output = tmp_path / "q.txt", tmp_path / "out.jsonl"
    file.write_text("a\nb\nc\n")
    asked, params = questions(None, file, None, None), SamplingParams()
    with pytest.raises(EngineError, match="1 of 3 samples have no response: the same command asks for them again"):
        as_lines(Failing(), asked, params, output)
    assert [json.loads(line)["text"] for line in output.read_text().splitlines()] == ["a", "", "c"]
    engine = Echo()
    as_lines(engine, asked, params, output)
    assert engine.asked == ["2"]
    assert sorted(json.loads(line)["text"] for line in output.read_text().splitlines()) == ["a", "b", "c"]
