"""`reward_func` for OpenRLHF's `--reward.remote_url`: the verifier, on the pool of the process.

OpenRLHF swallows an exception of a reward function and leaves the reward None, with which the step then fails far from
the cause. Here a failure is a counted outcome: reward 0, `reward_failed` 1 in the logs, the reason on stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from ampo.algorithm.rewards import reward
from ampo.training.openrlhf.special import dropped, finish_reason
from ampo.types import OUTCOMES, Problem, Verdict
from ampo.verify import Claim, shared_pool


def reward_func(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    """The reward of one response, as OpenRLHF asks: sequences of length 1, query = prompt + response.

    A response without an end token was cut off, and is judged as such.

    rewards: 0.9 accuracy + 0.1 format, less the repetition penalty. scores: accuracy, 0 or 1. extra_logs: `outcome`
    (index in OUTCOMES; -1 where judging failed), `reward_failed` and `not_shown`, in every sample.
    """
    try:
        told = _response(queries[0], prompts[0])
        text = dropped(told)
        verdict = _judge(text, json.loads(labels[0]), finish_reason(told))
    except Exception as error:  # whatever it is, it must be counted: OpenRLHF would swallow it
        print(f"ampo: a reward failed and counts 0: {type(error).__name__}: {error}", file=sys.stderr)
        return _answer(0.0, 0.0, -1, failed=True)
    accuracy = float(verdict.outcome == "correct")
    return _answer(reward(accuracy, text), accuracy, OUTCOMES.index(verdict.outcome), shown=verdict.shown)


def _judge(text: str, label: dict[str, Any], finished: str | None) -> Verdict:
    problem = Problem(
        label["uid"],
        label.get("question", ""),
        label["answer"],
        options=tuple(label.get("options", ())),
        kind=label.get("kind", "auto"),
        extract=label.get("extract", ""),
    )
    return shared_pool().submit(Claim.of(problem, text, finished)).result()


def _response(query: str, prompt: str) -> str:
    if not query.startswith(prompt):
        raise ValueError("the decoded sequence does not begin with its prompt")
    return query[len(prompt) :]


def _answer(
    earned: float, accuracy: float, outcome: int, *, failed: bool = False, shown: bool = True
) -> dict[str, Any]:
    logs = {"outcome": float(outcome), "reward_failed": float(failed), "not_shown": float(not shown)}
    return {"rewards": earned, "scores": accuracy, "extra_logs": logs}
