"""How long a run may take, reckoned before its first step: the products that a step has, by how fast the device is in a
short trial. From the first step on it is measured instead (`ampo.training.log`).

An estimate: layers reach a part of what a large product of matrices does, and responses may end before their limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from ampo.training.config import TrainConfig

_REACHED = 0.4
"""Of the trial's speed, in a model's layers: between a third and a half on the devices that were tried."""
_FORWARD, _BACKWARD = 2, 4
"""Operations a parameter and token."""


class Speed(NamedTuple):
    """products: floating-point operations a second in a large product of matrices. traffic: bytes a second."""

    products: float
    traffic: float


def trial(device: str, dtype: str) -> Speed:
    """A tenth of a second's work on the device. dtype: torch's name of it.

    Raises RuntimeError or AssertionError, as torch does, for a device that isn't there or has no room.
    """
    import torch

    size = 4096 if device.startswith("cuda") else 768
    square = torch.ones(size, size, device=device, dtype=getattr(torch, dtype))
    large = torch.ones(16 * size * size, device=device, dtype=torch.uint8)
    wait = (lambda: torch.cuda.synchronize(device)) if device.startswith("cuda") else lambda: None
    return Speed(2 * size**3 / _best(lambda: square @ square, wait), 2 * large.numel() / _best(large.clone, wait))


def seconds_a_step(config: TrainConfig, prompts: int, prompt_tokens: float, parameters: int, speed: Speed) -> float:
    """A step of RL, where every response takes all the tokens that it may.

    Args:
        config: How many samples, how long, and how they are learnt from.
        prompts: Of a step.
        prompt_tokens: Of a prompt, on average.
        parameters: Of the model.
        speed: The device's.
    """
    rollout, update = config.rollout, config.optimizer
    samples, at_once = prompts * rollout.n, min(prompts * rollout.n, rollout.batch_size)
    products = _REACHED * speed.products
    a_pass = parameters * max(_FORWARD * at_once / products, 4 / speed.traffic)  # a token each, of weights in float32
    sampling = rollout.max_tokens * -(-samples // at_once) * a_pass
    updates = -(-prompts // update.mini_batch_prompts)
    operations = _FORWARD + _BACKWARD + _FORWARD * (update.gradient_checkpointing + 1 - 1 / updates)
    return sampling + operations * parameters * samples * (prompt_tokens + rollout.max_tokens) / products


def duration(seconds: float) -> str:
    """For a person."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _best(work: Callable[[], object], wait: Callable[[], None]) -> float:
    """Seconds, of some tries the shortest."""
    found = []
    for _ in range(4):
        wait()
        started = time.perf_counter()
        work()
        wait()
        found.append(time.perf_counter() - started)
    return min(found)
