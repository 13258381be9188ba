"""The same 200 responses, whole and cut off, judged and rewarded as each backend does it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("openrlhf", reason="OpenRLHF is not installed (extra openrlhf)")

from ampo.algorithm.presets import load_preset
from ampo.guidance.splice import SolutionTokenizer
from ampo.training.guide import Guide
from ampo.training.openrlhf import reward, special
from ampo.training.openrlhf.data import label_of
from ampo.training.rollout import Finished
from ampo.training.rows import Group
from ampo.types import OUTCOMES, Problem, SamplingParams
from ampo.verify import VerifierPool

PROMPT = "<|im_start|>user\nWhat is 5 + 7 ?<|im_end|>\n<|im_start|>assistant\n"
PROBLEM = Problem("p/1", "What is 5 + 7 ?", "12", kind="math")
TEXTS = [
    f"{before}{answer}{after}"
    for before in ("", "5 + 7 . So ", "<think> seven and five </think>", "It may be 11 , or 13 .\n\n")
    for answer in (
        r"\boxed{12}",
        "<answer> 12 </answer>",
        "<answer> 13 </answer>",
        "The answer is 12.",
        "12 is what I get; the answer: 12",
    )
    for after in ("", " and then", " .", "\n\nWait, let me check: 12 - 7 = 5 . It's right .", " so " * 30)
]


@pytest.fixture(scope="module")
def sampled(model_path: str) -> tuple[Any, list[tuple[tuple[int, ...], str]]]:
    """(tokenizer, responses as (tokens, finish reason)): each text whole, and its like that was cut off."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model_path)
    ids = [tuple(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in TEXTS]
    whole = [((*row, tokenizer.eos_token_id), "stop") for row in ids]
    return tokenizer, whole + [(row, "length") for row in ids]


def local(tokenizer: Any, responses: Sequence[tuple[tuple[int, ...], str]]) -> list[tuple[str, float]]:
    """(outcome, reward) as the local backend has them."""
    from ampo.training.loop import LocalTrainer

    class Sampled:
        def sample(self, *_: Any) -> Iterator[Finished]:
            for i, (ids, reason) in enumerate(responses):
                text = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
                yield Finished(0, i, ids, text, reason)  # type: ignore[arg-type]

    guide = Guide(load_preset("ampo"), SolutionTokenizer(tokenizer), lambda _: [], (), 512)
    with VerifierPool(2) as verifier:
        trainer: Any = LocalTrainer.__new__(LocalTrainer)
        trainer._sampler, trainer._verifier = Sampled(), verifier
        trainer.seconds, trainer.policy = dict.fromkeys(("rollout", "verify"), 0.0), SimpleNamespace(computing=_nothing)
        prompt = SimpleNamespace(problem=PROBLEM, ids=(1,))
        (found,) = trainer._judged([prompt], [0], SamplingParams(n=len(responses)))
    (rewards,) = guide._rewards([Group("p/1", (1,), PROBLEM.answer, tuple(found))])
    return [(r.outcome, earned) for r, earned in zip(found, rewards, strict=True)]


def _nothing() -> Any:
    from contextlib import nullcontext

    return nullcontext()


def on_openrlhf(tokenizer: Any, responses: Sequence[tuple[tuple[int, ...], str]]) -> list[tuple[str, float]]:
    """As OpenRLHF's own executor calls the reward, with the engine alone in vLLM's place."""
    from openrlhf.utils.agent import SingleTurnAgentExecutor
    from vllm import SamplingParams as Params

    executor = SingleTurnAgentExecutor([str(Path(reward.__file__))])

    async def one(ids: tuple[int, ...], reason: str) -> dict[str, Any]:
        async def generate(*_: Any, **__: Any) -> Any:
            return SimpleNamespace(
                outputs=[SimpleNamespace(token_ids=list(ids), text="", finish_reason=reason, logprobs=None)]
            )

        engine = SimpleNamespace(generate=generate)
        return await executor.execute(PROMPT, label_of(PROBLEM), Params(max_tokens=256), 1024, tokenizer, engine)

    async def every() -> list[dict[str, Any]]:
        return await asyncio.gather(*(one(ids, reason) for ids, reason in responses))

    found = asyncio.run(every())
    assert not any(f["extra_logs"]["reward_failed"] for f in found)
    return [(OUTCOMES[int(f["extra_logs"]["outcome"])], f["reward"]) for f in found]


def test_one_reward(sampled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer, responses = sampled
    assert len(responses) == 200
    monkeypatch.setattr(special, "_told", None)
    special.tell(tokenizer, {tokenizer.eos_token_id})
    ours, theirs = local(tokenizer, responses), on_openrlhf(tokenizer, responses)
    assert ours == theirs
    guessed = next(i for i, text in enumerate(TEXTS) if text == r"\boxed{12} and then")
    assert ours[guessed][0] == "correct"
    assert ours[guessed + len(TEXTS)] == ("truncated", 0.0)
