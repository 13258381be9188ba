"""Runs with a scripted engine: what is asked, written, judged and resumed. The real engines are in test_resume."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from ampo.engines.base import Engine
from ampo.engines.halt import Halt
from ampo.errors import EngineError, UserError
from ampo.eval.ledger import Ledger
from ampo.eval.measure import grouping, judged_rows
from ampo.eval.records import VerdictRecord
from ampo.eval.report import show_disagreements
from ampo.eval.run import RunSpec, Task, evaluate
from ampo.eval.rundir import RunDir
from ampo.eval.score import rescore
from ampo.eval.seeds import problem_seed
from ampo.eval.verdicts import mark_of
from ampo.files import dump
from ampo.prompts import Template
from ampo.terminal import Console
from ampo.types import Delta, Problem, Request, Response, Sample, SamplingParams, Verdict
from ampo.verify import Claim, VerifierPool

PROBLEMS = [Problem(f"sums/{i}", f"What is {i} + {i}?", str(2 * i), "sums") for i in range(5)]


class Scripted(Engine):
    """Answers sums: right where the seed is even. Dies after `die_after` samples."""

    backend, model = "scripted", "scripted"

    def __init__(self, die_after: int | None = None, **settings: Any) -> None:
        self.settings = settings
        self.asked: list[Request] = []
        self.closed = False
        self._left = die_after

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for request in requests:
            self.asked.append(request)
            for index in range(request.params.n):
                if self._left == 0:
                    raise EngineError("out of memory")
                self._left = None if self._left is None else self._left - 1
                yield Sample(request.id, index, self._answer(request, index))

    def _answer(self, request: Request, index: int) -> Response:
        question = request.prompt[-1]["content"] if not isinstance(request.prompt, str) else request.prompt
        number = int(question.split()[2])
        assert request.params.seed is not None
        right = (request.params.seed + index) % 2 == 0
        text = f"It is <answer>{2 * number if right else 2 * number + 1}</answer>"
        return Response(text, finish_reason="stop", completion_tokens=7)

    def stream(self, request: Request, halt: Halt | None = None) -> Iterator[Delta]:
        raise AssertionError("a run streams nothing")

    def describe(self) -> dict[str, Any]:
        return {"backend": self.backend, "model": self.model, "settings": self.settings}

    def close(self) -> None:
        self.closed = True


def spec(n: int = 4, **changes: Any) -> RunSpec:
    task = Task("sums", PROBLEMS, Template("plain"), SamplingParams(n=n, temperature=0.6, max_tokens=16))
    return replace(RunSpec("scripted", [task]), **changes)


def go(run: RunDir, engine: Engine, what: RunSpec | None = None) -> dict[str, Any]:
    return evaluate(what or spec(), run, lambda: engine, say=lambda _: None, quiet=True)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_run_from_start_to_metrics(tmp_path: Path) -> None:
    run, engine = RunDir(tmp_path / "run"), Scripted()
    metrics = go(run, engine)
    ids = [row["id"] for row in lines(run.responses)]
    assert sorted(ids) == sorted(f"{p.id}#{i}" for p in PROBLEMS for i in range(4))
    assert len(lines(run.verdicts)) == 20
    right = sum(row["seed"] % 2 == 0 for row in lines(run.responses))
    assert metrics["benchmarks"]["sums"]["avg_at_k"] == pytest.approx(right / 20)
    assert metrics["macro_avg"] == metrics["benchmarks"]["sums"]["avg_at_k"]
    assert json.loads(run.metrics.read_text()) == metrics
    assert json.loads(run.environment.read_text())["engine"]["backend"] == "scripted"
    assert engine.closed


def test_a_finished_run_asks_nothing_and_starts_no_engine(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    first = go(run, Scripted())

    def never() -> Engine:
        raise AssertionError("the engine was started")

    assert evaluate(spec(), run, never, say=lambda _: None, quiet=True) == first


@pytest.mark.parametrize("die_after", [0, 1, 7, 19])
def test_a_dead_engine_loses_nothing_and_the_run_resumes(tmp_path: Path, die_after: int) -> None:
    run = RunDir(tmp_path)
    with pytest.raises(EngineError, match="out of memory"):
        go(run, Scripted(die_after))
    assert len(lines(run.responses)) == die_after
    resumed = go(run, Scripted())
    undisturbed = go(RunDir(tmp_path / "other"), Scripted())
    assert resumed == undisturbed
    by_id = {row["id"]: (row["seed"], row["text"]) for row in lines(run.responses)}
    assert by_id == {row["id"]: (row["seed"], row["text"]) for row in lines(RunDir(tmp_path / "other").responses)}
    assert len(lines(run.responses)) == len(lines(run.verdicts)) == 20


def test_another_engine_goes_on_with_a_run_and_is_named(tmp_path: Path) -> None:
    run, said = RunDir(tmp_path), []
    for engine in (Scripted(3, dtype="float32"), Scripted(3, dtype="float32"), Scripted(dtype="bfloat16")):
        with contextlib.suppress(EngineError):
            evaluate(spec(), run, lambda e=engine: e, said.append, quiet=True)
    assert [line for line in said if line.startswith("note:")] == [
        f"note: {tmp_path} goes on with another engine (dtype was 'float32', is now 'bfloat16'): "
        "environment.json has both"
    ]
    record = json.loads(run.environment.read_text())
    assert record["seed"] == 0
    assert [r["engine"]["settings"]["dtype"] for r in (record, *record["resumed"])] == ["float32"] * 2 + ["bfloat16"]


def test_missing_samples_are_asked_for_with_their_own_seeds(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    go(run, Scripted())
    kept = [line for line in run.responses.read_text().splitlines(keepends=True) if '"sums/2#' not in line]
    gone = [json.loads(line) for line in run.responses.read_text().splitlines() if '"id": "sums/2#' in line]
    run.responses.write_text("".join(kept) + json.dumps(gone[1]) + "\n")
    engine = Scripted()
    go(run, engine)
    seed = problem_seed(0, "sums/2")
    assert seed is not None
    assert [(r.id, r.params.n, r.params.seed) for r in engine.asked] == [
        ("sums/2#0", 1, seed),
        ("sums/2#2", 2, seed + 2),
    ]


def test_lost_verdicts_are_judged_again(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    first = go(run, Scripted())
    run.verdicts.write_text(run.verdicts.read_text()[:300])
    engine = Scripted()
    assert go(run, engine) == first
    assert engine.asked == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (spec(n=2), "--samples 4 goes on with it"),
        (spec(seed=1), "seed was 0, is now 1"),
        (spec(model="other"), "model.name was 'scripted', is now 'other'"),
        (spec(revision="abc"), "model.revision was unset"),
    ],
)
def test_another_question_is_refused(tmp_path: Path, changed: RunSpec, named: str) -> None:
    run = RunDir(tmp_path)
    go(run, Scripted())
    before = run.responses.read_text()
    with pytest.raises(UserError) as error:
        go(run, Scripted(), changed)
    assert named in str(error.value)
    assert run.responses.read_text() == before


def test_changed_problems_are_refused(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    go(run, Scripted())
    task = replace(spec().tasks[0], problems=[replace(PROBLEMS[0], answer="1"), *PROBLEMS[1:]])
    with pytest.raises(UserError, match="problems_sha256"):
        go(run, Scripted(), spec(tasks=[task]))


def test_what_only_choice_questions_read_is_part_of_the_question(tmp_path: Path) -> None:
    base = spec().tasks[0]
    choice = replace(base, problems=[replace(p, options=("1", "2")) for p in PROBLEMS])
    other = replace(choice, template=Template("plain", options_line="({letter}) {text}"))
    kinds = replace(base, problems=[replace(p, kind="math") for p in PROBLEMS])
    assert "options_line" not in str(spec().config())
    for asked, changed, named in ((choice, other, "prompt.options_line was"), (base, kinds, "answer_kind was unset")):
        run = RunDir(tmp_path / named)
        go(run, Scripted(), spec(tasks=[asked]))
        with pytest.raises(UserError, match=named):
            go(run, Scripted(), spec(tasks=[changed]))


def test_both_protocols_side_by_side(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    metrics = go(run, Scripted(), spec(protocols=("ampo", "official")))
    assert metrics["protocol"] == "ampo"
    assert set(metrics["protocols"]) == {"official"}
    assert len(lines(run.verdicts)) == 40
    again = rescore(run, ("official",), say=lambda _: None, quiet=True)
    assert again["protocol"] == "official"
    assert again["protocols"]["ampo"]["benchmarks"] == metrics["benchmarks"]
    assert len(lines(run.verdicts)) == 40


def test_what_protocols_judge_differently_is_shown_with_both_their_reasons(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    go(run, Scripted(), spec(protocols=("ampo",)))

    def shown() -> str:
        console = Console(record=True, width=200)
        show_disagreements(run, ("official", "ampo"), console)
        return console.export_text()

    def add(*verdicts: VerdictRecord) -> None:
        with run.verdicts.open("a") as file:
            file.writelines(dump(asdict(verdict)) for verdict in verdicts)

    add(*[replace(verdict, protocol="official") for verdict in run.read_verdicts().by("ampo")])
    assert shown() == "official and ampo judge all 20 responses alike\n"
    first = next(iter(run.read_responses().values()))
    add(
        VerdictRecord.of(first.id, Verdict("correct", "5", "rule one", protocol="official"), mark_of(first)),
        VerdictRecord.of(first.id, Verdict("wrong", "6", "rule two"), mark_of(first)),
    )
    assert "correct: 5 (rule one)" in shown()
    assert "wrong: 6 (rule two)" in shown()
    edited = run.responses.read_text().replace(json.dumps(first.text)[1:-1], "another text")
    run.responses.write_text(edited)
    assert "rule one" not in shown()


def test_a_verifier_that_cannot_work_ends_the_run_and_loses_nothing(tmp_path: Path, monkeypatch) -> None:
    run = RunDir(tmp_path)

    def broken(pool: VerifierPool, claim: Claim) -> Future[Verdict]:
        future: Future[Verdict] = Future()
        future.set_exception(EngineError("no worker starts"))
        return future

    with monkeypatch.context() as patch:
        patch.setattr(VerifierPool, "submit", broken)
        with pytest.raises(EngineError, match="no worker starts"):
            go(run, Scripted())
    assert len(lines(run.responses)) >= 1
    assert go(run, Scripted()) == go(RunDir(tmp_path / "other"), Scripted())


def test_greedy_samples_would_all_be_the_same() -> None:
    task = replace(spec().tasks[0], params=SamplingParams(n=4, temperature=0))
    with pytest.raises(UserError, match="greedy samples would all be the same"):
        spec(tasks=[task])


def test_seeds_differ_between_problems_and_runs() -> None:
    seeds = {problem_seed(s, p.id) for s in range(3) for p in PROBLEMS}
    assert len(seeds) == 15
    assert all(seed is not None and 0 <= seed < 2**31 for seed in seeds)
    assert problem_seed(None, "x") is None


def test_problems_are_grouped_side_by_side_and_in_order() -> None:
    with grouping(3, quiet=True) as spread:
        assert list(spread(lambda n: [n, threading.active_count() > 1], [3, 1, 2])) == [[3, True], [1, True], [2, True]]
        with pytest.raises(ZeroDivisionError):
            list(spread(lambda n: [1 // n], [1, 0]))


def test_verdicts_that_are_written_anew_while_they_are_read_are_a_line(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    go(run, Scripted(), spec(protocols=("ampo",)))
    ledger = Ledger.of(run)
    verdicts = run.verdicts.read_text().splitlines(keepends=True)
    for anew in (verdicts[::-1], ["{}\n", *verdicts], []):
        run.verdicts.write_text("".join(anew))
        with pytest.raises(UserError, match=r"verdicts\.jsonl was written anew meanwhile"):
            judged_rows(run, run.read_problems(), ledger, "ampo", lambda answers, **_: [0] * len(answers))
