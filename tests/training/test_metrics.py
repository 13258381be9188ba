"""Metrics of a step that are made of those of its updates."""

from __future__ import annotations

import pytest
import torch

from ampo.algorithm import load_preset, mixed_policy_loss
from ampo.training.metrics import mean_of_updates


def update(*is_teacher: bool) -> dict[str, float]:
    """The metrics of an update on rows of four tokens of probability 0.1."""
    n = len(is_teacher)
    log_probs = torch.full((n, 4), 0.1).log()
    found = mixed_policy_loss(
        log_probs,
        log_probs,
        torch.ones(n),
        torch.ones(n, 4, dtype=torch.bool),
        torch.tensor(is_teacher),
        load_preset("ampo", max_response_tokens=4),
    )
    return {name: value.item() for name, value in found.metrics.items()}


def test_an_update_without_teachers_does_not_water_their_metrics_down() -> None:
    found = mean_of_updates([update(True, True, False), update(False, False, False)])
    assert found["update/teacher_prob"] == pytest.approx(0.1)
    assert found["update/teacher_weight"] == pytest.approx(0.25)
    assert found["update/teacher_tokens"] == 4.0
    assert found["update/updates"] == 2.0
    assert "update/teacher_prob" not in mean_of_updates([update(False, False)])


def test_teacher_tokens_weigh_alike_in_all_updates() -> None:
    few, many = update(True, False), {**update(True, True, True), "teacher_prob": 0.5}
    assert mean_of_updates([few, many])["update/teacher_prob"] == pytest.approx((0.1 + 3 * 0.5) / 4)
