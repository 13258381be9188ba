from __future__ import annotations

from typing import Any

import pytest

from ampo.training.alarms import alarms, stopped, stopping
from ampo.training.holes import one_answer
from ampo.training.rows import Group, OwnResponse
from ampo.types import Outcome

FINE = {
    "own/reward": 0.4,
    "own/entropy": 0.6,
    "own/length": 300.0,
    "own/truncated_rate": 0.05,
    "own/not_shown_rate": 0.01,
    "own/one_answer": 1.0,
}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"own/reward": 0.0}, "no_reward"),
        ({"own/entropy": 0.05}, "entropy"),
        ({"own/entropy": 2.4}, "entropy"),
        ({"own/length": 1200.0}, "length"),
        ({"own/truncated_rate": 0.5}, "cut_off"),
        ({"own/not_shown_rate": 0.2}, "not_shown"),
        ({"own/one_answer": 3.0}, "one_answer"),
    ],
)
def test_each_alarm_is_silent_until_it_is_due(change: dict[str, float], name: str) -> None:
    before: list[dict[str, Any]] = [FINE] * 10
    assert alarms(before) == []
    assert [alarm.name for alarm in alarms([*before, *[FINE | change] * 5])] == [name]
    assert alarms([]) == alarms([{}]) == []


def group(name: str, gold: str, *responses: tuple[str, Outcome]) -> Group:
    return Group(name, (1,), gold, tuple(OwnResponse((1,), text, outcome) for text, outcome in responses))


def test_an_answer_that_is_right_for_references_that_differ_is_found() -> None:
    trick: tuple[str, Outcome] = ("so <answer> any </answer>", "correct")
    honest = [group(f"p{i}", str(i), (f"<answer> {i} </answer>", "correct"), trick) for i in range(3)]
    asked: list[tuple[str, str]] = []

    def same(a: str, b: str) -> bool:
        asked.append((a, b))
        return float(a) == float(b)

    assert one_answer(honest, same) == 3
    spelled = [group("p", "2", trick), group("q", "2.0", trick), group("r", "2.00", ("<answer> 2 </answer>", "wrong"))]
    assert one_answer(spelled, same) == 1
    asked.clear()
    assert one_answer([group("p", "2", trick), group("q", "2", trick)], same) == 1
    assert asked == []
    assert one_answer([], same) == 0


def test_a_run_stops_at_the_alarms_that_it_is_told_of() -> None:
    silent = [FINE | {"own/reward": 0.0}] * 5
    alarm = stopping(silent, ("entropy", "no_reward"))
    assert alarm is not None
    assert str(stopped(5, alarm)).startswith("stopped at step 5: no response")
    assert stopping(silent, ("one_answer",)) is None
    assert stopping(silent[:4], ("no_reward",)) is None
