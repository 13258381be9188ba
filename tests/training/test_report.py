from __future__ import annotations

import json
from pathlib import Path

from ampo.training import report


def made(folder: Path) -> Path:
    folder.mkdir()
    rows = [{"step": step, "own/reward": 0.0, "own/accuracy": 0.0, "time/step": 1.0} for step in range(1, 6)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "config.toml").write_text("steps = 5\n")
    response = {"text": "<b>12</b>", "outcome": "wrong", "shown": False, "tokens": 3, "finish_reason": "length"}
    sample = {"step": 5, "prompt_id": "p1", "answer": "13", "responses": [response, response]}
    (folder / "samples.jsonl").write_text(json.dumps(sample) + "\n")
    decision = {
        "step": 5,
        "prompt_id": "p1",
        "positions": [1],
        "candidates": ["a", "b"],
        "scores": [0.25, 0.5],
        "chosen": [1],
        "sources": ["b"],
    }
    (folder / "guidance.jsonl").write_text(json.dumps(decision) + "\n")
    return folder


def test_a_page_has_what_is_wrong_and_the_responses_with_who_was_chosen_and_why(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    text = report.write_page(run, refresh=10).read_text()
    for part in (
        "has earned anything",
        "step 5: p1, 0 of 2 right, guided by b",
        "b, score 0.500, chosen",
        "2: wrong, not shown, 3 tokens, length, gave way to a teacher",
        "&lt;b&gt;12",
        'http-equiv="refresh"',
    ):
        assert part in text, part


def test_a_page_is_replaced_as_a_whole_while_a_browser_reads_it(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    file = report.write_page(run, refresh=10)
    with file.open() as open_page:
        report.write_page(run, refresh=None)
        assert 'http-equiv="refresh"' in open_page.read()
    assert 'http-equiv="refresh"' not in file.read_text()
    assert not list(run.glob(".report*"))


def test_following_ends_with_the_run(tmp_path: Path) -> None:
    run, said = made(tmp_path / "run"), []
    report.follow(run, say=said.append)
    assert len(said) == 1
    assert 'http-equiv="refresh"' not in (run / "report.html").read_text()
