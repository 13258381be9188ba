"""Batched log-probabilities against one forward pass a row, with the embedded model."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from ampo.guidance.comprehension import ScoringRow
from ampo.training import logprobs
from ampo.training.logprobs import answer_log_probs, answer_log_probs_in_turn


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
    in_turn = answer_log_probs_in_turn(model, asked)
    assert [*map(len, in_turn)] == [*map(len, found)]
    for row, values in zip(asked, found, strict=True):
        assert values == pytest.approx(alone(model, row), abs=1e-4)


def test_what_rows_have_in_common_changes_nothing(model, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system prompt and a question in common, a row that is the beginning of another, one that is there twice, an
    answer that begins within what is in common, and one that is longer than a piece."""
    monkeypatch.setattr(logprobs, "_PIECE", 256)
    rng = random.Random(1)
    system, question = ([rng.randrange(1000) for _ in range(k)] for k in (300, 20))
    endings = [[rng.randrange(1000) for _ in range(k)] for k in (40, 3, 400)]
    asked = [
        *(ScoringRow((*system, *question, *ending), len(system) + len(question)) for ending in endings),
        ScoringRow((*system, *question[:5]), len(system)),
        ScoringRow((*system, *question, *endings[0]), 310),
        ScoringRow((*system, *question, *endings[0]), 320 + 38),
        ScoringRow((7, *question), 1),
    ]
    for row, values in zip(asked, answer_log_probs_in_turn(model, asked), strict=True):
        assert values == pytest.approx(alone(model, row), abs=1e-4)
    assert model.config._attn_implementation == "sdpa"


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("layers", [["full_attention"] * 2, ["full_attention", "sliding_attention"]])
def test_layers_that_see_a_window_only_keep_to_it(layers: list[str], attention: str) -> None:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(0)
    window = {"use_sliding_window": True, "sliding_window": 4, "layer_types": layers}
    shape = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "head_dim": 8}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 64}
    random_model: Any = Qwen3ForCausalLM(Qwen3Config(**shape, **heads, **window)).eval()
    random_model.set_attn_implementation(attention)
    asked = [ScoringRow((*range(20), *ending), 20) for ending in ([3, 1, 4], [2, 7, 1, 8, 2, 8])]
    for row, values in zip(asked, answer_log_probs_in_turn(random_model, asked), strict=True):
        assert values == pytest.approx(alone(random_model, row), abs=1e-4)
    assert random_model.config._attn_implementation == attention


def test_rows_without_an_answer_and_without_a_beginning(model) -> None:
    for log_probs in (answer_log_probs, answer_log_probs_in_turn):
        assert log_probs(model, [ScoringRow((1, 2), 2)]) == [[]]
        assert log_probs(model, []) == []
        with pytest.raises(ValueError, match="start must be at least 1"):
            log_probs(model, [ScoringRow((1, 2), 0)])


def test_the_model_is_left_in_the_mode_it_was_in(model) -> None:
    model.train()
    answer_log_probs(model, rows(1))
    assert model.training
    model.eval()
