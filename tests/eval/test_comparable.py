"""Which runs may be compared, what is said of them, and `ampo compare` as a user meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ampo.cli import app
from ampo.errors import UserError
from ampo.eval.comparable import Setting, load, say_settings, things
from ampo.eval.compare import compare
from ampo.eval.compare_table import as_data, show
from ampo.eval.records import ResponseRecord, VerdictRecord
from ampo.eval.run import RunSpec, Task
from ampo.eval.rundir import RunDir
from ampo.files import dump
from ampo.prompts import Template
from ampo.terminal import Console
from ampo.types import Problem, Protocol, Response, SamplingParams, Verdict

PLAIN = Template("plain")
PROBLEMS = [Problem(f"sums/{i}", f"What is {i} + {i}?", str(2 * i), "sums") for i in range(30)]


def made(
    folder: Path,
    scores: Mapping[int, Sequence[int]],
    problems: Sequence[Problem] = PROBLEMS,
    model: str = "m",
    template: Template = PLAIN,
    temperature: float = 0.6,
    protocols: Sequence[Protocol] = ("ampo",),
    n: int | None = None,
) -> Path:
    """A run directory with these outcomes; problem i has the samples scores[i]."""
    asked = [problems[i] for i in scores]
    params = SamplingParams(n=n or max(map(len, scores.values())), temperature=temperature)
    run = RunDir(folder)
    folder.mkdir()
    run.write_config(RunSpec(model, [Task("sums", asked, template, params)]).config())
    run.write_problems(asked)
    with run.responses.open("w") as responses, run.verdicts.open("w") as verdicts:
        for problem, results in zip(asked, scores.values(), strict=True):
            for i, right in enumerate(results):
                record = ResponseRecord.of(problem.id, i, i, Response("text", completion_tokens=3))
                responses.write(dump(asdict(record)))
                for protocol in protocols:
                    verdict = Verdict("correct" if right else "wrong", protocol=protocol)
                    verdicts.write(dump(asdict(VerdictRecord.of(record.id, verdict))))
    return folder


HALF = {i: [i % 2, 0] for i in range(30)}
MORE = {i: [1, int(i < 10)] for i in range(30)}


def test_two_runs_of_the_same_settings(tmp_path: Path) -> None:
    loaded = load([made(tmp_path / "a", HALF), made(tmp_path / "b", MORE)])
    [result] = compare(loaded.rows)
    assert (result.overall.mean_a, result.overall.mean_b) == pytest.approx((0.25, 2 / 3))
    assert loaded.protocol == "ampo"
    assert list(loaded.differs.values()) == [[]]
    assert loaded.notes == []


@pytest.mark.parametrize(
    ("changes", "thing", "key"),
    [
        ({"model": "other"}, "model", "name"),
        ({"template": Template("brief", user="{question}\n\nBriefly.")}, "prompt", "user"),
        ({"temperature": 1.0}, "sampling", "temperature"),
    ],
)
def test_one_thing_may_differ_and_is_named(tmp_path: Path, changes: dict[str, Any], thing: str, key: str) -> None:
    loaded = load([made(tmp_path / "a", HALF), made(tmp_path / "b", MORE, **changes)])
    [settings] = loaded.differs.values()
    assert things(settings) == [thing]
    assert key in [setting.key for setting in settings]


def test_samples_and_seeds_may_differ(tmp_path: Path) -> None:
    loaded = load([made(tmp_path / "a", HALF), made(tmp_path / "b", {i: [1] * 5 for i in range(30)})])
    assert list(loaded.differs.values()) == [[]]


def test_more_than_one_thing_is_refused_or_marked(tmp_path: Path) -> None:
    a, b = made(tmp_path / "a", HALF), made(tmp_path / "b", MORE, model="other", temperature=1.0)
    with pytest.raises(UserError, match=r"differs from .*/a in model and sampling \(model: m → other; sampling temp"):
        load([a, b])
    loaded = load([a, b], allow_different=True)
    assert things(next(iter(loaded.differs.values()))) == ["model", "sampling"]
    text = shown(loaded)
    assert "more than one thing differs (model, sampling)" in text


def test_other_problems_under_the_same_ids_are_refused_or_left_out(tmp_path: Path) -> None:
    others = [Problem(p.id, p.question, "7", "sums") if i < 4 else p for i, p in enumerate(PROBLEMS)]
    a, b = made(tmp_path / "a", HALF), made(tmp_path / "b", MORE, problems=others)
    with pytest.raises(UserError, match=r"have 4 problems of the same id with another question or answer \(sums/0"):
        load([a, b])
    loaded = load([a, b], allow_different=True)
    assert {row.problem for rows in loaded.rows.values() for row in rows} == {p.id for p in PROBLEMS[4:]}
    assert "4 problems are left out" in loaded.notes[0]


def test_the_protocol_is_one_that_all_runs_are_judged_by(tmp_path: Path) -> None:
    both = made(tmp_path / "both", HALF, protocols=("ampo", "official"))
    official, ours = made(tmp_path / "official", MORE, protocols=("official",)), made(tmp_path / "ours", MORE)
    assert load([both, official]).protocol == "official"
    assert load([both, ours]).protocol == "ampo"
    with pytest.raises(UserError, match=r"judged by different protocols .*official by official; .*ours by ampo"):
        load([official, ours])
    with pytest.raises(UserError, match=r"ours is not judged by protocol official: ampo score .*ours --protocol offic"):
        load([both, ours], "official")


def test_unfinished_and_unjudged_runs_are_noted(tmp_path: Path) -> None:
    a, b = made(tmp_path / "a", HALF, n=4), made(tmp_path / "b", MORE)
    verdicts = (b / "verdicts.jsonl").read_text().splitlines(keepends=True)
    (b / "verdicts.jsonl").write_text("".join(verdicts[:-2]))
    notes = load([a, b]).notes
    assert "a is unfinished, 60 of 120 samples" in notes[0]
    assert "b: 2 responses have no verdict" in notes[1]


def shown(loaded, listed: int = 0) -> str:
    out = StringIO()
    show(loaded, compare(loaded.rows), listed, Console(file=out, width=80, highlight=False))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    return " ".join(out.getvalue().split())


def test_what_is_printed_fits_80_columns_and_says_what_it_found(tmp_path: Path) -> None:
    a, b, c = made(tmp_path / "a", HALF), made(tmp_path / "b", MORE), made(tmp_path / "c", HALF | {0: [1, 1]})
    text = shown(load([a, b]), listed=2)
    assert "B is better, by 41.7 points (p < 0.001)." in text
    assert "20 problems won by B, 2 of them" in text
    assert "0 problems lost by B" in text
    assert "Holm" not in text
    text = shown(load([a, b, c]))
    assert "B against A" in text
    assert "C against A" in text
    assert "p-values are corrected by Holm's method for 2 runs" in text
    assert "A and C are not told apart (p = 1.000). If the true difference is 3.3 points" in text


def test_what_it_would_take_is_said_for_each_case(tmp_path: Path) -> None:
    one = load(
        [made(tmp_path / "a1", {i: [i % 2] for i in range(9)}), made(tmp_path / "b1", {i: [1] for i in range(9)})]
    )
    assert "one sample of a problem doesn't tell (--samples 4)" in shown(one)
    split_a, split_b = {i: [i % 2] * 2 for i in range(20)}, {i: [1 - i % 2] * 2 for i in range(20)} | {0: [0, 0]}
    fixed = load([made(tmp_path / "a2", split_a), made(tmp_path / "b2", split_b)])
    assert "more samples can't do it: sampling makes 0 % of the spread" in shown(fixed)
    coin = {i: [0, 1] if i % 2 else [1, 0] for i in range(30)}
    noisy = load([made(tmp_path / "a3", coin), made(tmp_path / "b3", coin | {0: [1, 1], 1: [0, 0], 2: [1, 1]})])
    assert "more samples of each problem in both runs, or" in shown(noisy)
    tie = load([made(tmp_path / "a4", coin), made(tmp_path / "b4", coin)])
    assert "No difference between A and B (p = 1.000)" in shown(tie)


def test_the_json_has_all_of_it(tmp_path: Path) -> None:
    a, b = made(tmp_path / "a", HALF), made(tmp_path / "b", {i: [1, 1] for i in range(20)}, temperature=0.9)
    done = CliRunner().invoke(app, ["compare", str(a), str(b), "--json"])
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert data["protocol"] == "ampo"
    [found] = data["comparisons"]
    assert (found["a"], found["b"], found["only_a"], found["only_b"]) == (str(a), str(b), 10, 0)
    assert found["differs"] == [{"thing": "sampling", "benchmark": "sums", "key": "temperature", "a": 0.6, "b": 0.9}]
    assert found["overall"]["difference"] == pytest.approx(0.75)
    assert found["benchmarks"]["sums"]["won"] == len(found["won"]) == 20
    assert set(found["won"][0]) == {"problem", "a", "b"}
    loaded = load([a, b])
    assert as_data(loaded, compare(loaded.rows)) == data


def refused(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ampo", "compare", *map(str, arguments)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_what_cannot_be_compared_is_one_line_and_exit_2(tmp_path: Path) -> None:
    a = made(tmp_path / "a", HALF)
    elsewhere = made(tmp_path / "b", {0: [1]}, problems=[Problem("other/0", "?", "1", "other")])
    assert "have no problem in common: compare runs of the same benchmarks" in refused(a, elsewhere)
    assert "takes at least two runs" in refused(a)
    assert "the same run is given twice" in refused(a, f"{a}/")
    assert "is no run directory" in refused(a, tmp_path / "none")
    assert "did you mean official" in refused(a, elsewhere, "--protocol", "offcial")


def test_results_of_lm_eval_hold_nothing_to_pair(tmp_path: Path) -> None:
    a, b = made(tmp_path / "a", HALF), tmp_path / "b"
    (b / "m").mkdir(parents=True)
    (b / "m" / "results_2026-01-01T00-00-00.json").write_text("{}")
    with pytest.raises(UserError, match=r"b holds results of lm-eval.*`ampo report`"):
        load([a, b])


def test_it_loads_no_engine() -> None:
    script = "import sys; sys.argv = ['ampo', 'compare', 'x', 'y']\nfrom ampo.__main__ import main\n"
    script += "try: main()\nexcept SystemExit: pass\n"
    script += "print([m for m in ('torch', 'vllm', 'transformers', 'datasets') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_a_setting_that_differs_in_many_benchmarks_is_said_once() -> None:
    found = [Setting("sampling", f"set{i}", "temperature", 0.6, 1.0) for i in range(4)]
    assert say_settings(found) == ["sampling temperature (4 benchmarks): 0.6 → 1.0"]
    assert say_settings(found[:2]) == ["sampling temperature (set0, set1): 0.6 → 1.0"]
    assert say_settings([*found[:1], Setting("sampling", "set1", "temperature", 0.6, 0.9)]) == [
        "sampling temperature (set0): 0.6 → 1.0",
        "sampling temperature (set1): 0.6 → 0.9",
    ]
    assert say_settings([Setting("model", "", "name", "a", "b")]) == ["model: a → b"]
