"""What a student makes of each teacher: the quantities that AMPO's choice and loss use.

A teacher's token of probability p is learnt from with weight d f / d log p = gamma p / (p + gamma)^2 (paper, section
3.4, f(p) = p / (p + gamma)): small for tokens that the student holds impossible, however right they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from ampo.algorithm.presets import load_preset
from ampo.guidance.comprehension import Query, ScoringRow, comprehension_scores
from ampo.guidance.splice import SolutionTokenizer
from ampo.study.student import prompt_ids
from ampo.study.teachers import STYLES, solution
from ampo.training.logprobs import log_prob_fn
from ampo.types import Problem


def of_teachers(model: Any, tokenizer: Any, problems: Sequence[Problem]) -> dict[str, dict[str, float]]:
    """By teacher: score (mean comprehension score), log_prob (nats a token), weight (mean of the above), tokens."""
    return {style: _of_teacher(model, tokenizer, problems, style) for style in STYLES}


def _of_teacher(model: Any, tokenizer: Any, problems: Sequence[Problem], style: str) -> dict[str, float]:
    log_probs, splicer = log_prob_fn(model), SolutionTokenizer(tokenizer)
    prompts = [prompt_ids(tokenizer, problem) for problem in problems]
    made = [splicer.solution(solution(problem, style).content, problem.answer) for problem in problems]
    queries = [Query(p.id, ids, [s]) for p, ids, s in zip(problems, prompts, made, strict=True)]
    scores = [scored.score for of_query in comprehension_scores(log_probs, queries) for scored in of_query]
    rows = [ScoringRow((*ids, *s.ids), len(ids)) for ids, s in zip(prompts, made, strict=True)]
    tokens = [value for row in log_probs(rows) for value in row]
    return {
        "score": fmean(scores),
        "log_prob": fmean(tokens),
        "weight": fmean(_weight(value, load_preset("ampo").gamma) for value in tokens),
        "tokens": len(tokens) / len(problems),
    }


def _weight(log_prob: float, gamma: float) -> float:
    p = math.exp(log_prob)
    return gamma * p / (p + gamma) ** 2
