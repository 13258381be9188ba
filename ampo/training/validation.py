"""Validation on the way: how problems are sampled, and what a metric is computed from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ampo.training.config import TrainConfig
from ampo.training.prompts import TrainPrompt
from ampo.training.rollout import rollout_seed
from ampo.training.rows import OwnResponse
from ampo.types import SamplingParams, Verdict


@dataclass(frozen=True, slots=True)
class ValidationSample:
    """A judged sample of a validation problem."""

    problem: str
    sample: int
    verdict: Verdict
    tokens: int
    finish_reason: str


Score = Callable[[Sequence[ValidationSample]], dict[str, float]]
"""From judged samples to metrics; `accuracy` among them, by which the best checkpoint is picked."""


def sampling(config: TrainConfig) -> SamplingParams:
    """How validation problems are sampled; one sample where it is greedy."""
    settings = config.validation
    return SamplingParams(
        n=1 if settings.temperature == 0 else settings.samples,
        temperature=settings.temperature,
        max_tokens=config.rollout.max_tokens,
    )


def seeds(prompts: Sequence[TrainPrompt], seed: int) -> list[int]:
    """Of each prompt's sample 0: the same at every validation. seed: the run's."""
    return [rollout_seed(seed, 0, prompt.problem.id, "validation") for prompt in prompts]


def judged_samples(
    prompts: Sequence[TrainPrompt], responses: Sequence[Sequence[OwnResponse]]
) -> list[ValidationSample]:
    """What `Score` takes. responses: of each prompt."""
    return [
        ValidationSample(prompt.problem.id, i, Verdict(r.outcome, shown=r.shown), len(r.ids), r.finish_reason)
        for prompt, found in zip(prompts, responses, strict=True)
        for i, r in enumerate(found)
    ]
