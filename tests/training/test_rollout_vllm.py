"""Steps of the local backend whose responses vLLM samples, in the same process. One engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ampo.engines.loading import load
from ampo.engines.settings import EngineSettings
from ampo.errors import MissingExtraError
from ampo.training.config import validated
from ampo.training.prompts import TrainPrompt
from ampo.training.rundir import TrainDir
from ampo.types import Problem
from ampo.verify import VerifierPool

STEPS = 3


@pytest.mark.slow
def test_vllm_samples_from_the_weights_that_are_trained(small_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    from ampo.training.loop import LocalTrainer

    values: dict[str, Any] = {
        "model": str(small_model),
        "data": {"train": "-"},
        "preset": "grpo",
        "steps": STEPS,
        "device": "cpu",
        "rollout": {"engine": "vllm", "prompts_per_step": 2, "n": 4, "max_tokens": 12, "temperature": 0.8},
        "optimizer": {"lr": 0.02, "mini_batch_prompts": 1},
        "algorithm": {"entropy_coefficient": 1.0},  # a model that knows nothing earns nothing: something must move it
        "checkpoints": {"every": 100},
        "log": {"tensorboard": False, "stop_at": []},
    }
    loaded = load(str(small_model), None, EngineSettings(dtype="float32"), "cpu", None)
    prompts = [
        TrainPrompt(Problem(f"p{i}", "1 + 1?", "2"), tuple(loaded.tokenizer.encode(f"What is {i} + {i}?")))
        for i in range(2)
    ]
    first = [weight.detach().clone() for weight in loaded.model.parameters()]
    with VerifierPool(workers=1) as verifier:
        trainer = LocalTrainer(validated(values, "test"), loaded, TrainDir(tmp_path), verifier, prompts)
        rows = [trainer.step(step) for step in range(1, STEPS + 1)]
        again = [trainer.rollouts(prompts, STEPS) for _ in range(2)]
        learnt = [weight.detach().clone() for weight in loaded.model.parameters()]
        for weight, before in zip(loaded.model.parameters(), first, strict=True):
            weight.data.copy_(before)
        trainer.learn(again[0], STEPS)  # as if the engine had other weights than the policy
        apart = trainer.learn(again[0], STEPS)["own/sampling_logp_difference"]
        trainer._sampler.close()
    assert any((a != b).any() for a, b in zip(first, learnt, strict=True))
    assert all(0 <= row["own/sampling_logp_difference"] < 1e-3 for row in rows), rows
    assert apart > 1e-2
    assert again[0] == again[1]  # a step done again samples the same
    assert all(len(r.log_probs) == len(r.ids) for group in again[0] for r in group.responses)


def test_without_vllm_a_line_says_what_to_install(tiny_model: Path, tmp_path: Path, monkeypatch: Any) -> None:
    from ampo.engines import vllm
    from ampo.training.rollout_vllm import VLLMSampler

    monkeypatch.setattr(vllm, "available", lambda: False)
    loaded = load(str(tiny_model), None, EngineSettings(dtype="float32"), "cpu", None)
    config = validated({"model": str(tiny_model), "data": {"train": "-"}, "preset": "grpo"}, "test")
    with pytest.raises(MissingExtraError, match="vllm"):
        VLLMSampler(config, loaded, 8, loaded.model.dtype)
