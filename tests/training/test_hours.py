"""The estimate of a run's time: what it grows with, and how it is told."""

from __future__ import annotations

import time
from itertools import accumulate, chain
from typing import Any

import pytest

from ampo.engines.settings import EngineSettings
from ampo.engines.transformers import load
from ampo.errors import UserError
from ampo.training import plan
from ampo.training.config import validated
from ampo.training.hours import Speed, duration, seconds_a_step, trial
from ampo.training.prompts import TrainPrompt
from ampo.types import Problem

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
    slow = Speed(1e12, 1e9)  # 0.4 s to read the weights, for each of 512 tokens of 16 batches
    update = 64 * 612 * 6 * 1e8 / 4e11
    assert took(speed=slow, rollout={"batch_size": 4}) == pytest.approx(16 * 512 * 0.4 + update)
    assert took(rollout={"batch_size": 4}) == pytest.approx(16 * 512 * 0.004 + update)


def test_the_trial_takes_the_best_of_some_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock under which each try takes 2 s, and one of them 0.5 s."""
    tries = [2.0, 0.5, 2.0, 2.0] * 2
    ticks = accumulate(chain.from_iterable((1.0, seconds) for seconds in tries))
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    assert trial("cpu", "float32") == Speed(2 * 768**3 / 0.5, 2 * 16 * 768**2 / 0.5)


@pytest.mark.parametrize("device", ["cuda:99", "nonsense"])
def test_a_device_that_is_not_there_is_said_in_a_line(device: str) -> None:
    from transformers import LlamaConfig

    config = validated({"model": "m", "data": {"train": "-"}, "preset": "grpo", "device": device}, "test")
    model = LlamaConfig(vocab_size=64, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    *_, last = plan.describe(config, [TrainPrompt(Problem("p", "1 + 1?", "2"), (1, 2), ())], model)
    assert last.startswith(f"how long a step takes can't be told here: no trial on {device} (")
    assert "\n" not in last
    with pytest.raises(UserError, match=f"device is '{device}'"):
        load("nowhere", None, EngineSettings(), device, None)


@pytest.mark.parametrize(("seconds", "told"), [(59.6, "60 s"), (600, "10 min"), (9000, "2.5 h")])
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told
