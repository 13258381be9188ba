from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from ampo.algorithm import group_advantages


def test_two_teachers_beside_six_wrong_responses() -> None:
    found = group_advantages(torch.tensor([[1.0, 1.0, *[0.1] * 6]]))
    assert_close(found, torch.tensor([[0.675, 0.675, *[-0.225] * 6]]))


def test_divided_by_the_sample_deviation() -> None:
    rewards = torch.tensor([[1.0, 1.0, *[0.1] * 6]])  # squares: 2 * 0.675^2 + 6 * 0.225^2 = 1.215; / 7, root: 0.41662
    found = group_advantages(rewards, divide_by_std=True)
    assert_close(found[0, 0].item(), 0.675 / 0.416619, atol=1e-4, rtol=0)
    assert_close(found[0, 7].item(), -0.225 / 0.416619, atol=1e-4, rtol=0)


def test_on_policy_rows_only() -> None:
    rewards = torch.tensor([[1.0, 0.1, 0.9, 0.1]])
    teacher = torch.tensor([[True, False, False, False]])
    found = group_advantages(rewards, on_policy_only=True, is_teacher=teacher)
    third = 1.1 / 3
    assert_close(found, torch.tensor([[0.0, 0.1 - third, 0.9 - third, 0.1 - third]]))
    with pytest.raises(ValueError, match="is_teacher"):
        group_advantages(rewards, on_policy_only=True)


@pytest.mark.parametrize("divide", [False, True])
@pytest.mark.parametrize("reward", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("n", [1, 2, 3, 6, 8, 15])
def test_equal_rewards_teach_nothing(reward: float, n: int, divide: bool) -> None:
    rewards = torch.full((1, n), reward)
    assert torch.equal(group_advantages(rewards, divide_by_std=divide), torch.zeros(1, n))
    teacher = torch.tensor([[True, *[False] * n]])
    mixed = torch.cat([torch.ones(1, 1), rewards], 1)
    own = group_advantages(mixed, divide_by_std=divide, on_policy_only=True, is_teacher=teacher)
    assert torch.equal(own, torch.zeros(1, n + 1))


def test_a_group_of_teachers_alone_is_finite() -> None:
    found = group_advantages(torch.ones(1, 2), on_policy_only=True, is_teacher=torch.ones(1, 2, dtype=torch.bool))
    assert_close(found, torch.zeros(1, 2))


@given(st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=10), st.randoms(use_true_random=False), st.booleans())
def test_a_permutation_within_a_group_permutes_its_advantages(rewards, rng, divide: bool) -> None:
    order = list(range(len(rewards)))
    rng.shuffle(order)
    values = torch.tensor([rewards], dtype=torch.float64)
    one = group_advantages(values, divide_by_std=divide)
    assert_close(group_advantages(values[:, order], divide_by_std=divide), one[:, order])
    assert abs(one.sum().item()) < 1e-6
