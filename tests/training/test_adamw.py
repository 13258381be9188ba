"""AdamW with small moments against torch's own: the same path, what a checkpoint keeps, and what is missing is said."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch

from ampo.errors import UserError
from ampo.training.adamw import MOMENTS, BFloat16AdamW, adamw
from ampo.training.config import Optimizer


def descended(optimizer: torch.optim.Optimizer, parameter: torch.nn.Parameter, steps: int = 60) -> None:
    """Towards the ones, by noisy gradients that are the same for everybody."""
    draw = torch.Generator().manual_seed(1)
    for _ in range(steps):
        parameter.grad = parameter.detach() - 1 + 0.1 * torch.randn(parameter.shape, generator=draw)
        optimizer.step()


def made(states: Any) -> tuple[torch.optim.Optimizer, torch.nn.Parameter]:
    torch.manual_seed(0)
    parameter = torch.nn.Parameter(torch.randn(64, 128))
    return adamw([parameter], Optimizer(lr=0.02, states=states)), parameter


@pytest.mark.parametrize("states", ["bfloat16", "8bit"])
def test_small_moments_descend_as_float32_does(states: str) -> None:
    if states == "8bit":
        pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed")
    (exact, wanted), (small, found) = made("float32"), made(states)
    start = found.detach().clone()
    descended(exact, wanted)
    descended(small, found)
    assert (found - wanted).norm() < 0.05 * (wanted - start).norm()
    held = sum(v.numel() * v.element_size() for v in small.state[found].values() if torch.is_tensor(v) and v.ndim > 1)
    assert held == MOMENTS[states] * found.numel()


def test_the_second_moment_in_bfloat16_does_not_stand_still() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1000, 1))
    optimizer = BFloat16AdamW([parameter], lr=0.0, betas=(0.9, 0.999))
    for _ in range(600):
        parameter.grad = torch.ones_like(parameter)
        optimizer.step()
    assert optimizer.state[parameter]["exp_avg_sq"].float().mean().item() == pytest.approx(1 - 0.999**600, rel=0.02)


def test_a_checkpoint_brings_the_moments_back() -> None:
    first, parameter = made("bfloat16")
    descended(first, parameter, 3)
    second = adamw([parameter], Optimizer(lr=0.02, states="bfloat16"))
    second.load_state_dict(first.state_dict())
    for name in ("exp_avg", "exp_avg_sq"):
        assert second.state[parameter][name].dtype == torch.bfloat16
        assert torch.equal(second.state[parameter][name], first.state[parameter][name])


def test_eight_bits_without_bitsandbytes_are_refused_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", None)
    with pytest.raises(UserError, match="pip install bitsandbytes") as told:
        made("8bit")
    assert "\n" not in str(told.value)
