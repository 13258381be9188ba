"""The reward as an agent, loaded as OpenRLHF loads it, against the reward function in OpenRLHF's single turn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("openrlhf", reason="OpenRLHF is not installed (extra openrlhf)")

from ampo.training.openrlhf import reward, special
from ampo.training.openrlhf.data import label_of
from ampo.types import Problem

PROMPT = "<|im_start|>user\nWhat is one half?<|im_end|>\n<|im_start|>assistant\n"
LABEL = label_of(Problem("p/1", "What is one half?", "1/2", kind="math"))
MAX_TOKENS, MAX_LENGTH = 24, 512


class OneAnswer:
    """In vLLM's place: always the same response, cut off where the request says."""

    def __init__(self, ids: Sequence[int], decode: Any) -> None:
        self._ids, self._decode = list(ids), decode

    async def generate(self, prompt: list[int], params: Any, **_: Any) -> Any:
        ids = self._ids[: params.max_tokens]
        logprobs = [{token: SimpleNamespace(logprob=-0.25 * i)} for i, token in enumerate(ids)]
        reason = "stop" if len(ids) == len(self._ids) else "length"
        output = SimpleNamespace(token_ids=ids, text=self._decode(ids), finish_reason=reason, logprobs=logprobs)
        return SimpleNamespace(outputs=[output])


@pytest.fixture(scope="module")
def executors() -> tuple[Any, Any]:
    """(the agent's, the single turn's), each with its own file, from the path that the flags name."""
    from openrlhf.trainer.ray.vllm_engine import _load_agent_executor
    from openrlhf.utils.agent import SingleTurnAgentExecutor

    file = Path(reward.__file__)
    return _load_agent_executor(str(file.with_name("agent.py"))), SingleTurnAgentExecutor([str(file)])


def executed(executor: Any, model_path: str, text: str, label: str) -> dict[str, Any]:
    from transformers import AutoTokenizer
    from vllm import SamplingParams

    tokenizer = AutoTokenizer.from_pretrained(model_path)
    special.tell(tokenizer, (tokenizer.eos_token_id,))
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    engine = OneAnswer(ids, lambda some: tokenizer.decode(some, skip_special_tokens=True))
    params = SamplingParams(max_tokens=MAX_TOKENS, logprobs=1)
    return asyncio.run(executor.execute(PROMPT, label, params, MAX_LENGTH, tokenizer, engine))


@pytest.mark.parametrize(
    ("text", "label", "earned", "failed"),
    [
        ("It is <answer> 0.5 </answer><|im_end|>", LABEL, 1.0, 0),
        ("It is <answer> 3 </answer><|im_end|>", LABEL, 0.1, 0),
        ("It is one, or two, or " * 20, LABEL, 0.0, 0),  # longer than rollout.max_tokens, and it repeats itself
        ("It is <answer> 0.5 </answer><|im_end|>", json.dumps({"uid": "p"}), 0.0, 1),
    ],
)
def test_the_agent_gives_what_the_reward_function_gives(
    executors: tuple[Any, Any], model_path: str, text: str, label: str, earned: float, failed: int
) -> None:
    agent, single = (executed(executor, model_path, text, label) for executor in executors)
    assert agent == single
    assert agent["reward"] == pytest.approx(earned)
    assert agent["extra_logs"]["reward_failed"] == failed
    assert agent["action_ranges"][0][1] - agent["action_ranges"][0][0] <= MAX_TOKENS
