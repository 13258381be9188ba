"""The local backend's learning rates on OpenRLHF, whose own warm-up begins with an update of rate 0."""

from __future__ import annotations

from typing import Any

from ampo.training.config import Optimizer
from ampo.training.openrlhf.substitute import substitute
from ampo.training.schedule import factor


def install(settings: Optimizer, steps: int | None) -> None:
    """In a process that trains, once OpenRLHF is imported. steps: of the run; None where a step is an update."""
    from openrlhf.utils.deepspeed import deepspeed as strategies

    def get_scheduler(_name: str, optimizer: Any, *, num_training_steps: int, **_: Any) -> Any:
        return made(optimizer, settings, steps or num_training_steps, num_training_steps)

    substitute(strategies, get_scheduler=get_scheduler)


def made(optimizer: Any, settings: Optimizer, steps: int, updates: int) -> Any:
    """A scheduler of torch's that is stepped after each update.

    Args:
        optimizer: Whose rates it sets.
        settings: The schedule's.
        steps: Of the run.
        updates: Of all steps together.
    """
    from torch.optim.lr_scheduler import LambdaLR

    a_step = max(updates // steps, 1)
    return LambdaLR(optimizer, lambda done: factor(settings, steps, min(done // a_step + 1, steps)))
