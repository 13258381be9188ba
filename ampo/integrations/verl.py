"""veRL: `compute_score` of one response, and that of a batch for its batch reward manager.

    reward.custom_reward_function.path=pkg://ampo.integrations.verl
    reward.custom_reward_function.name=compute_score             # or compute_score_batch, with the batch manager

veRL's own Math-Verify needs processes around it, since that uses signals; this needs none.
"""

# ruff: noqa: ARG001 (the signatures are veRL's)
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ampo.integrations import shared
from ampo.types import OUTCOMES, Verdict
from ampo.verify import Claim


def compute_score(
    data_source: str, solution_str: str, ground_truth: Any, extra_info: Mapping[str, Any] | None = None, **_: Any
) -> dict[str, float]:
    """A response's reward, as veRL calls for it.

    Args:
        data_source: Not used.
        solution_str: The response.
        ground_truth: The reference answer.
        extra_info: The row's other fields; its `question` is read.

    Returns:
        `score` and `acc`, 1.0 or 0.0; `ampo_outcome`, an index in `ampo.types.OUTCOMES`, for veRL's logs; and
        `ampo_no_reference`, 1.0 for a row without a reference, whose score is 0.0 and whose outcome is -1.0.
    """
    return compute_score_batch([data_source], [solution_str], [ground_truth], [extra_info])[0]


def compute_score_batch(
    data_sources: Sequence[str],
    solution_strs: Sequence[str],
    ground_truths: Sequence[Any],
    extra_infos: Sequence[Mapping[str, Any] | None] | None = None,
    **_: Any,
) -> list[dict[str, float]]:
    """The same of every response, judged at the same time: the arguments of `compute_score`, one for each response."""
    infos = [None] * len(solution_strs) if extra_infos is None else extra_infos
    return [score(v) for v in shared.judge_known(map(claim, solution_strs, ground_truths, infos))]


def claim(response: str, gold: Any, info: Mapping[str, Any] | None) -> Claim | None:
    """What veRL's arguments claim; None without a reference."""
    return shared.claim_or_none(gold, response, (info or {}).get("question"))


def score(verdict: Verdict | None) -> dict[str, float]:
    """A verdict in veRL's form, which wants the same keys of every row."""
    right = float(verdict is not None and verdict.correct)
    outcome = float(OUTCOMES.index(verdict.outcome)) if verdict else -1.0
    return {"score": right, "acc": right, "ampo_outcome": outcome, "ampo_no_reference": float(verdict is None)}
