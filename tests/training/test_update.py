"""Updates of a real, tiny model: the cut into micro-batches changes nothing; what is logged is what happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from ampo.algorithm import load_preset
from ampo.training.batches import collate, micro_batches
from ampo.training.config import Optimizer
from ampo.training.rows import MixedRow
from ampo.training.schedule import factor
from ampo.training.update import Policy, token_stats

ROWS = [
    MixedRow((1, 2, 3), (4, 5, 6, 7), 1.0, 0.5),
    MixedRow((9,), (8,) * 12, 0.0, -0.5),
    MixedRow((1, 2, 3, 4, 5), (6, 7), 1.0, 0.7, "teacher"),
    MixedRow((1, 2), (), 0.0, -0.2),
    MixedRow((3, 3, 3), (11, 12, 13), 0.1, -0.1),
]


@pytest.fixture
def model(tiny_model: Path):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)


def policy(model, **settings: Any) -> Policy:
    return Policy(model, Optimizer(lr=1e-3, **settings), 10, 1.0)


def test_padding_changes_no_probability(model) -> None:
    together, _ = token_stats(model, collate(ROWS, "cpu"), 1.0, entropy_gradient=False)
    for i, row in enumerate(ROWS):
        if row.response_ids:
            alone, entropy = token_stats(model, collate([row], "cpu"), 1.0, entropy_gradient=False)
            assert_close(together[i, : len(row.response_ids)], alone[0], atol=1e-4, rtol=0)
            logits = model(torch.tensor([[*row.prompt_ids, *row.response_ids]])).logits[0].log_softmax(-1)
            first = len(row.prompt_ids) - 1
            assert_close(alone[0, 0], logits[first, row.response_ids[0]], atol=1e-4, rtol=0)
            assert_close(entropy[0, 0], -(logits[first].exp() * logits[first]).sum(), atol=1e-3, rtol=0)


@pytest.mark.parametrize("preset", ["ampo", "ampo-paper", "rl-sft", "sft"])
@pytest.mark.parametrize("budget", [1, 20])
def test_the_micro_batches_change_nothing(tiny_model: Path, preset: str, budget: int) -> None:
    from transformers import AutoModelForCausalLM

    weights, metrics = [], []
    for tokens in (100_000, budget):
        model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
        learner = policy(model, micro_batch_tokens=tokens)
        old = learner.log_probs(ROWS)
        before = [None if row.is_teacher else values for row, values in zip(ROWS, old, strict=True)]
        metrics.append(learner.update(ROWS, before, load_preset(preset, max_response_tokens=16), 1))
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert_close(weights[0], weights[1], atol=2e-5, rtol=0)
    for name, value in metrics[0].items():
        assert metrics[1][name] == pytest.approx(value, abs=1e-4), name


def test_checkpointing_changes_nothing(tiny_model: Path) -> None:
    from transformers import AutoModelForCausalLM

    weights = []
    for again in (False, True):
        model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
        learner = policy(model, gradient_checkpointing=again)
        old = learner.log_probs(ROWS)
        before = [None if row.is_teacher else values for row, values in zip(ROWS, old, strict=True)]
        learner.update(ROWS, before, load_preset("ampo", max_response_tokens=16), 1)
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert_close(weights[0], weights[1], atol=5e-5, rtol=0)  # AdamW divides a gradient near 0 by itself


def test_micro_batches_hold_every_row_once_within_the_budget() -> None:
    for budget in (1, 16, 40, 1000):
        batches = list(micro_batches(ROWS, budget))
        assert sorted(i for taken in batches for i in taken) == list(range(len(ROWS)))
        for taken in batches:
            width = max(len(ROWS[i].prompt_ids) for i in taken) + max(len(ROWS[i].response_ids) for i in taken)
            assert len(taken) == 1 or len(taken) * width <= budget


def test_the_first_update_has_ratio_one_and_clips_nothing(model) -> None:
    learner = policy(model)
    metrics = learner.update(ROWS, [None] * len(ROWS), load_preset("ampo"), 1)
    assert metrics["ratio_mean"] == pytest.approx(1.0, abs=1e-4)
    assert metrics["clip_fraction"] == 0.0
    assert metrics["approx_kl"] == pytest.approx(0.0, abs=1e-6)
    assert 0 < metrics["own_entropy"] < 11  # ln 49152 is 10.8
    assert metrics["grad_norm"] > 0


def test_where_the_policy_has_sampled_a_row_itself_no_pass_is_needed(tiny_model: Path) -> None:
    from transformers import AutoModelForCausalLM

    weights = []
    for known in (False, True):
        model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
        learner = policy(model)
        old = [None if r.is_teacher or known else v for r, v in zip(ROWS, learner.log_probs(ROWS), strict=True)]
        learner.update(ROWS, old, load_preset("ampo", max_response_tokens=16), 1)
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert_close(weights[0], weights[1], atol=1e-5, rtol=0)


def test_an_update_makes_what_has_advantage_likelier(model) -> None:
    learner = policy(model)
    row = [MixedRow((1, 2, 3), (4, 5, 6), 1.0, 1.0, "teacher")]
    before = learner.log_probs(row)[0].sum()
    for step in range(1, 6):
        learner.update(row, [None], load_preset("ampo", max_response_tokens=4), step)
    assert learner.log_probs(row)[0].sum() > before + 0.1


def test_a_gradient_that_is_not_finite_is_dropped_and_counted(model) -> None:
    learner = policy(model)
    before = [p.detach().clone() for p in model.parameters()]
    broken = [MixedRow((1, 2), (3, 4), 0.0, float("nan"))]
    metrics = learner.update(broken, [torch.zeros(2)], load_preset("ampo"), 1)
    assert metrics["skipped"] == 1.0
    for p, q in zip(model.parameters(), before, strict=True):
        assert_close(p.detach(), q)


def test_schedules() -> None:
    settings = Optimizer(lr=1.0, warmup_steps=2, schedule="linear")
    assert [round(factor(settings, 10, s), 3) for s in (1, 2, 3, 7)] == [0.5, 1.0, 1.0, 0.5]


def test_openrlhfs_scheduler_has_the_same_rates(model) -> None:
    from ampo.training.openrlhf.schedule import made

    settings = Optimizer(lr=0.5, warmup_steps=3, schedule="cosine")
    optimizer = torch.optim.SGD(model.parameters(), lr=settings.lr)
    scheduler = made(optimizer, settings, 8, 16)  # two updates a step
    for update in range(16):
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.5 * factor(settings, 8, update // 2 + 1))
        optimizer.step()
        scheduler.step()
