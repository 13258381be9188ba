"""The reward as OpenRLHF's agent: `--train.agent_func_path` in place of `--reward.remote_url`, with one turn.

`[openrlhf] "train.agent_func_path" = "ampo"` asks for it. OpenRLHF loads this file in every engine's process and makes
an agent for each response: it answers the response with `reward_func`'s reward, scores and logs, and is done. The
verifier's pool is that of the process, and a failure is counted as there.

Deviations from OpenRLHF's multi-turn executor, which lets a turn use all that the prompt has left of max_len and shows
an agent a text without its end token: here a response ends at rollout.max_tokens, to which the teachers' solutions are
held as well, and the text is that of all its tokens, so that a response that was cut off is known for one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import torch
from openrlhf.utils.agent import AgentInstanceBase, MultiTurnAgentExecutor

from ampo.training.openrlhf.reward import reward_func


class AmpoAgent(AgentInstanceBase):
    """See the module's docstring. states: OpenRLHF's, `observation_text` (the prompt), `action_text` and `label`."""

    def __init__(self) -> None:
        """Nothing to set up: a response is judged by itself."""

    async def step(self, state_dict: dict[str, Any], **_: Any) -> dict[str, Any]:
        prompt = state_dict["observation_text"]
        found = await asyncio.to_thread(
            reward_func, [prompt + state_dict["action_text"]], [prompt], [state_dict["label"]]
        )
        return {
            "rewards": torch.tensor(found["rewards"], dtype=torch.float64),
            "scores": found["scores"],
            "extra_logs": found["extra_logs"],
            "environment_feedback": "",
            "done": True,
        }


class _WholeTexts:
    """An engine whose texts are those of all tokens that were generated."""

    def __init__(self, engine: Any, tokenizer: Any) -> None:
        self._engine, self._tokenizer = engine, tokenizer

    async def generate(self, *args: Any, **kwargs: Any) -> Any:
        found = await self._engine.generate(*args, **kwargs)
        for output in found.outputs:
            output.text = self._tokenizer.decode(output.token_ids, skip_special_tokens=False)
        return found


class AgentExecutor(MultiTurnAgentExecutor):
    """By this name OpenRLHF looks it up."""

    def __init__(self) -> None:
        super().__init__(AmpoAgent)

    async def execute(
        self,
        prompt: str,
        label: str,
        sampling_params: Any,
        max_length: int,
        hf_tokenizer: Any,
        llm_engine: Any,
        images: Any = None,
    ) -> dict[str, Any]:
        width = len(hf_tokenizer(prompt, add_special_tokens=False)["input_ids"])
        room = min(max_length, width + sampling_params.max_tokens)
        engine = _WholeTexts(llm_engine, hf_tokenizer)
        return await super().execute(prompt, label, sampling_params, room, hf_tokenizer, engine, images)
