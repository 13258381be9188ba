from __future__ import annotations

import pytest

from ampo.algorithm import reward
from ampo.algorithm.rewards import DeviationFilter, has_format, probability_accuracy, repeats_itself

TAGGED = "so <answer> 4 </answer>"


@pytest.mark.parametrize(
    ("accuracy", "text", "expected"), [(0, "4", 0.0), (0, TAGGED, 0.1), (1, "4", 0.9), (1, TAGGED, 1.0)]
)
def test_the_four_rewards(accuracy: int, text: str, expected: float) -> None:
    assert reward(accuracy, text) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    ["", "<answer>4", "</answer>4<answer>", "<answer>4</answer><answer>5</answer>", "<answer><answer>4</answer>"],
)
def test_what_has_no_format(text: str) -> None:
    assert not has_format(text)


def test_the_repetition_penalty_applies_to_every_response() -> None:
    loop = " ".join(["one two three four five six seven eight nine ten"] * 10)
    assert repeats_itself(loop)
    assert not repeats_itself(" ".join(["one two three four five six seven eight nine ten"] * 9))
    assert reward(0, loop) == pytest.approx(-1.0)
    assert reward(1, f"{loop} {TAGGED}") == pytest.approx(0.0)
    assert reward(0, loop, repetition_penalty=False) == 0.0
    assert repeats_itself(loop.replace(" ", "_"))


def test_rlpr_rewards_what_the_reasoning_adds() -> None:
    assert probability_accuracy(0.7, 0.2) == pytest.approx(0.5)
    assert probability_accuracy(0.2, 0.7) == 0.0


def test_rlpr_drops_prompts_of_little_deviation_from_step_11_by_an_average_from_step_6() -> None:
    f = DeviationFilter()
    for step in range(1, 11):
        f, keep = f.update([0.9, 0.9] if step < 6 else [0.1, 0.3], step)
        assert keep == [True, True]
    assert f.average == pytest.approx(0.2)
    f, keep = f.update([0.0, 1.0], 11)  # the average becomes 0.99 * 0.2 + 0.01 * 0.5 = 0.203
    assert f.average == pytest.approx(0.203)
    assert keep == [False, True]
    assert f.update([0.11, 0.05], 12)[1] == [True, False]  # half the average decides
    assert f.update([], 12) == (f, [])
