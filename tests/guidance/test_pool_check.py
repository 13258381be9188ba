"""Checking a pool: each kind of fault, the clean pool, people's own judgements, leaks, statistics and their page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ampo.guidance import GuidancePool
from ampo.guidance.check import check, survey
from ampo.guidance.judging import judge
from ampo.guidance.leakage import LeakFinder, words
from ampo.guidance.lengths import measure_of
from ampo.guidance.rows import open_rows
from ampo.guidance.stats import pool_stats
from ampo.guidance.stats_page import pool_page
from ampo.types import Problem
from ampo.verify import VerifierPool

LEAKED = "A farmer has seventeen sheep and sells nine of them to her neighbour, then buys four goats. How many animals?"


@pytest.fixture(scope="module")
def verifiers():
    with VerifierPool(workers=1) as pool:
        yield pool


def row(uid: str, question: str, answer: str, *contents: str) -> dict:
    return {
        "uid": uid,
        "question": question,
        "answer": answer,
        "solutions": [{"source": "ab"[i % 2], "content": content} for i, content in enumerate(contents)],
    }


def box(answer: str, before: str = "") -> str:
    return f"{before} So it is \\boxed{{{answer}}}."


DIRTY = [
    row("1", "What is 1 + 1?", "2", box("2"), box("3"), "I can't say.", f" {box('2')}\n"),
    row("2", "What is 2 + 2?", "4", box("4", "long " * 200), "<think> and so on"),
    row("3", "What is  1 + 1?", "2.0", box("2", "Again."), box("2")),
    row("4", "What is 1 + 1?", "11", box("11")),
    row("1", "What is 3 + 3?", "6", box("6"), box("6", "so " * 30)),
    row("5", LEAKED, "12", box("12")),
]


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    file = tmp_path / "pool.jsonl"
    lines = [json.dumps(r) for r in DIRTY]
    file.write_text("\n".join([*lines[:2], "{broken", *lines[2:], '{"uid": "6", "question": "q"}']) + "\n")
    return file


def checked(file: Path, verifiers: VerifierPool, **options):
    rows, kept = open_rows(file), []
    report = check(rows, verifiers, survey(rows), keep=kept.append, **options)
    return report, kept


def test_each_fault_is_found_and_none_of_it_stays(dirty, verifiers):
    leaks = LeakFinder([Problem("bench/1", LEAKED.upper(), "12")])
    report, kept = checked(dirty, verifiers, max_tokens=100, leaks=leaks)
    assert report.counts == {
        "broken": 2,
        "repeated": 1,
        "conflict": 1,
        "same_uid": 1,
        "leak": 1,
        "unread": 0,
        "wrong": 1,
        "no_answer": 1,
        "truncated": 1,
        "timeout": 0,
        "too_long": 1,
        "repetitive": 1,
        "duplicate": 2,
    }
    assert [f.where for f in report.findings["broken"]] == [f"{dirty}:3", f"{dirty}:8"]
    assert report.findings["leak"][0].detail == "is bench/1"
    assert {e.question: [s.content.strip() for s in e.solutions] for e in kept} == {
        "What is 2 + 2?": [],
        "What is 3 + 3?": [box("6").strip()],
        "What is 1 + 1?": [box("2").strip(), box("2", "Again.")],
    }
    assert all(s.verified for e in kept for s in e.solutions)
    assert len({e.uid for e in kept}) == 3
    assert (report.clean_prompts, report.clean_solutions, report.empty_prompts) == (3, 3, 1)
    assert report.prompts == 6
    assert report.rows == 8


def test_leaks_can_be_kept(dirty, verifiers):
    leaks = LeakFinder([Problem("bench/1", LEAKED, "12")])
    report, kept = checked(dirty, verifiers, leaks=leaks, keep_leaks=True)
    assert report.counts["leak"] == 1
    assert LEAKED in {e.question for e in kept}


def test_a_clean_pool_is_clean(dirty, tmp_path, verifiers):
    from ampo.guidance.writer import writing

    _, kept = checked(dirty, verifiers)
    with writing(tmp_path / "clean.jsonl") as keep:
        for entry in kept:
            keep(entry)
    report, again = checked(tmp_path / "clean.jsonl", verifiers)
    assert not any(report.counts.values())
    assert again == kept
    assert report.agreement == {(True, True): report.solutions}


def test_the_verifier_agrees_with_people(data_dir, verifiers, monkeypatch, tmp_path):
    file = data_dir.parent / "guidance" / "gsm8k_four_models.jsonl"
    if not file.exists():
        pytest.skip(f"{file} is not there")
    report, _ = checked(file, verifiers)
    assert report.solutions == 5276
    assert sum(report.agreement.values()) == 5276
    assert [d for d in report.disagreements if d.kind == "correct"] == []  # nothing wrong is accepted
    assert report.agreement[True, True] + report.agreement[False, False] >= 5270
    assert report.empty_prompts == pytest.approx(432, abs=3)
    monkeypatch.setenv("AMPO_CACHE", str(tmp_path))
    pool = GuidancePool.open(file)
    found = pool_stats(judge(((e.uid, e) for e in pool), verifiers), measure_of(None)[0])
    assert found.coverage[0] == pytest.approx(432, abs=3)
    assert found.coverage[4] == pytest.approx(156, abs=3)


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        (LEAKED, "exact"),
        (LEAKED.lower().replace(",", " ,"), "exact"),
        (f"Solve this. {LEAKED} Think step by step.", "overlap"),
        (LEAKED.replace("neighbour", "brother"), None),  # no run of 13 is left whole but at the edges
        ("How many animals does a farmer have?", None),
        ("", None),
    ],
)
def test_leaks(question, kind):
    found = LeakFinder([Problem("other/1", "What is the colour of the sky?", "blue"), Problem("b/1", LEAKED, "12")])
    leak = found.find(question)
    if kind is None:
        assert leak is None or leak.share < 0.5
    else:
        assert leak is not None
        assert (leak.kind, leak.problem) == (kind, "b/1")


def test_whole_questions_that_are_short():
    short = "Compute the sum of $17 + 25 + 99$."
    finder = LeakFinder([Problem("b/1", short, "50")])
    assert finder.find("Compute the sum of $17 + 25 - 99$.") is None
    found = finder.find(f"Anna says: {short} What does she get, and why does she ask such a question at all?")
    assert found is not None
    assert found.problem == "b/1"
    long = LeakFinder([Problem("b/2", f"{LEAKED} {short} And then?", "50")])
    assert long.find(short) == ("b/2", "overlap", 1.0)


def test_a_phrase_of_many_problems_is_no_leak():
    phrase = "can be written as m over n where m and n are relatively prime positive integers find m + n"
    finder = LeakFinder([Problem(f"b/{i}", f"The area of shape {i} {phrase}", "1") for i in range(6)])
    assert finder.find(f"The chance to win {phrase}") is None
    assert LeakFinder([]).find(phrase) is None


def test_words_leave_out_dress_alone():
    assert words(r"Let $\left(x\right) = \dfrac{1}{2}$.") == words(r"let (x)=\frac12".replace("12", "{1}{2}"))
    assert words("3 + 4") != words("3 - 4")


def test_statistics_and_their_page(tmp_path, verifiers, dirty):
    file = tmp_path / "p.jsonl"
    file.write_text("".join(json.dumps(r) + "\n" for r in DIRTY[:2]))
    entries = [(e.uid, e) for e in GuidancePool.open(file)]
    found = pool_stats(judge(entries, verifiers), measure_of(None)[0])
    assert (found.prompts, found.solutions, found.right) == (2, 6, 3)
    assert found.coverage == {0: 0, 1: 1, 2: 1}
    a, b = found.teachers
    assert (a.solved, a.right, b.solved, b.right) == (2, 2, 1, 1)
    (pair,) = found.pairs
    assert (pair.both, pair.only_a, pair.only_b, pair.neither) == (1, 1, 0, 0)
    assert pair.agreement == 0.5
    assert sum(a.histogram) == a.right
    made = pool_page(found, "<pool>", "estimated")
    assert "Guidance pool &lt;pool&gt;" in made
    assert made.count("Plotly.newPlot(") >= 4
    assert 'src="http' not in made


def test_lengths():
    from ampo.types import Solution

    measure, said = measure_of(None)
    assert measure([Solution("a", "x" * 9), Solution("a", "x" * 9, tokens=7)]) == [3, 7]
    assert "characters / 4" in said


def ampo(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ampo", "pool", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


def test_the_commands(dirty, tmp_path):
    clean = tmp_path / "clean.jsonl"
    done = ampo("check", dirty, "--write", clean, "--against", "none", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["clean"]["solutions"] == len(
        [s for e in GuidancePool.open(clean) for s in e.solutions]
    )
    html = tmp_path / "p.html"
    done = ampo("stats", clean, "--html", html)
    assert done.returncode == 0, done.stderr
    assert "Right solutions a prompt" in done.stdout
    assert html.stat().st_size > 10**6


def test_what_the_commands_refuse(dirty, tmp_path):
    for arguments, said in (
        (("check", dirty, "--write", dirty), "is the pool itself"),
        (("check", dirty, "--write", tmp_path / "no" / "x.jsonl"), "is no folder"),
        (("stats", tmp_path / "x.csv"), "does not exist"),
        (("build", "-t", "a/b", "-t", "c/b", "-o", tmp_path / "o"), "two teachers are called 'b'"),
        (("build", "-t", "smollm2-135m", "-o", tmp_path / "o"), "--suite or --data"),
    ):
        done = ampo(*arguments)
        assert done.returncode == 2, done.stderr
        assert said in " ".join(done.stderr.split())
        assert len(done.stderr.strip().splitlines()) == 1


def test_reference_answers_that_cannot_be_read_are_counted_and_named(tmp_path, verifiers):
    file = tmp_path / "pool.jsonl"
    rows = [
        {"uid": "1", "question": "6 * 7?", "answer": "We multiply. The answer is $\\boxed{42}$.", "solutions": []},
        {"uid": "2", "question": "6 * 8?", "answer": '["48"]', "solutions": []},
        {"uid": "3", "question": "Which t?", "answer": "t(0,4]", "solutions": []},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report, kept = checked(file, verifiers)
    assert [entry.answer for entry in kept] == ["42", "48", "t(0,4]"]
    assert report.counts["unread"] == 1
    assert "t(0,4]" in report.findings["unread"][0].detail
