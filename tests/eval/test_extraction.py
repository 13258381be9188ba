"""Another extraction for a run that is there: what refuses it, what takes it, what the record says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import ampo
from ampo.errors import UserError
from ampo.eval.comparable import load
from ampo.eval.data import load_problems
from ampo.eval.records import ResponseRecord
from ampo.eval.run import RunSpec, Task, evaluate
from ampo.eval.rundir import RunDir
from ampo.eval.suites import load_benchmark
from ampo.files import dump, fields_of
from ampo.prompts import Template
from ampo.types import Response, SamplingParams

FIRST, LAST = "def find(text):\n    return text.split()[0]\n", "def find(text):\n    return text.split()[-1]\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "rows.jsonl").write_text(json.dumps({"question": "2 + 3?", "answer": "5"}) + "\n")
    (tmp_path / "finding.py").write_text(FIRST)
    return ask(tmp_path / "own.toml", "finding.py:find")


def ask(file: Path, extract: str) -> Path:
    file.write_text(f"dataset = 'rows.jsonl'\nextract = '''{extract}'''\n")
    return file


def go(file: Path, run: RunDir, said: list[str] | None = None) -> dict[str, Any]:
    """`ampo eval` of a benchmark whose one problem has been answered with "7 or 5"."""
    task = Task("own", load_problems(load_benchmark(file)), Template("plain"), SamplingParams())
    if not run.responses.exists():
        run.path.mkdir()
        run.write_config(RunSpec("m", [task]).config())
        response = Response("7 or 5", finish_reason="stop")
        run.responses.write_text(dump(fields_of(ResponseRecord.of("own/0", 0, None, response))))

    def never() -> Any:
        raise AssertionError("the engine was started")

    return evaluate(RunSpec("m", [task]), run, never, (said if said is not None else []).append, quiet=True)


def extracted(run: RunDir) -> dict[str, str | None]:
    return {verdict.protocol: verdict.extracted for _, verdict in run.scan_verdicts()}


def test_changed_code_is_another_extraction_and_judging_again_takes_it(file: Path, tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    assert go(file, run)["macro_avg"] == 0
    (tmp_path / "finding.py").write_text(LAST)
    with pytest.raises(UserError, match=r"extract_sha256 was .*`ampo score .*run --suite FILE.toml` judges"):
        go(file, run)
    ampo.score(run.path, quiet=True)
    assert extracted(run) == {"ampo": "5"}
    assert go(file, run)["macro_avg"] == 1


def test_another_rule_is_taken_from_the_benchmarks_file(file: Path, tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    go(file, run)
    ask(file, r"\d+")
    with pytest.raises(UserError, match=r"own\.extract was .*--suite FILE\.toml"):
        go(file, run)
    shutil.copytree(run.path, tmp_path / "before")
    ampo.score(run.path, "official", benchmarks=file, quiet=True)
    assert "run finds the answers of own otherwise than" in load([tmp_path / "before", run.path], "ampo").notes[-1]
    assert extracted(run) == {"official": "5", "ampo": "5"}
    assert run.read_config()["benchmarks"]["own"]["extract"] == [r"\d+"]
    assert run.read_problems()["own/0"].extract == r"\d+"
    assert go(file, run)["macro_avg"] == 1


def test_a_function_that_is_gone_and_a_benchmark_that_is_not_there(file: Path, tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    go(file, run)
    (tmp_path / "finding.py").unlink()
    with pytest.raises(
        UserError, match=r"there is no file .*finding.py\. Put it back, or `ampo score .* --suite FILE.toml`"
    ):
        ampo.score(run.path, quiet=True)
    ask(file, "")
    with pytest.raises(UserError, match="has no benchmark 'demo': it can be one of: own"):
        ampo.score(run.path, benchmarks="demo", quiet=True)
    ampo.score(run.path, benchmarks=file, quiet=True)
    assert "extract" not in run.read_config()["benchmarks"]["own"]


def test_what_could_not_be_judged_is_said_with_its_reason(file: Path, tmp_path: Path) -> None:
    (tmp_path / "finding.py").write_text("def find(text):\n    raise RuntimeError('boom')\n")
    run = RunDir(tmp_path / "run")
    for say in (lambda said: go(file, run, said), lambda said: ampo.score(run.path, say=said.append, quiet=True)):
        said: list[str] = []
        say(said)
        assert said[-1].startswith("1 of 1 responses were not judged by protocol ampo (t-o) and count as not right; ")
        assert said[-1].endswith("the first, own/0#0: the judge failed: RuntimeError: boom")
    again: list[str] = []
    go(file, run, again)
    assert len(again) == 1
