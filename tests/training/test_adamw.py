"""AdamW with small moments against torch's own: the same path, what a checkpoint keeps, and what is missing is said."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from ampo.errors import UserError
from ampo.training.adamw import MOMENTS, BFloat16AdamW, adamw
from ampo.training.config import Optimizer

# Of the way that float32 has come: how far apart small moments may end.
BOUND = {"bfloat16": 0.01, "8bit": 0.05}
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "8bit": torch.uint8}


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
    assert (found - wanted).norm() < BOUND[states] * (wanted - start).norm()
    held = sum(v.numel() * v.element_size() for v in small.state[found].values() if torch.is_tensor(v) and v.ndim > 1)
    assert held == MOMENTS[states] * found.numel()


def test_the_second_moment_in_bfloat16_does_not_stand_still() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1000, 1))
    optimizer = BFloat16AdamW([parameter], lr=0.0, betas=(0.9, 0.999))
    for _ in range(600):
        parameter.grad = torch.ones_like(parameter)
        optimizer.step()
    assert optimizer.state[parameter]["exp_avg_sq"].float().mean().item() == pytest.approx(1 - 0.999**600, rel=0.02)


@pytest.mark.parametrize("states", ["float32", "bfloat16", "8bit"])
def test_a_run_goes_on_from_a_checkpoint_as_if_nothing_had_been(states: Any, tmp_path: Path) -> None:
    if states == "8bit":
        pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed")
    first, parameter = made(states)
    descended(first, parameter, 3)
    torch.save({"optimizer": first.state_dict()}, tmp_path / "trainer.pt")
    copy = torch.nn.Parameter(parameter.detach().clone())
    second = adamw([copy], Optimizer(lr=0.02, states=states))
    second.load_state_dict(torch.load(tmp_path / "trainer.pt", weights_only=True)["optimizer"])  # as `checkpoint` does
    for optimizer, one in ((first, parameter), (second, copy)):
        torch.manual_seed(5)  # the rounding's draws, which a step seeds
        descended(optimizer, one, 3)
    assert torch.equal(copy, parameter)
    for of, one in ((first, parameter), (second, copy)):
        moments = [v for v in of.state[one].values() if torch.is_tensor(v) and v.shape == one.shape]
        assert [m.dtype for m in moments] == [DTYPES[states]] * 2


def test_eight_bits_without_bitsandbytes_are_refused_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", None)
    with pytest.raises(UserError, match="pip install bitsandbytes") as told:
        made("8bit")
    assert "\n" not in str(told.value)
