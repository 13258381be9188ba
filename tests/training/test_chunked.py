"""Log-probabilities, entropies and gradients chunk by chunk, against whole logits by autograd."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from ampo.training import chunked
from ampo.training.chunked import Head, head_of, token_stats

N, H, V = 37, 12, 50


def whole(hidden: Tensor, layer: Any, targets: Tensor, temperature: float, scale: float, cap: float) -> Any:
    z = layer(hidden).float() * scale
    z = (cap * torch.tanh(z / cap) if cap else z) / temperature
    log_p = z.log_softmax(-1)
    return log_p.gather(-1, targets[:, None])[:, 0], -(log_p.exp() * log_p).sum(-1)


@pytest.mark.parametrize("chunk", [1, 7, 1000])
@pytest.mark.parametrize(("scale", "cap", "bias"), [(1.0, 0.0, False), (0.5, 3.0, True)])
def test_values_and_gradients_are_those_of_whole_logits(
    chunk: int, scale: float, cap: float, bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunked, "CHUNK", chunk * V * 4)
    torch.manual_seed(0)
    layer = torch.nn.Linear(H, V, bias=bias)
    weights = torch.randn(2, N)
    hidden, targets = torch.randn(N, H) * 3, torch.randint(V, (N,))
    found = []
    for way in ("chunked", "whole"):
        layer.zero_grad()
        states = hidden.clone().requires_grad_()
        if way == "chunked":
            head = Head(lambda: None, layer, scale, cap)
            log_probs, entropy = token_stats(states, head, targets, 0.7, entropy_gradient=True)
        else:
            log_probs, entropy = whole(states, layer, targets, 0.7, scale, cap)
        (weights[0] * log_probs + weights[1] * entropy).sum().backward()
        gradients = [p.grad for p in layer.parameters()]
        found.append([log_probs.detach(), entropy.detach(), states.grad, *gradients])
    for ours, theirs in zip(*found, strict=True):
        assert_close(ours, theirs, atol=2e-5, rtol=2e-4)


def test_no_rows_and_no_gradient_of_what_has_none() -> None:
    layer = torch.nn.Linear(H, V, bias=False).requires_grad_(False)
    states = torch.randn(0, H, requires_grad=True)
    head, targets = Head(lambda: None, layer), torch.empty(0, dtype=torch.long)
    log_probs, entropy = token_stats(states, head, targets, 1.0, entropy_gradient=False)
    assert log_probs.shape == (0,)
    assert not entropy.requires_grad
    log_probs.sum().backward()
    assert layer.weight.grad is None


def configs() -> list[Any]:
    from transformers import CohereConfig, Gemma2Config, GraniteConfig, Qwen2Config

    size: dict[str, Any] = {
        "vocab_size": 64,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    return [
        Qwen2Config(**size),
        Gemma2Config(**size, final_logit_softcapping=5.0),
        GraniteConfig(**size, logits_scaling=4.0),
        CohereConfig(**size, logit_scale=0.3),
    ]


@pytest.mark.parametrize("which", range(4))
def test_real_models_are_taken_apart_where_their_logits_come_out_the_same(
    which: int, caplog: pytest.LogCaptureFixture
) -> None:
    from transformers import AutoModelForCausalLM, GPT2Config

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(configs()[which])
    assert head_of(model) is not None
    assert head_of(AutoModelForCausalLM.from_config(GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=64)))
    caplog.clear()  # of transformers'
    model.lm_head.register_forward_hook(lambda _m, _i, out: out * 2)
    chunked._heads.pop(model)
    assert head_of(model) is head_of(model) is None
    (said,) = caplog.messages  # once a model
    assert f"{type(model).__name__}: logits are computed whole, which takes more memory (in parts they differ" in said


def test_another_kind_of_model_is_said_and_no_memory_is_another_matter(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from transformers import AutoModelForCausalLM

    def fails(error: Exception) -> None:
        def token_stats(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr(chunked, "token_stats", token_stats)

    model = AutoModelForCausalLM.from_config(configs()[0])
    fails(torch.OutOfMemoryError("full"))
    with pytest.raises(torch.OutOfMemoryError):
        head_of(model)
    fails(TypeError("no such argument"))
    assert head_of(model) is None
    assert caplog.messages == [
        "Qwen2ForCausalLM: logits are computed whole, which takes more memory (no such argument)"
    ]
