from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampo.algorithm import load_preset, plan_replacement, preset_names
from ampo.algorithm.replacement import ReplacementPlan

WRONG = [False] * 8


def plan(preset: str, correct: list[bool], n_solutions: int, *, seed: int = 0, step: int = 1, uid: str = "q"):
    return plan_replacement(correct, n_solutions, load_preset(preset), seed=seed, step=step, prompt_id=uid)


def one_right() -> list[bool]:
    return [True] + [False] * 7


@pytest.mark.parametrize(("n_solutions", "k"), [(0, 0), (1, 1), (2, 2), (4, 2)])
def test_ampo_replaces_two_where_none_is_correct(n_solutions: int, k: int) -> None:
    found = plan("ampo", WRONG, n_solutions)
    assert found.triggered
    assert found.k == k
    assert plan("ampo", one_right(), 4) == ReplacementPlan(triggered=False)


@pytest.mark.parametrize(
    ("n_correct", "n_solutions", "k"),
    [(0, 4, 4), (0, 8, 4), (1, 8, 3), (3, 8, 1), (1, 2, 2)],  # min(N, 8/2 - correct)
)
def test_the_revision_makes_half_of_the_group_right(n_correct: int, n_solutions: int, k: int) -> None:
    correct = [True] * n_correct + [False] * (8 - n_correct)
    assert plan("ampo-adaptive", correct, n_solutions).k == k


def test_the_revision_leaves_a_group_that_is_half_right() -> None:
    assert not plan("ampo-adaptive", [True] * 4 + [False] * 4, 4).triggered


def test_luffy_takes_the_first_slot_always() -> None:
    assert plan("luffy", [True] * 8, 4).positions == (0,)
    assert plan("luffy", WRONG, 4).positions == (0,)
    assert plan("rl-sft", WRONG, 0) == ReplacementPlan(triggered=True)


@pytest.mark.parametrize("preset", ["grpo", "sft", "rlpr"])
def test_no_guidance_where_the_preset_has_none(preset: str) -> None:
    assert not plan(preset, WRONG, 4).triggered


def test_an_empty_group_is_left_alone() -> None:
    for preset in preset_names():
        assert plan(preset, [], 4) == ReplacementPlan(triggered=False)


@given(
    correct=st.lists(st.booleans(), min_size=1, max_size=16),
    n=st.integers(0, 6),
    preset=st.sampled_from(["ampo", "ampo-paper", "ampo-adaptive"]),
    seed=st.integers(0, 2**32),
)
def test_only_incorrect_positions_are_replaced_and_each_once(
    correct: list[bool], n: int, preset: str, seed: int
) -> None:
    found = plan(preset, correct, n, seed=seed)
    assert len(set(found.positions)) == found.k <= n
    assert not any(correct[i] for i in found.positions)
    assert list(found.positions) == sorted(found.positions)


def test_the_draw_depends_on_seed_step_and_prompt_and_nothing_else() -> None:
    first = plan("ampo", WRONG, 4)
    assert all(plan("ampo", WRONG, n).positions == first.positions for n in (2, 3, 4))
    others = {plan("ampo", WRONG, 4, seed=s, step=t, uid=u).positions for s in (0, 1) for t in (1, 2) for u in "qr"}
    assert len(others) > 3
    counts = [sum(i in plan("ampo", WRONG, 4, step=s).positions for s in range(2000)) for i in range(8)]
    assert all(430 < c < 570 for c in counts)  # 500 each: a draw, not a habit
