"""The estimate of a run's time: what it grows with, and how it is told."""

from __future__ import annotations

from typing import Any

import pytest

from ampo.training.config import validated
from ampo.training.hours import Speed, duration, seconds_a_step, trial

SPEED = Speed(1e12, 1e11)
ROLLOUT = {"prompts_per_step": 8, "n": 8, "max_tokens": 512, "batch_size": 64}


def took(parameters: int = 10**8, speed: Speed = SPEED, **changed: Any) -> float:
    sections: dict[str, Any] = {"rollout": ROLLOUT | changed.pop("rollout", {}), "optimizer": changed}
    config = validated({"model": "m", "data": {"train": "-"}, "preset": "grpo", **sections}, "test")
    return seconds_a_step(config, config.rollout.prompts_per_step, 100.0, parameters, speed)


def test_it_grows_with_what_costs() -> None:
    assert took(2 * 10**8) == pytest.approx(2 * took())
    assert took(speed=Speed(2e12, 2e11)) == pytest.approx(took() / 2)
    assert took(rollout={"n": 16}) == pytest.approx(2 * took())
    assert took(gradient_checkpointing=True) > took()
    assert took(mini_batch_prompts=4) > took(mini_batch_prompts=8)  # log-probabilities before the second update
    # A step of 64 x 612 tokens with 6 operations a parameter, and 512 passes of 64 rows with 2, at 0.4 of the speed.
    assert took() == pytest.approx((64 * 612 * 6 + 512 * 64 * 2) * 1e8 / 4e11)


def test_few_rows_at_a_time_wait_for_the_weights() -> None:
    slow = Speed(1e12, 1e9)
    assert took(speed=slow, rollout={"batch_size": 4}) > 10 * took(rollout={"batch_size": 4})


def test_the_trial_finds_something() -> None:
    found = trial("cpu", "float32")
    assert found.products > 1e8
    assert found.traffic > 1e7


@pytest.mark.parametrize(("seconds", "told"), [(59.6, "60 s"), (600, "10 min"), (9000, "2.5 h")])
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told
