"""What must be settled before any arm counts: whether the task can tell, and the learning rate."""

from __future__ import annotations

from statistics import fmean

from ampo.errors import UserError
from ampo.study import jobs, task
from ampo.study.design import Size
from ampo.study.jobs import Job
from ampo.study.store import Result, Store


def accuracy(result: Result, level: str = task.TRAINED) -> float:
    """pass@1 on the test problems of a level."""
    return fmean(result["test"][level]) / result["samples"]


def lifted(size: Size, store: Store) -> float:
    """What SFT on a teacher's traces has added to the trained level, at the start that arms are compared at."""
    start = Job("start", start=size.compared)
    return accuracy(store[jobs.gate(size)]) - accuracy(store[start])


def check_gate(size: Size, store: Store) -> None:
    """Raises UserError where SFT adds too little: then no way of learning from teachers could show."""
    if (found := lifted(size, store)) < size.gate.points:
        raise UserError(
            f"SFT on {size.gate.traces} of a teacher's traces lifts the {task.TRAINED} level by "
            f"{100 * found:.1f} points, "
            f"less than {100 * size.gate.points:.0f}: this task can't tell arms apart, so nothing more is run"
        )


def validated(size: Size, store: Store) -> dict[float, float]:
    """By learning rate: GRPO's accuracy on validation, over its validations (what learns sooner counts more) and
    seeds."""
    found: dict[float, list[float]] = {}
    for job in jobs.rates(size):
        if job in store:
            found.setdefault(job.lr, []).append(fmean(value for _, value in store[job]["curves"]["validation"]))
    return {lr: fmean(values) for lr, values in found.items()}


def learning_rate(size: Size, store: Store) -> float:
    """The best of the grid; of equals, the smaller."""
    found = validated(size, store)
    return max(sorted(found), key=found.__getitem__)
