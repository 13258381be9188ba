"""What a training says of its checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest

from ampo.api.resuming import resuming, say_trained

RUN = Path("runs/one")


def test_a_new_run_says_nothing(capsys: pytest.CaptureFixture[str]):
    with resuming(RUN, 10, lambda: 0):
        pass
    assert capsys.readouterr().err == ""


def test_a_run_with_a_checkpoint_says_where_it_goes_on(capsys: pytest.CaptureFixture[str]):
    with resuming(RUN, 10, lambda: 4):
        pass
    assert capsys.readouterr().err == "going on from step 4 of 10 in runs/one\n"


def test_an_interrupted_run_says_where_the_next_goes_on(capsys: pytest.CaptureFixture[str]):
    steps = iter([0, 6])
    with pytest.raises(KeyboardInterrupt), resuming(RUN, 10, lambda: next(steps)):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "stopped; the same command goes on from step 6 in runs/one\n"


def test_a_failure_says_nothing_of_steps(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(ValueError, match="no"), resuming(RUN, 10, lambda: 0):
        raise ValueError("no")
    assert capsys.readouterr().err == ""


def test_the_last_line_names_the_model_and_what_to_do(capsys: pytest.CaptureFixture[str]):
    say_trained(RUN / "final", RUN)
    told = "trained: runs/one/final (ampo eval --model runs/one/final, ampo report runs/one --html)\n"
    assert capsys.readouterr().err == told
