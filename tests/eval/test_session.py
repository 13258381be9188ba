"""Going on with a run: more samples, more benchmarks, edited responses, foreign folders, signals, full disks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from ampo.cli.lent import read_run
from ampo.engines.base import Engine
from ampo.engines.halt import Halt
from ampo.errors import EngineError, UserError
from ampo.eval import progress, session
from ampo.eval.export import export
from ampo.eval.report.responses import rows_of
from ampo.eval.report.source import load
from ampo.eval.result import Run
from ampo.eval.run import RunSpec, Task, evaluate
from ampo.eval.rundir import RunDir
from ampo.prompts import Template
from ampo.types import Delta, Problem, Request, Response, Sample, SamplingParams


class Echo(Engine):
    """Answers with its seed's last digit."""

    backend, model = "echo", "echo"

    def __init__(self, response: Response | None = None) -> None:
        self.asked = 0
        self._response = response

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for request in requests:
            for index in range(request.params.n):
                self.asked += 1
                seed = (request.params.seed or 0) + index
                yield Sample(request.id, index, self._response or Response(f"<answer>{seed % 10}</answer>"))

    def stream(self, request: Request, halt: Halt | None = None) -> Iterator[Delta]:
        raise AssertionError("a run streams nothing")

    def describe(self) -> dict[str, Any]:
        return {"backend": self.backend, "asked": self.asked}

    def close(self) -> None: ...


def task(name: str, n: int = 2) -> Task:
    problems = [Problem(f"{name}/{i}", f"What is {i}?", str(i), name) for i in range(4)]
    return Task(name, problems, Template("plain"), SamplingParams(n=n, temperature=0.6, max_tokens=16))


def go(run: RunDir, *tasks: Task, said: list[str] | None = None, engine: Engine | None = None, **changes: Any) -> Any:
    spec = replace(RunSpec("echo", tasks), **changes)
    return evaluate(spec, run, lambda: engine or Echo(), (said if said is not None else []).append, quiet=True)


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_more_samples_go_on_with_the_run(tmp_path: Path) -> None:
    run, whole, said = RunDir(tmp_path / "a"), RunDir(tmp_path / "b"), []
    go(run, task("a"))
    more = Echo()
    assert go(run, task("a", 4), said=said, engine=more) == go(whole, task("a", 4))
    assert more.asked == 8
    assert said[0] == "a: going on from 2 to 4 samples of each problem"
    assert sorted(map(str, rows(run.responses))) != []
    assert {r["id"]: r["seed"] for r in rows(run.responses)} == {r["id"]: r["seed"] for r in rows(whole.responses)}


def test_more_benchmarks_and_fewer(tmp_path: Path) -> None:
    run, said = RunDir(tmp_path), []
    go(run, task("a"))
    metrics = go(run, task("a"), task("b"), said=said)
    assert list(metrics["benchmarks"]) == ["a", "b"]
    assert said[0] == f"{run.path} gets b besides a"
    asked = Echo()
    assert list(go(run, task("b", 3), said=said, engine=asked)["benchmarks"]) == ["a", "b"]
    assert asked.asked == 4
    assert f"a of {run.path} stay as they are: only b is asked for" in said
    assert list(run.read_config()["benchmarks"]) == ["a", "b"]


