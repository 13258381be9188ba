"""The memory of an update, counted: what can't be counted is said, and a defect of ours is none of that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from transformers import LlamaConfig

from ampo.training import chunked, memory, plan
from ampo.training.config import validated
from ampo.training.memory import UncountableError, of_update

MODEL = LlamaConfig(
    vocab_size=64,
    hidden_size=16,
    intermediate_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
)


def update(model_config: Any = MODEL) -> memory.Update:
    return of_update(model_config, 2, 8, 8, dtype=torch.float32, checkpointing=False)


def told() -> Iterator[str]:
    config = validated({"model": "-", "preset": "grpo", "data": {"train": "-"}}, "test")
    return plan._memory(config, 8, MODEL)


def test_states_are_sixteen_bytes_a_parameter() -> None:
    found = update()
    assert found.states == 16 * found.parameters
    assert found.peak > found.states
    assert any("GiB for weights, gradients and AdamW" in line for line in told())


def test_a_model_whose_code_takes_no_tensors_without_content_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumbles(*_: Any) -> int:
        raise ValueError("a branch on data\nmore of it")

    monkeypatch.setattr(memory, "_kept", stumbles)
    with pytest.raises(UncountableError, match="a branch on data"):
        update()
    assert list(told()) == ["the memory of an update can't be counted for this model (a branch on data)"]


def test_a_defect_of_the_arithmetic_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunked, "PIECES", 0)
    with pytest.raises(ZeroDivisionError):
        list(told())
