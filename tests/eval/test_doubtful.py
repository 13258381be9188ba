"""Problems that are known to be wrong or doubtful: found in the copies that they are about, and left out on demand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ampo import api
from ampo.errors import UserError
from ampo.eval.doubtful import doubtful, doubtful_note, doubts, findings
from ampo.eval.report.page import page
from ampo.eval.report.plots import figures
from ampo.eval.report.responses import rows_of
from ampo.eval.report.source import load
from ampo.eval.rundir import RunDir
from ampo.types import Problem

ERIN = "Erin now has three times more points than Sara."
GOOD = Problem("gsm8k/0", "What is 1 + 1?", "2", "gsm8k")
WRONG = Problem("gsm8k/1", ERIN, "18", "gsm8k")
MENDED = Problem("gsm8k/2", ERIN, "10", "gsm8k")


@pytest.mark.parametrize(
    ("question", "answer", "found"),
    [
        (r"Let $ABCDE$ be a convex pentagon with ... and $\angle ZBA = 60$", "60", 1),
        (r"Let $ABCDE$ be a convex pentagon with ... and $\angle B = \angle E = 60$", "60", 0),
        (r"the number of intersections of the graphs of f(\sin (2 \pi x)) and f(\cos (3 \pi y))", "384", 1),
        (r"the number of intersections of the graphs of f(\sin (2 \pi x)) and f(\cos (3 \pi y))", "385", 0),
        ("Rectangles $ABCD$ and $EFGH$ are drawn such that the points are collinear.", "104", 1),
        ("Rectangles $ABCD$ and $EFGH$ are drawn such that the points are collinear. [asy] [/asy]", "104", 0),
        ("Rectangles $ABCD$ and $EFGH$ are drawn, collinear. [asy] [/asy]\nSolution: 104", "104", 1),
    ],
)
def test_a_doubt_is_about_the_copies_that_have_the_fault(question: str, answer: str, found: int) -> None:
    assert len(list(findings([Problem("x/0", question, answer, "x")]))) == found


def test_each_doubt_says_what_and_where_that_is_said() -> None:
    assert len(doubts()) >= 10
    for doubt in doubts():
        assert doubt.what
        assert doubt.source == "own" or doubt.source.startswith("https://")


def test_scores_are_shown_without_them(save_run: Callable[..., RunDir]) -> None:
    assert list(doubtful([GOOD, WRONG, MENDED])) == ["gsm8k/1"]
    said = [{"problem": p.id, "outcomes": {"ampo": o}} for p, o in ((GOOD, "correct"), (WRONG, "wrong"))]
    run, other = save_run("run", [GOOD, WRONG], said), save_run("other", [GOOD, WRONG], said)
    with_, without = load([run.path])[0], load([run.path], without_doubtful=True)[0]
    assert [shown.metrics["benchmarks"]["gsm8k"]["avg_at_k"] for shown in (with_, without)] == [0.5, 1.0]
    assert with_.notes == ()
    assert without.notes == (f"{run.path}: {doubtful_note(doubtful([WRONG]))}",)
    compared = api.compare(run.path, other.path, without_doubtful=True)
    assert compared.overall.n_problems == 1
    assert compared.runs.notes == [doubtful_note(doubtful([WRONG]))]


def test_what_else_is_to_be_said_of_a_run_is_said_without_them_too(save_run: Callable[..., RunDir]) -> None:
    said = [
        {"problem": GOOD.id, "outcomes": {"ampo": "correct"}},
        {"problem": WRONG.id, "outcomes": {"ampo": "wrong"}},
        {"problem": GOOD.id, "outcomes": {}},
    ]
    run = save_run("run", [GOOD, WRONG], said, wanted=3, metrics=False)
    [shown] = load([run.path], without_doubtful=True)
    assert [note.removeprefix(str(run.path)) for note in shown.notes] == [
        " is incomplete: 3 of 6 samples; `ampo eval` goes on",
        f": 1 of 3 responses have no verdict; `ampo score {run.path}` judges",
        f": {doubtful_note(doubtful([WRONG]))}",
    ]
    assert doubtful_note({}) in load([save_run("good", [GOOD], said[:1]).path], without_doubtful=True)[0].notes[-1]


def test_the_page_and_its_plots_are_without_them(save_run: Callable[..., RunDir]) -> None:
    said = [{"problem": p.id, "outcomes": {"ampo": "correct"}} for p in (GOOD, WRONG)]
    run = save_run("run", [GOOD, WRONG], said)
    for without, shown, told in (
        (False, [GOOD.id, WRONG.id], "2 problems · 2 responses"),
        (True, [GOOD.id], "1 problem · 1 response"),
    ):
        runs = load([run.path], without_doubtful=without)
        rows = rows_of(runs)
        assert [row.problem.id for row in rows] == shown
        [bars] = figures(runs, rows, {}, "ampo")["lengths"]["gsm8k"]["data"]
        assert sum(bars["y"]) == len(shown)
        assert told in page(runs, {})


def test_an_adaptive_run_needs_all_its_problems(save_run: Callable[..., RunDir]) -> None:
    run = save_run("run", [GOOD], [{"problem": GOOD.id, "outcomes": {"ampo": "correct"}}])
    run.write_config(run.read_config() | {"adaptive": {"half_width": 0.1}})
    with pytest.raises(UserError, match="sampled adaptively"):
        load([run.path], without_doubtful=True)
