"""OpenRLHF: this file as `--reward.remote_url` or as `--train.agent_func_path`, with plain answers as labels.

    python -m openrlhf.cli.train_ppo_ray ... --data.label_key answer \\
        --reward.remote_url $(python -c "import ampo.integrations as i; print(i.__path__[0] + '/openrlhf.py')")

(`ampo train` on the openrlhf backend brings a reward of its own.) OpenRLHF hides an exception of a reward and fails
later: here it is said on stderr, counted in the logs as `reward_failed`, and its reward is 0.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from openrlhf.utils.agent import AgentInstanceBase, MultiTurnAgentExecutor

from ampo.integrations import shared
from ampo.types import OUTCOMES
from ampo.verify import shared_pool


def reward_func(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any]) -> dict[str, Any]:
    """The reward of one response: sequences of length 1, query = prompt + response. rewards, scores: 0 or 1."""
    try:
        response = shared.response_of(queries[0], prompts[0])
        verdict = shared_pool().submit(shared.claim(labels[0], response, prompts[0])).result()
        right, outcome, failed = float(verdict.correct), OUTCOMES.index(verdict.outcome), 0.0
    except Exception as error:  # whatever it is, it must be seen: OpenRLHF would hide it
        print(f"ampo: a reward failed and counts 0: {type(error).__name__}: {error}", file=sys.stderr)
        right, outcome, failed = 0.0, -1, 1.0
    return {"rewards": right, "scores": right, "extra_logs": {"outcome": float(outcome), "reward_failed": failed}}


class AmpoAgent(AgentInstanceBase):
    """One turn: a response is judged, and that is all."""

    def __init__(self) -> None:
        """Nothing to set up."""

    async def step(self, state_dict: dict[str, Any], **_: Any) -> dict[str, Any]:
        prompt, action = state_dict["observation_text"], state_dict["action_text"]
        found = await asyncio.to_thread(reward_func, [prompt + action], [prompt], [state_dict["label"]])
        return found | {"environment_feedback": "", "done": True}


class AgentExecutor(MultiTurnAgentExecutor):
    """By this name OpenRLHF looks it up."""

    def __init__(self) -> None:
        super().__init__(AmpoAgent)
