"""A benchmark's own way to find its answer, as its TOML file says it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ampo.errors import UserError
from ampo.eval.data import load_problems
from ampo.eval.given import given_problems, given_rows
from ampo.eval.run import Task, _task_config
from ampo.eval.suites import load_benchmark
from ampo.prompts import load_template
from ampo.training.openrlhf.data import label_of
from ampo.types import Problem, SamplingParams
from ampo.verify import Claim, VerifierPool, verify

PROBLEM = Problem("own/0", "2 + 3?", "5", "own", extract=r"(?m)^>> (.+)$")
FUNCTIONS = """
def last_word(text):
    return text.split()[-1] if text.split() else None

FACTS = 3

def two(text, more):
    return text

def breaks(text):
    raise KeyError("no such thing")

def number(text):
    return 5
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[VerifierPool]:
    with VerifierPool(workers=1, timeout=1.0) as pool:
        yield pool


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rows.jsonl").write_text(json.dumps({"question": "2 + 3?", "answer": "5"}) + "\n")
    (tmp_path / "finding.py").write_text(FUNCTIONS)
    return tmp_path


def benchmark(folder: Path, extract: str) -> Problem:
    (folder / "own.toml").write_text(f"dataset = 'rows.jsonl'\nextract = '''{extract}'''\n")
    (problem,) = load_problems(load_benchmark(folder / "own.toml"))
    return problem


@pytest.mark.parametrize(
    ("rule", "response", "outcome", "extracted"),
    [
        (r"(?m)^>> (.+)$", "The answer is 7.\n>> 5", "correct", "5"),
        (r"(?m)^>> (.+)$", ">> 7\n>> 5\nand not 8", "correct", "5"),
        (r"(?m)^>> (.+)$", "The answer is 5.", "no_answer", None),
        (r"(?P<unit>cm|m) (?P<answer>\d+)", "cm 5", "correct", "5"),
        (r"\d+", "first 7 then 5 cm", "correct", "5"),
        (r"\d+", "<think>it is 5</think> it is 7", "wrong", "7"),
        (r"\d+", "<think>it is 5", "no_answer", None),
        (r"\d+", r"it is 10/2, \boxed{9}", "wrong", "9"),
        ("finding:last_word", "it is 10/2", "correct", "10/2"),
        ("finding.py:last_word", "it is 5", "correct", "5"),
    ],
)
def test_the_answer_is_where_the_file_says(
    rule: str, response: str, outcome: str, extracted: str | None, folder: Path, pool: VerifierPool
) -> None:
    verdict = pool.submit(Claim.of(benchmark(folder, rule), response, "stop")).result()
    assert (verdict.outcome, verdict.extracted) == (outcome, extracted), verdict


def test_a_cut_off_response_ends_with_no_answer(pool: VerifierPool) -> None:
    whole, cut = (pool.submit(Claim.of(PROBLEM, ">> 5" + more, "length")).result() for more in ("\nso", ""))
    assert (whole.outcome, cut.outcome) == ("correct", "truncated")


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (r"(a|aa)+$", "not judged within 1 s"),
        ("finding:breaks", "KeyError: 'no such thing'"),
        ("finding:number", "gave a int"),
    ],
)
def test_what_fails_is_counted_and_ends_nothing(rule: str, reason: str, folder: Path, pool: VerifierPool) -> None:
    verdict = pool.submit(Claim.of(benchmark(folder, rule), "a" * 50 + "b", "stop")).result()
    assert (verdict.outcome, verdict.shown) == ("timeout", False)
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("(a", "own.toml: extract = '(a' is no regular expression"),
        ("nowhere:at_all", "nowhere.py, and no module 'nowhere' is installed"),
        ("finding:lost_word", "no function 'lost_word': did you mean last_word?"),
        ("finding.py:FACTS", "no function 'FACTS'"),
        ("lost.py:word", "lost.py"),
        ("finding.py:two", "two can't be called with the response's text alone (missing a required argument: 'more')"),
        ("finding.last_word", "would find these letters alone: did you mean finding:last_word? a function is"),
        ("finding.py", "did you mean finding.py:NAME?"),
        ("last_word", "would find these letters alone: a function is FILE.py:NAME or MODULE:NAME"),
    ],
)
def test_a_wrong_rule_is_one_line_before_anything_starts(rule: str, message: str, folder: Path) -> None:
    with pytest.raises(UserError) as refused:
        benchmark(folder, rule)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("(bad", "extract = '(bad' is no regular expression"),
        ("nope:x", "no module 'nope' is installed"),
        (7, "extract is of type int: it must be text"),
    ],
)
def test_a_wrong_rule_of_a_program_is_one_line_too(rule: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        verify("42", "42", extract=rule)
    with pytest.raises(UserError, match=re.escape(message)) as refused:
        load_problems(given_problems([replace(PROBLEM, extract=rule)], "rows"))
    assert str(refused.value).startswith("rows/own/0: ")


def test_a_changed_function_judges_the_next_claim(folder: Path, pool: VerifierPool) -> None:
    for word, outcome in ((0, "correct"), (1, "wrong")):
        (folder / "finding.py").write_text(f"def word(text):\n    return text.split()[{word}]\n")
        os.utime(folder / "finding.py", ns=(0, word))
        claim = Claim("5", "5 or 7", extract=f"{folder}/finding.py:word")
        assert pool.submit(claim).result().outcome == outcome


def test_a_program_names_functions_from_where_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (problem,) = load_problems(given_problems([replace(PROBLEM, extract="finding.py:last_word")]))
    assert problem.extract == f"{folder.resolve()}/finding.py:last_word"
    assert Claim("5", "it is 5", extract="finding:last_word").extract == problem.extract


def test_code_does_not_come_with_rows(caplog: pytest.LogCaptureFixture) -> None:
    (problem,) = load_problems(given_rows([{"question": "2 + 3?", "answer": "5", "extract": "finding:last_word"}]))
    assert problem.extract == ""
    assert "data: the column 'extract' is not read" in caplog.text


def test_the_authors_protocol_keeps_its_own_way(pool: VerifierPool) -> None:
    verdict = pool.submit(Claim.of(PROBLEM, ">> 7 <answer>5</answer>", "stop", "official")).result()
    assert verdict.outcome == "correct"


def test_it_goes_wherever_the_problem_goes() -> None:
    task = Task("own", [PROBLEM], load_template("ampo"), SamplingParams())
    assert _task_config(task)["extract"] == [PROBLEM.extract]
    assert "extract" not in _task_config(replace(task, problems=[replace(PROBLEM, extract="")]))
    assert json.loads(label_of(PROBLEM))["extract"] == PROBLEM.extract
