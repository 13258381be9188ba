"""Batched log-probabilities against one forward pass a row, with the embedded model."""

from __future__ import annotations

import random

import pytest
import torch

from ampo.guidance.comprehension import ScoringRow
from ampo.training.logprobs import answer_log_probs


@pytest.fixture(scope="module")
def model(model_path: str):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(model_path, dtype=torch.float32)


def alone(model, row: ScoringRow) -> list[float]:
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([row.ids])).logits[0].float().log_softmax(-1)
    return [logits[i - 1, row.ids[i]].item() for i in range(row.start, len(row.ids))]


def rows(n: int) -> list[ScoringRow]:
    rng = random.Random(0)
    lengths = [rng.randrange(4, 60) for _ in range(n)]
    return [
        ScoringRow(tuple(rng.randrange(1000) for _ in range(k)), rng.randrange(max(1, k - 5), k + 1)) for k in lengths
    ]


@pytest.mark.parametrize("token_budget", [1, 64, 100_000])
def test_the_batches_change_nothing(model, token_budget: int) -> None:
    asked = rows(8)
    found = answer_log_probs(model, asked, token_budget=token_budget)
    for row, values in zip(asked, found, strict=True):
        assert values == pytest.approx(alone(model, row), abs=1e-4)


def test_rows_without_an_answer_and_without_a_beginning(model) -> None:
    assert answer_log_probs(model, [ScoringRow((1, 2), 2)]) == [[]]
    assert answer_log_probs(model, []) == []
    with pytest.raises(ValueError, match="start must be at least 1"):
        answer_log_probs(model, [ScoringRow((1, 2), 0)])


def test_the_model_is_left_in_the_mode_it_was_in(model) -> None:
    model.train()
    answer_log_probs(model, rows(1))
    assert model.training
    model.eval()
