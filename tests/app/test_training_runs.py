"""Training runs on the page: their steps, the guided prompts of each, and the teachers."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("gradio")
import gradio as gr

from ampo.app.desk import Services
from ampo.app.training import Trainings
from ampo.cli.lent_training import read_training, training_names
from ampo.errors import UserError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one training run, and a link to one outside."""
    decision = {
        "step": 2,
        "prompt_id": "p/1",
        "positions": [1],
        "candidates": ["ada", "<b>bob"],
        "scores": [0.25, 0.5],
        "chosen": [1],
        "tied": False,
        "sources": ["<b>bob"],
    }
    response = {"text": "<script>", "outcome": "wrong", "shown": False, "tokens": 7, "finish_reason": "length"}
    sample = {"step": 2, "prompt_id": "p/1", "answer": "12", "responses": [response, response]}
    other = {"step": 2, "prompt_id": "p/0", "answer": "1", "responses": [response | {"outcome": "correct"}]}
    files = {
        "metrics": [{"step": 1, "own/accuracy": 0.5}, {"step": 2}],
        "guidance": [decision],
        "samples": [other, sample],
    }
    for folder in ("runs/one", "outside"):
        (tmp_path / folder).mkdir(parents=True)
        for name, rows in files.items():
            (tmp_path / folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "runs" / "linked").symlink_to(tmp_path / "outside")
    return tmp_path / "runs"


def clicked(row: int) -> Any:
    return SimpleNamespace(index=[row, 0])


def test_steps_prompts_and_teachers_are_shown(root: Path, make_desk, thinker) -> None:
    services = Services(
        training_names=lambda: training_names(root), read_training=lambda name: read_training(root, name)
    )
    trainings = Trainings(make_desk(thinker, services=services))
    steps, *_ = trainings.steps("one")
    assert steps["data"][0][:2] == [1, "0.5"]
    assert trainings.prompts("one", clicked(0))[0] == []
    prompts, step, _ = trainings.prompts("one", clicked(1))
    assert (prompts, step) == ([["p/1", "<b>bob", "0 of 2"], ["p/0", "not needed", "1 of 1"]], 2)
    html = trainings.prompt("one", 2, clicked(0))
    assert "<script>" not in html
    assert "<b>bob" not in html
    assert "<td>&lt;b&gt;bob</td><td>0.500</td><td>chosen</td>" in html
    assert "2 · wrong, not shown, cut off · 7 tokens · gave way to a teacher" in html
    assert "No guidance was needed" in trainings.prompt("one", 2, clicked(1))
    assert trainings.prompt("one", 2, clicked(9)) == ""


def test_nothing_outside_and_nothing_broken_is_opened(root: Path, make_desk, thinker) -> None:
    assert training_names(root) == ["one"]
    for name in ("linked", "../outside", ""):
        with pytest.raises(UserError, match="no training run"):
            read_training(root, name)
    (root / "one" / "guidance.jsonl").write_text('{"step": 1}\n')
    services = Services(read_training=lambda name: read_training(root, name))
    with pytest.raises(gr.Error, match="can't be read as a training run"):
        Trainings(make_desk(thinker, services=services)).steps("one")
