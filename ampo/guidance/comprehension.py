"""Comprehension scores (paper, section 3.3, Eq. 5): how likely the student finds the reference answer after a solution.

For each teacher solution of a triggered prompt: prompt + solution up to its answer + y*, and the probabilities that
the policy gives to the tokens of y*, at temperature 1, over those tokens only. The authors' code takes their arithmetic
mean (rounded to bf16), the paper exp of the mean log-probability, clipped to [0, 1]. Here: either, in float32.

The policy is a function from token ids to log-probabilities, so that any backend can give it. It is called once for all
triggered prompts of a step, with the rows sorted by length, so that batches of neighbours carry little padding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ampo.algorithm.presets import ScoreMean
from ampo.guidance.splice import TokenizedSolution


class ScoringRow(NamedTuple):
    """A sequence, of which the log-probabilities of ids[start:] are wanted, each given all that precedes it."""

    ids: tuple[int, ...]
    start: int


LogProbFn = Callable[[Sequence[ScoringRow]], Sequence[Sequence[float]]]
"""From rows to the log-probabilities (nats, float32, temperature 1) of each row's ids[start:]."""


@dataclass(frozen=True, slots=True)
class Query:
    """A triggered prompt: its token ids (through the chat template, the assistant's turn opened) and its solutions."""

    prompt_id: str
    prompt_ids: Sequence[int]
    solutions: Sequence[TokenizedSolution]


@dataclass(frozen=True, slots=True)
class Comprehension:
    """How a solution scored.

    score: in [0, 1], float32; 0 where y* has no tokens. mean_log_prob: of y*'s tokens, in nats. n_tokens: of y*.
    """

    score: float
    mean_log_prob: float
    n_tokens: int


def comprehension_scores(
    log_probs: LogProbFn, queries: Sequence[Query], *, mean: ScoreMean = "arithmetic"
) -> list[list[Comprehension]]:
    """The score of every solution of every query (Eq. 5); one call of `log_probs` in all.

    Args:
        log_probs: The policy's log-probabilities of given tokens, in nats.
        queries: A prompt with its solutions each.
        mean: Over the answer's tokens: "arithmetic" of the probabilities, or "geometric", as Eq. 5 has it.

    Returns:
        A list a query, with a `Comprehension` a solution, in their order.
    """
    rows = [_answer_row(query.prompt_ids, solution) for query in queries for solution in query.solutions]
    scored = iter(_summarise(values, mean) for values in _sorted_call(log_probs, rows))
    return [[next(scored) for _ in query.solutions] for query in queries]


def likelihood_scores(log_probs: LogProbFn, queries: Sequence[Query]) -> list[list[float]]:
    """Mean log-probability (nats a token, float32) of every whole solution; for the ranking `likelihood`."""
    rows = [
        ScoringRow((*query.prompt_ids, *solution.ids), len(query.prompt_ids))
        for query in queries
        for solution in query.solutions
    ]
    means = (_mean(values) for values in _sorted_call(log_probs, rows))
    return [[next(means) for _ in query.solutions] for query in queries]


def answer_probabilities(log_probs: LogProbFn, rows: Sequence[ScoringRow]) -> list[float]:
    """Arithmetic mean probability of each row's ids[start:]; what RLPR's reward is made of."""
    return [_summarise(values, "arithmetic").score for values in _sorted_call(log_probs, rows)]


def _answer_row(prompt_ids: Sequence[int], solution: TokenizedSolution) -> ScoringRow:
    start = len(prompt_ids) + len(solution.prefix_ids) + solution.scored
    return ScoringRow((*prompt_ids, *solution.prefix_ids, *solution.answer_ids), start)


def _sorted_call(log_probs: LogProbFn, rows: Sequence[ScoringRow]) -> list[Sequence[float]]:
    """Longest first: what doesn't fit fails at once, and neighbours are of a length."""
    if not rows:
        return []
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids), reverse=True)
    values: list[Sequence[float]] = [()] * len(rows)
    for i, found in zip(order, log_probs([rows[i] for i in order]), strict=True):
        values[i] = found
    return values


def _mean(log_probs: Sequence[float]) -> float:
    return float(np.mean(log_probs, dtype=np.float32)) if len(log_probs) else -math.inf


def _summarise(log_probs: Sequence[float], mean: ScoreMean) -> Comprehension:
    if not len(log_probs):
        return Comprehension(0.0, -math.inf, 0)
    values = np.asarray(log_probs, dtype=np.float32)
    average = _mean(log_probs)
    score = np.exp(values).mean() if mean == "arithmetic" else np.exp(np.float32(average))
    return Comprehension(float(np.clip(score, 0, 1)), average, len(values))
