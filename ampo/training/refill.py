"""Other prompts in place of those that RLPR's filter has dropped from a step: its batches are filled up again.

Deviation from RLPR, whose loader goes on to the next prompts: which ones depends on the seed and the step alone, so
that a resumed run asks the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ampo.algorithm.replacement import generator
from ampo.training.metrics import mixed_metrics
from ampo.training.prompts import TrainPrompt
from ampo.training.rows import GuidedStep


def others(
    prompts: Sequence[TrainPrompt], had: Collection[str], size: int, *, seed: int, step: int
) -> list[TrainPrompt]:
    """Prompts that the step has not had; fewer than asked for where there are no more.

    Args:
        prompts: All there are.
        had: The ids of those that it had.
        size: How many more.
        seed: Of the run.
        step: Of the run, from 1.
    """
    left = [prompt for prompt in prompts if prompt.problem.id not in had]
    return generator(seed, step, str(len(had)), "refill").sample(left, min(size, len(left)))


def joined(before: GuidedStep, asked: int, more: GuidedStep, asked_more: int) -> GuidedStep:
    """A step with what was asked besides.

    Args:
        before: The step so far.
        asked: Prompts that were sampled for it.
        more: What came besides.
        asked_more: Prompts that were sampled for that.
    """
    total = asked + asked_more
    metrics = before.metrics | {
        name: (value * asked + more.metrics[name] * asked_more) / total
        for name, value in before.metrics.items()
        if name.startswith("own/")
    }
    groups = before.groups + more.groups
    metrics |= mixed_metrics(groups)
    return GuidedStep(groups, metrics, before.decisions + more.decisions, more.deviations)