def test_a_response_that_was_edited_by_hand_is_judged_again(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    before = go(run, task("a"))["benchmarks"]["a"]["avg_at_k"]
    lines = rows(run.responses)
    for line in lines:
        line["text"] = f"<answer>{line['problem'][2:]}</answer>"
    run.responses.write_text("".join(json.dumps(line) + "\n" for line in lines))
    asked = Echo()
    assert go(run, task("a"), engine=asked)["benchmarks"]["a"]["avg_at_k"] == 1.0 > before
    assert asked.asked == 0
    assert go(run, task("a"))["benchmarks"]["a"]["avg_at_k"] == 1.0


def test_of_two_texts_with_an_id_the_later_one_is_judged_and_stays_so(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    first = go(run, task("a"))
    lines = rows(run.responses)
    with run.responses.open("a") as file:
        for line in lines:
            file.write(json.dumps(line | {"text": f"<answer>{line['problem'][2:]}</answer>"}) + "\n")
    assert first["benchmarks"]["a"]["avg_at_k"] < go(run, task("a"))["benchmarks"]["a"]["avg_at_k"] == 1.0
    size = run.verdicts.stat().st_size
    assert size < 3000  # each text once, by the one protocol
    run.metrics.unlink()
    assert go(run, task("a"))["benchmarks"]["a"]["avg_at_k"] == 1.0
    assert run.verdicts.stat().st_size == size  # nothing is judged again
    [shown] = load([run.path])
    assert shown.notes == ()
    assert shown.metrics["benchmarks"]["a"]["n_samples"] == 8
    run.metrics.unlink()
    assert [note for note in load([run.path])[0].notes if "verdict;" in note] == []


def test_a_verdict_on_a_text_that_is_gone_is_none(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    go(run, task("a"))
    lines = rows(run.responses)
    lines[0]["text"] = "edited"
    run.responses.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run.metrics.unlink()
    assert "1 of 8 responses have no verdict" in load([run.path])[0].notes[0]
    assert export(run, "lm-eval-samples", tmp_path / "out").left_out == 1
    assert [row.id for row in rows_of(load([run.path])) if not row.verdicts] == [lines[0]["id"]]
    shown = read_run(tmp_path.parent, tmp_path.name).rows
    assert [row.id for row in shown if not row.verdicts] == [lines[0]["id"]]
    opened = Run(tmp_path)
    assert [r.id for r in opened.responses if r.id not in opened.verdicts("ampo")] == [lines[0]["id"]]
    table = opened.to_pandas("ampo")
    assert table[table["outcome"].isna()]["text"].tolist() == ["edited"]


def test_a_text_that_was_judged_before_it_was_edited_keeps_its_verdict(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    go(run, task("a"))
    before, size = run.responses.read_text(), run.verdicts.stat().st_size
    outcomes = Run(tmp_path).to_pandas()["outcome"].tolist()
    run.responses.write_text(before.replace("<answer>", "<answer>9"))
    go(run, task("a"))
    assert run.verdicts.stat().st_size > size
    run.responses.write_text(before)
    assert Run(tmp_path).to_pandas()["outcome"].tolist() == outcomes
    assert [row.verdicts["ampo"].outcome for row in rows_of(load([run.path]))] == outcomes


def test_fewer_samples_than_are_there_are_refused_with_a_way_out(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    first = go(run, task("a", 4))
    with pytest.raises(UserError, match="has 4 samples of each problem of a, and 2 are asked for: --samples 4 goes on"):
        go(run, task("a", 2))
    assert go(run, task("a", 4)) == first


def test_a_run_from_before_some_parameters_goes_on_with_their_defaults(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    first = go(run, task("a"))
    config = tomllib.loads(run.config.read_text())
    del config["benchmarks"]["a"]["sampling"]["min_p"]
    run.config.write_text(tomli_w.dumps(config))
    assert go(run, task("a")) == first
    assert tomllib.loads(run.config.read_text())["benchmarks"]["a"]["sampling"]["min_p"] == 0.0
    other = task("a")
    with pytest.raises(UserError, match=r"sampling\.min_p was 0\.0, is now 0\.1"):
        go(run, replace(other, params=replace(other.params, min_p=0.1)))


def test_what_has_no_response_yet_is_begun_anew(tmp_path: Path) -> None:
    """A start that failed before its first response leaves no problems to the next one."""
    run = RunDir(tmp_path)

    def fails() -> Engine:
        raise EngineError("no engine")

    with pytest.raises(EngineError):
        evaluate(RunSpec("echo", [task("a")]), run, fails, lambda _: None, quiet=True)
    go(run, task("b"))
    assert {row["benchmark"] for row in rows(run.problems)} == {"b"}
    assert list(run.read_config()["benchmarks"]) == ["b"]


def test_a_finished_run_starts_no_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunDir(tmp_path)
    first = go(run, task("a"))
    monkeypatch.setattr("ampo.eval.run.VerifierPool", None)
    assert go(run, task("a")) == first


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "problems.jsonl").write_text("mine")
    with pytest.raises(UserError, match=r"holds problems\.jsonl, and no run"):
        go(RunDir(tmp_path), task("a"))
    assert [f.name for f in tmp_path.iterdir()] == ["problems.jsonl"]
    with pytest.raises(UserError, match="it is a file"):
        go(RunDir(tmp_path / "problems.jsonl"), task("a"))


@pytest.mark.parametrize("response", [Response("x", completion_tokens="3"), Response(7)])  # type: ignore[arg-type]
def test_what_could_not_be_read_again_is_not_written(tmp_path: Path, response: Response) -> None:
    run = RunDir(tmp_path)
    with pytest.raises(EngineError, match="the engine 'echo' gave a response that has"):
        go(run, task("a"), engine=Echo(response))
    assert run.responses.read_text() == ""
    go(run, task("a"))


def test_a_full_disk_is_one_line_and_the_run_goes_on(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk."""
    code = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_session import *
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))
try:
    go(RunDir(Path(sys.argv[1])), task("a", 8), said=(said := []))
except UserError as error:
    print(error, said)
"""
    folder = tmp_path / "run"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(Path(__file__).parent)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "File too large): make room, then run the same command" in done.stdout
    assert "of 32 samples are saved in" in done.stdout
    assert go(RunDir(folder), task("a", 8)) == go(RunDir(tmp_path / "whole"), task("a", 8))
    assert len(rows(folder / "responses.jsonl")) == 32


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
def test_signals_say_what_is_saved(tmp_path: Path, sent: signal.Signals) -> None:
    code = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_session import *
class Slow(Echo):
    def generate(self, requests):
        for i, sample in enumerate(super().generate(requests)):
            if i == 3:
                print("go", flush=True)
                time.sleep(60)
            yield sample
try:
    go(RunDir(Path(sys.argv[1])), task("a"), said=(said := []), engine=Slow())
except KeyboardInterrupt:
    print(said[-1])
"""
    command = [sys.executable, "-c", code, str(tmp_path / "run"), str(Path(__file__).parent)]
    heard = signal.signal(sent, signal.SIG_DFL)  # who runs the tests under nohup hands on an ignored one
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        signal.signal(sent, heard)
        assert process.stdout is not None
        assert process.stdout.readline() == "go\n"
        process.send_signal(sent)
        assert process.stdout.read().startswith("3 of 8 samples are saved in")


def test_silence_is_broken_by_a_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SILENCE", 0.1)
    from collections import Counter

    with progress.RunProgress(9, 2, Counter(), activity=lambda: "3 in flight") as shown:
        deadline = time.monotonic() + 20
        while "waiting" not in (err := capsys.readouterr().err) and time.monotonic() < deadline:
            time.sleep(0.02)
        shown.sample(None)
    assert "2/9 samples, waiting: 3 in flight" in err


def test_memory_holds_no_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a session remembers of 400 responses of 10,000 characters is not their texts."""
    import tracemalloc

    run = RunDir(tmp_path)
    text = Response("x" * 10_000 + "<answer>1</answer>", completion_tokens=5)
    found: list[int] = []
    judge_rest = session.Session.judge_rest

    def measured(self: session.Session, pool: Any) -> None:
        judge_rest(self, pool)
        found.append(tracemalloc.get_traced_memory()[0] - start)

    monkeypatch.setattr(session.Session, "judge_rest", measured)
    tracemalloc.start()
    start = tracemalloc.get_traced_memory()[0]
    go(run, task("a", 100), engine=Echo(text))
    tracemalloc.stop()
    assert os.path.getsize(run.responses) > 4_000_000
    assert found[0] < 1_000_000


@pytest.mark.parametrize(
    ("rate", "places", "shown"), [(12.34, 1, "12.3"), (0.0321, 1, "0.032"), (0.4, 0, "0.4"), (0, 1, "0.0")]
)
def test_a_slow_engine_is_no_standing_one(rate: float, places: int, shown: str) -> None:
    assert progress._figure(rate, places) == shown
