"""The API as scripts and notebooks call it. The engine of most tests knows its answers; one test runs a real one."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ampo
from ampo.api.questions import benchmarks_of
from ampo.engines.halt import Halt
from ampo.eval.data import load_problems
from ampo.types import Delta, Request, Sample

ROWS = [{"question": "What is 2 + 3?", "answer": "5"}, {"question": "What is 6 * 7?", "answer": 42}]


class Knowing(ampo.Engine):
    """Answers everything with 5, and counts what it was asked."""

    backend, model = "known", "knows-five"

    def __init__(self) -> None:
        self.asked, self.closed = 0, False

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for request in requests:
            for i in range(request.params.n):
                self.asked += 1
                yield Sample(request.id, i, ampo.Response("The answer is 5.", completion_tokens=6))

    def stream(self, request: Request, halt: Halt | None = None) -> Iterator[Delta]:
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        return {"backend": self.backend, "model": self.model, "revision": None, "settings": {}}

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def engine() -> Knowing:
    return Knowing()


def test_an_evaluation_in_one_line(engine: Knowing, capsys: pytest.CaptureFixture[str]) -> None:
    run = ampo.evaluate(engine, ROWS, samples=2)
    assert run.metrics["data"].avg_at_k == 0.5
    low, high = run.metrics["data"].ci95
    assert low < 0.5 < high
    assert run.metrics["data"].pass_at_k == {1: 0.5, 2: 0.5}
    assert run.metrics.macro_avg == 0.5
    assert f"everything is in {run.path}" in capsys.readouterr().err
    assert run.model == "knows-five"
    assert not engine.closed


def test_responses_come_from_the_folder_when_they_are_asked_for(engine: Knowing, tmp_path: Path) -> None:
    run = ampo.evaluate(engine, ROWS, samples=2, output_dir=tmp_path / "run", quiet=True)
    assert len(run.responses) == 4
    assert [r.id for r in run.responses] == ["data/0#0", "data/0#1", "data/1#0", "data/1#1"]
    assert run.responses[-1].id == "data/1#1"
    assert [r.sample for r in run.responses[1:3]] == [1, 0]
    with pytest.raises(IndexError):
        run.responses[4]
    table = run.to_pandas()
    assert list(table["outcome"]) == ["correct", "correct", "wrong", "wrong"]
    assert list(table["reference"]) == ["5", "5", "42", "42"]
    assert list(table["extracted"]) == ["5"] * 4


def test_the_same_call_goes_on_and_asks_nothing_twice(engine: Knowing, tmp_path: Path) -> None:
    for _ in range(2):
        ampo.evaluate(engine, ROWS, samples=1, output_dir=tmp_path / "run", quiet=True)
    assert engine.asked == 2


def test_a_run_shows_itself(engine: Knowing) -> None:
    run = ampo.evaluate(engine, ROWS, samples=1, quiet=True)
    assert "avg@k" in str(run)
    assert "50.0" in run._repr_html_()
    assert run._repr_html_().startswith("<pre")


def test_scored_compared_and_reported(engine: Knowing, tmp_path: Path) -> None:
    a = ampo.evaluate(engine, ROWS, samples=1, output_dir=tmp_path / "a", quiet=True)
    engine.model = "knows-five-too"
    b = ampo.evaluate(engine, ROWS, samples=1, output_dir=tmp_path / "b", quiet=True)
    scored = ampo.score(a, protocols=("ampo", "official"), quiet=True)
    assert list(scored.protocols) == ["ampo", "official"]
    compared = ampo.compare(a, str(tmp_path / "b"))
    assert (compared.overall.difference, compared.benchmarks["data"].tied) == (0, 2)
    assert "knows-five-too" in repr(compared)
    page = ampo.report(a, b, html=True)
    assert page.parent == a.path
    assert "knows-five" in page.read_text()
    assert "knows-five" in ampo.report(a, format="md")
    assert "avg@k" in ampo.report(tmp_path / "b")


@pytest.mark.parametrize("form", ["dicts", "dataset", "frame", "arrow", "problems", "file"])
def test_problems_in_every_form(form: str, tmp_path: Path) -> None:
    given: Any = [{"question": r["question"], "answer": str(r["answer"])} for r in ROWS]
    if form == "dataset":
        given = pytest.importorskip("datasets").Dataset.from_list(given)
    elif form == "frame":
        given = pytest.importorskip("pandas").DataFrame(ROWS)
    elif form == "arrow":
        given = pytest.importorskip("pyarrow").Table.from_pylist(given)
    elif form == "problems":
        given = [ampo.Problem(str(i), row["question"], row["answer"]) for i, row in enumerate(given)]
    elif form == "file":
        given = tmp_path / "rows.jsonl"
        given.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (benchmark,) = benchmarks_of(given, name="mine")
    found = load_problems(benchmark)
    assert [(p.id, p.question, p.answer) for p in found] == [
        ("mine/0", "What is 2 + 3?", "5"),
        ("mine/1", "What is 6 * 7?", "42"),
    ]


def test_columns_are_named() -> None:
    rows = [{"ask": "1 + 4?", "gold": 5, "key": "one"}]
    (benchmark,) = benchmarks_of(rows, {"question": "ask", "answer": "gold", "id": "key"})
    assert [(p.id, p.answer) for p in load_problems(benchmark)] == [("data/one", "5")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"benchmarks": "dmo"}, "demo"),
        ({"benchmarks": []}, "no problems were given"),
        ({"benchmarks": [{"ask": "1?"}]}, "which column is the question"),
        ({"benchmarks": [{"ask": "1?"}]}, 'from Python columns={"question": NAME}'),
        ({"benchmarks": [1]}, "row 0 is a int: each row must be a dict"),
        ({"benchmarks": {"test": ROWS}}, "give one split of it"),
        ({"benchmarks": ROWS, "columns": {"questin": "q"}}, "columns has 'questin'"),
        ({"benchmarks": ROWS, "temprature": 1}, "did you mean temperature"),
        ({"benchmarks": ROWS, "temperature": -1}, "temperature is -1"),
        ({"benchmarks": ROWS, "max_model_len": 512}, "max_model_len: the engine runs already"),
        ({"benchmarks": ROWS, "protocols": ()}, "no protocol is given"),
        ({"benchmarks": ROWS, "protocols": 1}, "protocols is 1"),
        ({"benchmarks": ROWS, "samplse": 2}, "did you mean samples"),
        ({"benchmarks": ROWS, "samples": "two"}, "samples is 'two': it must be a whole number, at least 1"),
        ({"benchmarks": ROWS, "samples": 0}, "samples is 0"),
        ({"benchmarks": ROWS, "limit": 1.5}, "limit is 1.5"),
        ({"benchmarks": ROWS, "seed": -1}, "seed is -1"),
        ({"benchmarks": ROWS, "sampling": "hot"}, "sampling is 'hot': it must be an ampo.SamplingParams or a dict"),
        ({"benchmarks": ROWS, "settings": {"dtype": "auto"}}, "it must be an ampo.EngineSettings"),
        ({"benchmarks": ROWS, "output_dir": 5}, "output_dir is 5: it must be a folder"),
        ({"benchmarks": ROWS, "protocols": "offcial"}, "official"),
        ({"benchmarks": ROWS, "sampling": ampo.SamplingParams(n=2)}, "give samples="),
    ],
)
def test_bad_input_is_one_line(arguments: dict[str, Any], message: str, engine: Knowing) -> None:
    with pytest.raises(ampo.UserError, match=re.escape(message)) as refused:
        ampo.evaluate(engine, **arguments)
    assert "\n" not in str(refused.value)
    assert engine.asked == 0


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Knowing, "the model is Knowing itself: give an instance of it"),
        (print, "the model is print itself"),
        (object(), "the model is a object: give a name"),
    ],
)
def test_a_model_that_is_none_is_one_line(model: Any, message: str) -> None:
    with pytest.raises(ampo.UserError, match=message):
        ampo.evaluate(model, ROWS)
    with pytest.raises(ampo.UserError, match=message):
        ampo.load_engine(model)


def test_a_run_that_is_none_is_one_line() -> None:
    not_a_run: Any = 5
    for call in (ampo.score, ampo.report, lambda run: ampo.compare(run, run)):
        with pytest.raises(ampo.UserError, match="the run is a int: give a run, or its folder"):
            call(not_a_run)


def test_in_a_thread_and_beside_a_running_event_loop(engine: Knowing) -> None:
    scores: list[float] = []

    async def notebook() -> None:
        scores.append(ampo.evaluate(engine, ROWS, samples=1, quiet=True).metrics["data"].avg_at_k)

    asyncio.run(notebook())
    thread = threading.Thread(target=lambda: asyncio.run(notebook()))
    thread.start()
    thread.join()
    assert scores == [0.5, 0.5]


SCRIPT = """
import asyncio
import ampo

print("the script runs", flush=True)

async def cell():
    return ampo.evaluate("smollm2-135m", {rows!r}, samples=2, max_tokens=8, max_model_len=256, in_process=False)

run = asyncio.run(cell())
print(len(run.responses), run.metrics["data"].n_samples, run.metrics["data"].ci95)
"""


@pytest.mark.slow
def test_at_the_top_level_of_a_script_with_a_real_engine(model_path: str, tmp_path: Path) -> None:
    """No guard, a running event loop, and an engine whose processes are spawned: the script runs once."""
    pytest.importorskip("vllm")
    (tmp_path / "script.py").write_text(SCRIPT.format(rows=ROWS))
    environment = {**os.environ, "VLLM_WORKER_MULTIPROC_METHOD": "spawn"}
    done = subprocess.run(
        [sys.executable, "script.py"], capture_output=True, text=True, cwd=tmp_path, timeout=570, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("the script runs") == 1
    assert done.stdout.splitlines()[-1].startswith("4 4 (")
