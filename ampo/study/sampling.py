"""Responses of a student to problems, judged by the one verifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ampo.engines.transformers import Loaded
from ampo.prompts import ANSWER_OPEN
from ampo.study.student import prompt_ids
from ampo.training.rollout import Sampler, rollout_seed
from ampo.types import Problem, SamplingParams
from ampo.verify import Claim, VerifierPool


class Sampled(NamedTuple):
    """A judged response. worked: it did not answer at once."""

    problem: int
    right: bool
    worked: bool


def sample(
    loaded: Loaded, problems: Sequence[Problem], samples: int, max_tokens: int, verifier: VerifierPool, *, begun: bool
) -> list[Sampled]:
    """Responses to every problem at temperature 1, judged.

    Args:
        loaded: The model.
        problems: What is asked.
        samples: Of each problem.
        max_tokens: Of a response.
        verifier: Judges.
        begun: Whether responses go on after the first digit of work, so that all work.
    """
    tokenizer = loaded.tokenizer
    sampler = Sampler(loaded.model, tokenizer, loaded.stop_ids, batch_size=256)
    prefixes = [problem.question[0] if begun else "" for problem in problems]
    ids = [
        (*prompt_ids(tokenizer, problem), *(tokenizer(prefix)["input_ids"] if begun else ()))
        for problem, prefix in zip(problems, prefixes, strict=True)
    ]
    seeds = [rollout_seed(0, 0, problem.id, "begun" if begun else "test") for problem in problems]
    judged = []
    for done in sampler.sample(ids, seeds, SamplingParams(n=samples, temperature=1.0, max_tokens=max_tokens)):
        text = prefixes[done.prompt] + done.text
        claim = Claim.of(problems[done.prompt], text, done.finish_reason)
        judged.append((done.prompt, not text.startswith(ANSWER_OPEN), verifier.submit(claim)))
    return [Sampled(prompt, verdict.result().correct, worked) for prompt, worked, verdict in judged]


def right_by_level(found: Sequence[Sampled], problems: Sequence[Problem]) -> dict[str, list[int]]:
    """Right responses of each problem, by level, in the problems' order."""
    right = [0] * len(problems)
    for one in found:
        right[one.problem] += one.right
    levels: dict[str, list[int]] = {}
    for problem, count in zip(problems, right, strict=True):
        levels.setdefault(problem.benchmark, []).append(count)
    return levels
