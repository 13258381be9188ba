"""Linear layers by oneDNN: the same numbers and gradients, taken where they pay, and nowhere else."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from ampo.engines.transformers import onednn

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN")

ROWS, WIDTH, OUT = 80, 256, 512  # more than the least number of products


@pytest.fixture
def worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine whose MKL is slow, whatever this one is."""
    monkeypatch.setattr(onednn, "_worth_it", lambda: True)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes of what went to oneDNN."""
    seen: list[tuple[int, ...]] = []
    real = torch.Tensor.to_mkldnn

    def spy(tensor: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(tensor.shape))
        return real(tensor)

    monkeypatch.setattr(torch.Tensor, "to_mkldnn", spy)
    return seen


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(ROWS, WIDTH), (4, ROWS // 4, WIDTH)])
def test_numbers_and_gradients_are_the_same(worth_it: None, bias: bool, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(WIDTH, OUT, bias=bias)
    plain = torch.randn(shape, requires_grad=True)
    fast = plain.detach().clone().requires_grad_()
    layer(plain).square().mean().backward()
    expected = [plain.grad, *(p.grad for p in layer.parameters())]
    layer.zero_grad()
    with onednn.fast_linear(layer):
        layer(fast).square().mean().backward()
    found = [fast.grad, *(p.grad for p in layer.parameters())]
    for a, b in zip(expected, found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)


def test_under_gradient_checkpointing(worth_it: None) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Sequential(torch.nn.Linear(WIDTH, OUT), torch.nn.ReLU(), torch.nn.Linear(OUT, WIDTH))
    given = torch.randn(ROWS, WIDTH)
    layer(given).sum().backward()
    expected = [p.grad.clone() for p in layer.parameters() if p.grad is not None]
    layer.zero_grad()
    with onednn.fast_linear(layer):
        again = lambda: (nullcontext(), onednn.fast_linear(layer))  # noqa: E731
        output: Any = checkpoint(layer, given, use_reentrant=False, context_fn=again)
    output.sum().backward()
    for a, p in zip(expected, layer.parameters(), strict=True):
        torch.testing.assert_close(a, p.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("rows", "dtype", "expected"),
    [(ROWS, torch.float32, True), (1, torch.float32, False), (ROWS, torch.bfloat16, False)],
)
def test_only_where_it_pays(
    worth_it: None, taken: list[tuple[int, ...]], rows: int, dtype: torch.dtype, expected: bool
) -> None:
    layer = torch.nn.Linear(WIDTH, OUT, dtype=dtype)
    with onednn.fast_linear(layer):
        layer(torch.randn(rows, WIDTH, dtype=dtype))
    assert bool(taken) is expected


def test_not_under_autocast_and_not_outside(worth_it: None, taken: list[tuple[int, ...]]) -> None:
    layer, given = torch.nn.Linear(WIDTH, OUT), torch.randn(ROWS, WIDTH)
    with onednn.fast_linear(layer), torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(given).dtype == torch.bfloat16
    layer(given)
    assert not taken


def test_not_where_mkl_is_fast(monkeypatch: pytest.MonkeyPatch, taken: list[tuple[int, ...]]) -> None:
    monkeypatch.setattr(onednn, "_worth_it", lambda: False)
    layer = torch.nn.Linear(WIDTH, OUT)
    with onednn.fast_linear(layer):
        layer(torch.randn(ROWS, WIDTH))
    assert not taken
