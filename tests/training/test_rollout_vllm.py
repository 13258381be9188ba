"""Steps of the local backend whose responses vLLM samples, in the same process. One engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ampo.engines.settings import EngineSettings
from ampo.engines.transformers import load
from ampo.engines.vllm import InProcessCore
from ampo.errors import EngineError, MissingExtraError
from ampo.training import rollout_vllm
from ampo.training.config import validated
from ampo.training.prompts import TrainPrompt
from ampo.training.rollout_vllm import VLLMSampler
from ampo.training.rundir import TrainDir
from ampo.types import Problem, SamplingParams
from ampo.verify import VerifierPool

STEPS = 3


def values(model: Path, **more: Any) -> dict[str, Any]:
    return {
        "model": str(model),
        "data": {"train": "-"},
        "preset": "grpo",
        "steps": STEPS,
        "device": "cpu",
        "rollout": {"engine": "vllm", "prompts_per_step": 2, "n": 4, "max_tokens": 12, "temperature": 0.8},
        "optimizer": {"lr": 0.02, "mini_batch_prompts": 1},
        "algorithm": {"entropy_coefficient": 1.0},  # a model that knows nothing earns nothing: something must move it
        "checkpoints": {"every": 100},
        "log": {"tensorboard": False, "stop_at": []},
    } | more


def prompts_of(tokenizer: Any) -> list[TrainPrompt]:
    return [
        TrainPrompt(Problem(f"p{i}", "1 + 1?", "2"), tuple(tokenizer.encode(f"What is {i} + {i}?"))) for i in range(2)
    ]


@pytest.mark.slow
def test_vllm_samples_from_the_weights_that_are_trained(small_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    from ampo.training.loop import LocalTrainer

    loaded = load(str(small_model), None, EngineSettings(dtype="float32"), "cpu", None)
    prompts = prompts_of(loaded.tokenizer)
    first = [weight.detach().clone() for weight in loaded.model.parameters()]
    with VerifierPool(workers=1) as verifier:
        config = validated(values(small_model), "test")
        trainer = LocalTrainer(config, loaded, TrainDir(tmp_path), verifier, prompts)
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


@pytest.mark.slow
def test_vllm_samples_from_merged_adapters_before_and_after_a_resumption(small_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    pytest.importorskip("peft")
    from safetensors.torch import load_file

    from ampo.training.loop import LocalTrainer

    config = validated(values(small_model, lora={"rank": 4}, checkpoints={"every": 2}), "test")
    folder = TrainDir(tmp_path)

    def run(verifier: VerifierPool) -> tuple[list[dict[str, Any]], Any]:
        """To the end, from the last checkpoint where there is one: metrics, times aside, and the model."""
        loaded = load(str(small_model), None, EngineSettings(dtype="float32"), "cpu", None)
        trainer = LocalTrainer(config, loaded, folder, verifier, prompts_of(loaded.tokenizer))
        trainer.run()
        rows = [{k: v for k, v in row.items() if not k.startswith("time/")} for row in folder.read_metrics()]
        return rows, trainer.policy.model

    with VerifierPool(workers=1) as verifier:
        undisturbed, model = run(verifier)
        shutil.rmtree(folder.checkpoints / f"step-{STEPS:06}")  # as if it had been killed in the last step
        resumed, _ = run(verifier)
    assert len(undisturbed) == STEPS
    for ours, theirs in zip(resumed, undisturbed, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5, rel=1e-4)

    # The engine has had what the adapters have learnt: without them the probabilities are others.
    assert all(0 <= row["own/sampling_logp_difference"] < 1e-3 for row in undisturbed), undisturbed
    ids = torch.arange(1, 20)[None]
    with torch.no_grad():
        learnt = model(ids).logits.log_softmax(-1)
        with model.disable_adapter():
            assert (learnt - model(ids).logits.log_softmax(-1)).abs().mean() > 1e-2

    kept = folder.checkpoints / "step-000002"
    assert all(".lora_" in name for name in load_file(kept / "adapter_model.safetensors"))
    assert not (kept / "model.safetensors").exists()
    whole = load(str(folder.final), None, EngineSettings(dtype="float32"), "cpu", None)
    with torch.no_grad():
        torch.testing.assert_close(whole.model(ids).logits.log_softmax(-1), learnt, atol=0.02, rtol=0)  # in bfloat16


def test_without_vllm_a_line_says_what_to_install(tiny_model: Path, tmp_path: Path, monkeypatch: Any) -> None:
    from ampo.engines.vllm import start

    monkeypatch.setattr(start, "available", lambda: False)
    loaded = load(str(tiny_model), None, EngineSettings(dtype="float32"), "cpu", None)
    config = validated({"model": str(tiny_model), "data": {"train": "-"}, "preset": "grpo"}, "test")
    with pytest.raises(MissingExtraError, match="vllm"):
        VLLMSampler(config, loaded, 8, loaded.model.dtype)


class FakeCore(InProcessCore):
    """What it is told, in order."""

    def __init__(self, fails: bool = False) -> None:
        self.told: list[str] = []
        self._fails = fails

    @contextmanager
    def together(self) -> Iterator[None]:
        yield

    def submit(self, request_id: str, token_ids: list[int], params: Any, sink: Any) -> None:
        self.told.append(f"submit {request_id}")
        if request_id == "1":
            sink(EngineError("refused"))

    def abort(self, request_id: str) -> None:
        self.told.append(f"abort {request_id}")

    def call(self, function: Any) -> Any:
        self.told.append("call")
        if self._fails:
            raise EngineError("no sleep")

    def close(self) -> None:
        self.told.append("close")


def test_it_sleeps_when_nothing_is_at_work_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = VLLMSampler.__new__(VLLMSampler)
    core = FakeCore()
    monkeypatch.setattr(sampler, "_params", lambda *_: None, raising=False)
    sampler.__dict__ |= {"_core": core, "_sleeps": True, "_has_weights": True, "_asked": 0}
    with pytest.raises(EngineError, match="refused"):
        list(sampler.sample([[1], [2]], [0, 0], SamplingParams(n=1)))
    assert core.told == ["submit 1", "submit 2", "abort 1", "abort 2", "call"]


def test_an_engine_that_cannot_sleep_is_closed(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = FakeCore(fails=True)
    monkeypatch.setattr(rollout_vllm, "import_vllm", lambda: None)
    monkeypatch.setattr(rollout_vllm, "_on_gpu", lambda _: True)
    monkeypatch.setattr(rollout_vllm, "start_core", lambda *_: core)
    loaded = load(str(tiny_model), None, EngineSettings(dtype="float32"), "cpu", None)
    config = validated({"model": str(tiny_model), "data": {"train": "-"}, "preset": "grpo"}, "test")
    with pytest.raises(EngineError, match="no sleep"):
        VLLMSampler(config, loaded, 8, loaded.model.dtype)
    assert core.told == ["call", "close"]


def test_weights_are_handed_on_without_a_graph_and_leave_the_callers_mode_alone() -> None:
    seen: list[bool] = []

    def parameters() -> Iterator[tuple[str, torch.Tensor]]:
        for name in "ab":
            seen.append(torch.is_grad_enabled())
            yield name, torch.nn.Parameter(torch.ones(2))

    sampler = VLLMSampler.__new__(VLLMSampler)
    config = SimpleNamespace(lora=SimpleNamespace(rank=0))
    model = SimpleNamespace(named_parameters=parameters)
    sampler.__dict__ |= {"_config": config, "_model": model, "_dtype": torch.float32}
    for _, weight in sampler._weights():
        assert not weight.requires_grad
        assert torch.is_grad_enabled()
    assert seen == [False, False]
