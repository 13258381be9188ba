"""Which prompts a step takes."""

from __future__ import annotations

from collections import Counter

import pytest

from ampo.training.prompts import batch


@pytest.mark.parametrize(("n", "size"), [(10, 4), (7, 5), (8, 4), (5, 5), (3, 8), (1, 1)])
def test_every_prompt_comes_once_an_epoch_and_none_twice_a_step(n: int, size: int) -> None:
    made = [f"p{i}" for i in range(n)]
    steps = [batch(made, step, size, seed=3) for step in range(1, 8 * n + 1)]
    assert all(len(set(step)) == min(size, n) for step in steps)
    stream = [prompt for step in steps for prompt in step]
    for epoch in range(len(stream) // n):
        assert Counter(stream[epoch * n : (epoch + 1) * n]) == Counter(made)


def test_the_order_is_that_of_the_seed_and_changes_with_the_epoch() -> None:
    made = list(range(50))
    epochs = [[p for step in range(10 * e + 1, 10 * e + 11) for p in batch(made, step, 5, seed=1)] for e in range(2)]
    assert epochs[0] != epochs[1]
    assert epochs[0] == [p for step in range(1, 11) for p in batch(made, step, 5, seed=1)]
    assert epochs[0] != [p for step in range(1, 11) for p in batch(made, step, 5, seed=2)]
