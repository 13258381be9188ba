"""The learning rate by step: a warm-up whose first step has a rate of its own, not 0, then constant or down to 0."""

from __future__ import annotations

import math

from ampo.training.config import Optimizer


def factor(settings: Optimizer, steps: int, step: int) -> float:
    """Of the learning rate in a step, from 1 to `steps`."""
    warmup = settings.warmup_steps
    if step <= warmup:
        return step / warmup
    done = (step - warmup - 1) / max(steps - warmup, 1)
    if settings.schedule == "linear":
        return 1 - done
    return 0.5 * (1 + math.cos(math.pi * done)) if settings.schedule == "cosine" else 1.0
