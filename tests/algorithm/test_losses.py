"""The arithmetic of each preset worked by hand, and what must hold for any batch."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from ampo.algorithm import BatchTotals, load_preset, mixed_policy_loss, preset_names, sft_loss
from ampo.algorithm.losses import shaping_weight

RL = [name for name in preset_names() if name != "sft"]


def batch(**changes: Any) -> dict[str, Any]:
    """An own row of p 0.6, 0.3 (both 0.5 before) with A -0.225, and a teacher row of p 0.1, 0.5 with A 0.675."""
    return {
        "log_probs": torch.tensor([[0.6, 0.3], [0.1, 0.5]], dtype=torch.float64).log(),
        "old_log_probs": torch.tensor([[0.5, 0.5], [1.0, 1.0]], dtype=torch.float64).log(),
        "advantages": torch.tensor([-0.225, 0.675], dtype=torch.float64),
        "mask": torch.ones(2, 2, dtype=torch.bool),
        "is_teacher": torch.tensor([False, True]),
    } | changes


def loss(preset: str, rows: dict[str, Any], **overrides: Any) -> float:
    return mixed_policy_loss(**rows, algorithm=load_preset(preset, max_response_tokens=10, **overrides)).loss.item()


# Own tokens: rho 1.2 and 0.6, rho A -0.27 and -0.135, clipped to 1.2 and 0.8: -0.27 and -0.18.
CLIPPED, UNCLIPPED = 0.27 + 0.18, 0.27 + 0.135
SHAPED = -0.675 * (0.1 / 0.2 + 0.5 / 0.6)  # -0.9


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("ampo", (CLIPPED + SHAPED) / (10 * 2)),
        ("ampo-adaptive", (CLIPPED + SHAPED) / (10 * 2)),
        ("ampo-paper", CLIPPED / 2 - 0.675 * (0.1 + 0.5) / 2),
        ("luffy", (UNCLIPPED + SHAPED) / (10 * 2)),
        ("grpo", CLIPPED / (10 * 2)),
        ("rlpr", CLIPPED / 2),
        ("ampo-official", 11.5 * (CLIPPED + SHAPED) / (10 * 2)),
        ("rl-sft", UNCLIPPED / 2 + (2.3025851 + 0.6931472) / 2),
    ],
)
def test_each_preset_by_hand(preset: str, expected: float) -> None:
    assert loss(preset, batch()) == pytest.approx(expected, abs=1e-7)


def test_rl_sft_weighs_own_tokens_against_a_teachers_as_its_sources_do() -> None:
    """The AMPO authors' script: both parts as token means. LUFFY's code: own tokens' sum over L_max, teachers' mean."""
    generator, width = torch.Generator().manual_seed(0), 40
    lengths = torch.tensor([12, 40, 25, 7, 33, 18, 40, 9])
    mask = torch.arange(width) < lengths[:, None]
    teacher = torch.tensor([True] + [False] * 7)
    log_probs = -torch.rand(8, width, generator=generator, dtype=torch.float64) * 3
    advantages = torch.where(teacher, 0.0, torch.randn(8, generator=generator, dtype=torch.float64))

    def parts(loss_of: Any) -> float:
        """|own gradient| / |teacher gradient|."""
        given = log_probs.clone().requires_grad_()
        loss_of(given).backward()
        assert given.grad is not None
        return (given.grad[~teacher].norm() / given.grad[teacher].norm()).item()

    def ours(**overrides: Any) -> float:
        chosen = load_preset("rl-sft", max_response_tokens=width, **overrides)
        return parts(lambda p: mixed_policy_loss(p, log_probs, advantages, mask, teacher, chosen).loss)

    def source(own_divisor: float) -> float:
        def loss_of(p: Tensor) -> Tensor:
            own = -((p - log_probs).exp() * advantages[:, None] * mask)[~teacher].sum() / own_divisor
            return own - p[teacher][mask[teacher]].mean()

        return parts(loss_of)

    own_tokens = mask[~teacher].sum().item()
    assert ours() == pytest.approx(source(own_tokens))
    assert ours(policy_scale=own_tokens / width) == pytest.approx(source(width))
    assert source(width) / source(own_tokens) == pytest.approx(own_tokens / width)


def test_a_policy_scale_weighs_all_but_the_entropy() -> None:
    entropy = torch.full((2, 2), 2.0, dtype=torch.float64)
    plain, scaled = (loss(name, batch(entropy=entropy)) for name in ("ampo", "ampo-official"))
    assert scaled + 0.002 == pytest.approx(11.5 * (plain + 0.002))


def test_sft_by_hand() -> None:
    log_probs = torch.tensor([[0.1, 0.5, 0.9]]).log()
    mask = torch.tensor([[True, True, False]])
    assert sft_loss(log_probs, mask).item() == pytest.approx((2.3025851 + 0.6931472) / 2, abs=1e-6)
    halves = sft_loss(log_probs[:, :1], mask[:, :1], 2) + sft_loss(log_probs[:, 1:], mask[:, 1:], 2)
    assert_close(halves, sft_loss(log_probs, mask))


def test_the_dual_clip_bounds_a_bad_token_that_became_likely() -> None:
    rows = batch(
        log_probs=torch.tensor([[0.5]]).log(),
        old_log_probs=torch.tensor([[0.01]]).log(),
        advantages=torch.tensor([-1.0]),
        mask=torch.ones(1, 1, dtype=torch.bool),
        is_teacher=torch.tensor([False]),
    )
    assert loss("ampo", rows) == pytest.approx(10 / 10)  # rho = 50, bounded by c = 10, over L_max = 10
    assert loss("rl-sft", rows) == pytest.approx(50, rel=1e-5)  # unclipped, a token mean
    rows["advantages"] = torch.tensor([1.0])
    assert loss("ampo", rows) == pytest.approx(-1.2 / 10)


def test_entropy_is_a_token_mean_over_the_mask() -> None:
    rows = batch(advantages=torch.zeros(2, dtype=torch.float64))
    rows["mask"] = torch.tensor([[True, True], [True, False]])
    entropy = torch.tensor([[1.0, 2.0], [3.0, 100.0]], dtype=torch.float64)
    assert loss("ampo", rows | {"entropy": entropy}) == pytest.approx(-0.001 * 2.0)


@pytest.mark.parametrize(("p", "weight"), [(0.001, 0.0098), (0.01, 0.083), (0.1, 0.25), (0.5, 0.139), (1.0, 0.083)])
def test_the_gradient_weight_of_a_teacher_token_is_as_tabled(p: float, weight: float) -> None:
    log_p = torch.tensor([[p]], dtype=torch.float64).log().requires_grad_()
    rows = batch(
        log_probs=log_p,
        old_log_probs=torch.zeros(1, 1, dtype=torch.float64),
        advantages=torch.ones(1, dtype=torch.float64),
        mask=torch.ones(1, 1, dtype=torch.bool),
        is_teacher=torch.tensor([True]),
    )
    mixed_policy_loss(**rows, algorithm=load_preset("ampo", max_response_tokens=1)).loss.backward()
    assert log_p.grad is not None
    assert -log_p.grad.item() == pytest.approx(weight, abs=6e-4)
    assert shaping_weight(torch.tensor(p)).item() == pytest.approx(weight, abs=6e-4)


def random_rows(seed: int, rows: int = 6, tokens: int = 5) -> dict[str, Any]:
    g = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=g, dtype=torch.float64)

    old = draw(rows, tokens).clamp(0.02, 0.98).log()
    return {
        "log_probs": (old + 0.6 * (draw(rows, tokens) - 0.5)).clamp(max=-1e-3),
        "old_log_probs": old,
        "advantages": 2 * draw(rows) - 1,
        "mask": draw(rows, tokens) < 0.8,
        "is_teacher": draw(rows) < 0.4,
        "entropy": draw(rows, tokens),
    }


def cut(rows: dict[str, Any], index: Any) -> dict[str, Any]:
    return {name: value[index] for name, value in rows.items()}


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), preset=st.sampled_from(RL), cuts=st.sets(st.integers(1, 5)))
def test_loss_gradient_and_metrics_do_not_depend_on_the_micro_batches(seed: int, preset: str, cuts: set[int]) -> None:
    algorithm, rows = load_preset(preset), random_rows(seed)
    whole = rows | {"log_probs": rows["log_probs"].clone().requires_grad_()}
    one = mixed_policy_loss(**whole, algorithm=algorithm)
    one.loss.backward()

    pieces = rows | {"log_probs": rows["log_probs"].clone().requires_grad_()}
    bounds = [0, *sorted(cuts), 6]
    parts = [cut(rows, slice(a, b)) for a, b in pairwise(bounds)]
    totals = sum((BatchTotals.of(part["mask"], part["is_teacher"]) for part in parts), BatchTotals())
    outputs = [
        mixed_policy_loss(**cut(pieces, slice(a, b)), algorithm=algorithm, totals=totals) for a, b in pairwise(bounds)
    ]
    for output in outputs:
        output.loss.backward()
    assert_close(torch.stack([o.loss for o in outputs]).sum(), one.loss)
    assert_close(pieces["log_probs"].grad, whole["log_probs"].grad)
    for name, value in one.metrics.items():
        assert_close(torch.stack([o.metrics[name] for o in outputs]).sum(), value)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), preset=st.sampled_from(RL), order=st.permutations(range(6)))
def test_the_order_of_rows_does_not_matter(seed: int, preset: str, order: list[int]) -> None:
    algorithm, rows = load_preset(preset), random_rows(seed)
    assert_close(
        mixed_policy_loss(**cut(rows, list(order)), algorithm=algorithm).loss,
        mixed_policy_loss(**rows, algorithm=algorithm).loss,
    )


@pytest.mark.parametrize("preset", RL)
def test_gradients_against_finite_differences(preset: str) -> None:
    algorithm, rows = load_preset(preset, max_response_tokens=4), random_rows(7)
    log_probs = rows.pop("log_probs").requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: mixed_policy_loss(log_probs=x, **rows, algorithm=algorithm).loss, (log_probs,)
    )


@pytest.mark.parametrize("preset", RL)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_everything_is_finite(preset: str, dtype: torch.dtype) -> None:
    extremes = (0.0, -1e-8, -50.0, -1e30, float("-inf"))
    masks = ([[True] * 3] * 2, [[False] * 3, [True] * 3], [[False] * 3] * 2)
    for new, old, mask, teacher in product(extremes, extremes, masks, ([False] * 2, [True] * 2, [False, True])):
        log_probs = torch.full((2, 3), new, dtype=dtype).requires_grad_()
        output = mixed_policy_loss(
            log_probs,
            torch.full((2, 3), old, dtype=dtype),
            torch.tensor([1.0, -1.0], dtype=dtype),
            torch.tensor(mask),
            torch.tensor(teacher),
            load_preset(preset),
            entropy=torch.ones(2, 3, dtype=dtype),
        )
        (gradient,) = torch.autograd.grad(output.loss, log_probs)
        assert torch.isfinite(output.loss)
        assert torch.isfinite(gradient).all()
        assert all(torch.isfinite(value) for value in output.metrics.values())


def test_masked_tokens_may_hold_anything() -> None:
    rows = random_rows(3)
    hidden: dict[str, Any] = {
        name: torch.where(rows["mask"], rows[name], torch.tensor(float("nan"), dtype=torch.float64))
        for name in ("log_probs", "old_log_probs", "entropy")
    }
    for preset in RL:
        algorithm = load_preset(preset)
        assert_close(
            mixed_policy_loss(**rows | hidden, algorithm=algorithm).loss,
            mixed_policy_loss(**rows, algorithm=algorithm).loss,
        )


def test_shapes_are_checked_at_run_time_in_tests() -> None:
    with pytest.raises(Exception, match="old_log_probs"):
        mixed_policy_loss(**batch(old_log_probs=torch.zeros(2, 3, dtype=torch.float64)), algorithm=load_preset("ampo"))
