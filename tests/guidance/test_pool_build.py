"""Building a pool from saved runs: what is accepted, what is refused and why, and that nothing is asked twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ampo.cli.pool.teachers import teacher_of
from ampo.errors import UserError
from ampo.eval.records import ResponseRecord
from ampo.eval.rundir import RunDir
from ampo.files import dump
from ampo.guidance import GuidancePool, PoolEntry
from ampo.guidance.build import Candidate, assemble
from ampo.types import Problem, Response
from ampo.verify import Claim, VerifierPool

QUESTION, GOLD = "What is 20 + 22?", "42"
RIGHT = "It is \\boxed{42}."


def candidate(response: str, source: str = "a", tokens: int = 5, finish: str = "stop") -> Candidate:
    return Candidate("u", source, Claim(GOLD, response, question=QUESTION, finish_reason=finish), tokens)


def test_what_is_refused_and_why(tmp_path):
    candidates = [
        candidate(RIGHT),
        candidate(f"  {RIGHT}\n", "b"),
        candidate("It is \\boxed{41}."),
        candidate("Who knows"),
        candidate(f"Let me see. {RIGHT}", "b", finish="length"),
        candidate(f"Slowly. {RIGHT}", "b", tokens=101),
        candidate(f"Another way. {RIGHT}", "b"),
        candidate(f"{'so ' * 30}{RIGHT}", "b"),
    ]
    kept: list[PoolEntry] = []
    with VerifierPool(workers=1) as verifiers:
        prompts = [PoolEntry("u", QUESTION, GOLD), PoolEntry("v", "What is 1 + 2?", "3")]
        report = assemble(prompts, candidates, verifiers, 100, kept.append, tmp_path)
    assert report.teachers == {
        "a": {"responses": 3, "accepted": 1, "wrong": 1, "no_answer": 1},
        "b": {"responses": 5, "duplicate": 1, "truncated": 1, "too_long": 1, "repetitive": 1, "accepted": 1},
    }
    assert [(s.source, s.content, s.tokens, s.verified) for s in kept[0].solutions] == [
        ("a", RIGHT, 5, True),
        ("b", f"Another way. {RIGHT}", 5, True),
    ]
    assert [e.uid for e in kept] == ["u", "v"]
    assert report.coverage == {0: 1, 1: 0, 2: 1}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "label", "name", "base_url"),
    [
        ("SII-Enigma/Qwen2.5-7B-Ins-AMPO@main", "Qwen2.5-7B-Ins-AMPO", "SII-Enigma/Qwen2.5-7B-Ins-AMPO@main", None),
        ("smollm2-135m", "smollm2-135m", "smollm2-135m", None),
        ("http://localhost:8000/v1#Qwen/Qwen3-8B", "Qwen3-8B", "Qwen/Qwen3-8B", "http://localhost:8000/v1"),
        ("http://localhost:8000/v1", "endpoint", "", "http://localhost:8000/v1"),
        ("big=http://h/v1?a=b#m", "big", "m", "http://h/v1?a=b"),
    ],
)
def test_teachers(given, label, name, base_url):
    teacher = teacher_of(given)
    assert (teacher.label, teacher.name, teacher.base_url) == (label, name, base_url)


def test_a_file_that_is_no_run_is_refused(tmp_path):
    (tmp_path / "x.jsonl").write_text("{}")
    with pytest.raises(UserError, match="no response file"):
        teacher_of(str(tmp_path / "x.jsonl"))


def saved_run(folder: Path, model: str, responses: dict[str, list[str]], problems: list[Problem]) -> RunDir:
    folder.mkdir()
    run = RunDir(folder)
    run.write_config({"model": {"name": model}})
    run.write_problems(problems)
    lines = [
        ResponseRecord.of(problem, i, None, Response(text, completion_tokens=9))
        for problem, texts in responses.items()
        for i, text in enumerate(texts)
    ]
    run.responses.write_text("".join(dump({f: getattr(r, f) for f in r.__dataclass_fields__}) for r in lines))
    return run


def build(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ampo", "pool", "build", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


def test_from_runs_that_are_there(tmp_path):
    """The second run calls the same question by another id; its problem is told by the question."""
    options = ("red", "blue")
    mine = [Problem("x/0", QUESTION, GOLD), Problem("x/1", "Which colour has the sky?", "B", options=options)]
    theirs = [Problem("y/7", f" {QUESTION}", GOLD), Problem("y/8", "Unasked", "1")]
    first = saved_run(tmp_path / "one", "org/one", {"x/0": [RIGHT], "x/1": ["<answer>B</answer>"]}, mine)
    second = saved_run(tmp_path / "two", "org/two", {"y/7": [f"Well. {RIGHT}"], "y/8": ["1"]}, theirs)
    data = tmp_path / "x.jsonl"
    rows = [{"key": p.id, "asked": p.question, "answer": p.answer, "choices": list(p.options)} for p in mine]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = ("--id-column", "key", "--question-column", "asked", "--options-column", "choices")
    done = build("--data", data, *columns, "-t", first.path, "-t", second.responses, "-o", tmp_path / "pool")
    assert done.returncode == 0, done.stderr
    pool = GuidancePool.open(tmp_path / "pool")
    assert [s.source for s in pool["x/0"].solutions] == ["one", "two"]
    assert pool["x/1"].question == "Which colour has the sky?\n\nA) red\nB) blue"
    assert len(pool["x/1"].solutions) == 1
    report = json.loads((tmp_path / "pool" / "report.json").read_text())
    assert report["teachers"] == {"one": {"responses": 2, "accepted": 2}, "two": {"responses": 1, "accepted": 1}}
    done = build("-t", first.path, "-o", tmp_path / "again")
    assert done.returncode == 0, done.stderr
    assert len(GuidancePool.open(tmp_path / "again")) == 2


@pytest.mark.slow
def test_a_killed_build_goes_on(server, tmp_path):
    """A real model behind a real endpoint, killed at work: what it had answered is not asked again."""
    command = ["--suite", "demo", "--limit", 15, "--samples", 2, "--max-tokens", 48, "--concurrency", 2]
    arguments = [*command, "-t", f"little={server}", "-o", tmp_path / "built"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ampo", "pool", "build", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    responses = tmp_path / "built" / "teachers" / "little" / "responses.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (responses.exists() and responses.read_bytes().count(b"\n") >= 5):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    before = [line for line in responses.read_text().split("\n")[:-1] if line.endswith("}")]
    assert 5 <= len(before) < 30
    assert not (tmp_path / "built" / "pool.jsonl").exists()
    done = build(*arguments)
    assert done.returncode == 0, done.stderr
    assert "resuming" in done.stderr
    after = responses.read_text().splitlines()
    assert after[: len(before)] == before
    assert len(after) == len({json.loads(line)["id"] for line in after}) == 30
    report = json.loads((tmp_path / "built" / "report.json").read_text())
    assert report["teachers"]["little"]["responses"] == 30
    assert report["solutions"] == sum(len(e.solutions) for e in GuidancePool.open(tmp_path / "built")) > 0
