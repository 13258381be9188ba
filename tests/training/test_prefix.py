"""A shared prompt computed once, against whole rows: states, gradients, and how many tokens have passed."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.testing import assert_close

from ampo.training import prefix
from ampo.training.batches import collate, micro_batches
from ampo.training.rows import MixedRow
from ampo.training.update import token_stats

LONG, SHORT = tuple(range(1, 15)), tuple(range(20, 29))
ROWS = [
    MixedRow(LONG, (3, 4, 5), 1.0, 0.5),
    MixedRow(SHORT, (8,) * 6, 0.0, -0.5),
    MixedRow(LONG, (), 0.0, 0.2),
    MixedRow(LONG, (6, 7), 1.0, 0.7, "teacher"),
    MixedRow(SHORT, (11, 12, 13, 14), 0.1, -0.1),
]
SIZE: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 4,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def made(kind: str, **more: Any) -> Any:
    import transformers

    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(**SIZE | more)
    return transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).train()


def found(model: Any, rows: list[MixedRow]) -> tuple[list[torch.Tensor], int]:
    """Log-probabilities, entropies and all gradients of a sum of both; and the tokens that have passed."""
    passed: list[int] = []
    hook = model.get_input_embeddings().register_forward_hook(lambda _m, ids, _o: passed.append(ids[0].numel()))
    batch = collate(rows, "cpu")
    log_probs, entropy = token_stats(model, batch, 0.8, entropy_gradient=True)
    hook.remove()
    model.zero_grad()
    weights = torch.linspace(-1, 1, log_probs.numel()).view_as(log_probs)
    (weights * log_probs + 0.1 * entropy).sum().backward()
    return [log_probs.detach(), entropy.detach(), *(p.grad.clone() for p in model.parameters())], sum(passed)


@pytest.mark.parametrize("kind", ["Llama", "Qwen2", "Qwen3", "Granite", "Cohere", "Gemma"])
def test_states_and_gradients_are_those_of_whole_rows(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = made(kind)
    found(model, ROWS)  # tells whether it can
    shared, passed = found(model, ROWS)
    assert passed == 2 * 14 + 5 * 5  # two prompts, and of each response all but its last token
    monkeypatch.setattr(prefix, "_worth_it", lambda _: False)
    whole, all_of_them = found(model, ROWS)
    assert all_of_them == 5 * 20
    for ours, theirs in zip(shared, whole, strict=True):
        assert_close(ours, theirs, atol=2e-6, rtol=1e-4)


@pytest.mark.parametrize("more", [{"kind": "Gemma2", "sliding_window": 4}, {"kind": "Mistral", "sliding_window": 4}])
def test_a_model_that_looks_back_a_part_of_the_way_gets_whole_rows(more: dict[str, Any]) -> None:
    model = made(**more)
    found(model, ROWS)
    assert found(model, ROWS)[1] == 5 * 20


def test_checkpointing_gets_whole_rows() -> None:
    model = made("Llama")
    wanted, _ = found(model, ROWS)
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    again, passed = found(model, ROWS)
    assert passed == 5 * 20
    for ours, theirs in zip(again, wanted, strict=True):
        assert_close(ours, theirs, atol=2e-6, rtol=1e-4)


def test_a_model_that_cannot_is_said_and_no_memory_is_another_matter(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = prefix._shared

    def fails(error: Exception) -> None:
        def shared(*_: Any) -> None:
            raise error

        monkeypatch.setattr(prefix, "_shared", shared)

    model = made("Llama")
    fails(torch.OutOfMemoryError("full"))
    with pytest.raises(torch.OutOfMemoryError):
        found(model, ROWS)
    fails(TypeError("no such argument"))
    found(model, ROWS)
    assert found(model, ROWS)[1] == 5 * 20
    again = made("Llama")
    monkeypatch.setattr(prefix, "_shared", lambda body, batch: real(body, batch) * 2)
    found(again, ROWS)
    said = "LlamaForCausalLM: prompts are computed for each response, which takes more time"
    assert caplog.messages == [f"{said} (no such argument)", f"{said} (shared they differ by 1)"]


def test_rows_of_other_prompts_and_responses_of_one_token() -> None:
    model = made("Llama")
    found(model, ROWS)
    apart = [MixedRow((i, *LONG), (5, 6), 1.0, 0.5) for i in range(3)]
    assert found(model, apart)[1] == 3 * 17
    single = [MixedRow(LONG, (i,), 1.0, 0.5) for i in range(3, 6)]
    values, passed = found(model, single)
    assert passed == 14
    logits = model(torch.tensor([LONG])).logits[0, -1].detach() / 0.8
    assert_close(values[0][:, 0], logits.log_softmax(-1)[3:6], atol=2e-6, rtol=1e-4)


def test_short_responses_lie_prompt_by_prompt_and_long_ones_by_length() -> None:
    def cut(longest: int) -> list[list[int]]:
        rows = [
            MixedRow((p,) * 30, (1,) * (1 + (longest * (4 * i + p)) // 16), 0.0, 0.0) for i in range(4) for p in (1, 2)
        ]
        return [sorted({rows[i].prompt_ids[0] for i in taken}) for taken in micro_batches(rows, 4 * (31 + longest))]

    assert all(len(prompts) == 1 for prompts in cut(4))
    assert any(len(prompts) == 2 for prompts in cut(400))
