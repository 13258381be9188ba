"""AdamW with its two moments in float32, in bfloat16 or in 8 bits (`optimizer.states`).

In bfloat16 a moment is rounded up or down by chance, in proportion to how near it is (stochastic rounding): rounded to
the nearest, the second moment would stand still, since a step changes it by a thousandth and bfloat16 tells apart no
less than four. The draws are torch's, which a step seeds. 8 bits are bitsandbytes' (arXiv 2110.02861).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ampo.errors import UserError
from ampo.training.config import Optimizer

MOMENTS = {"float32": 8, "bfloat16": 4, "8bit": 2}
"""Bytes a parameter."""
_MOMENTS = ("exp_avg", "exp_avg_sq")
_EPSILON = 1e-8


def adamw(parameters: Iterable[torch.nn.Parameter], settings: Optimizer) -> torch.optim.Optimizer:
    """Of the parameters that learn; vectors (norms, biases) don't decay. UserError without bitsandbytes."""
    learning = [p for p in parameters if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in learning if p.ndim > 1]},
        {"params": [p for p in learning if p.ndim <= 1], "weight_decay": 0.0},
    ]
    exact = partial(torch.optim.AdamW, fused=True)  # one pass over the memory; by default a CPU makes about ten
    kind: Any = {"float32": exact, "bfloat16": BFloat16AdamW, "8bit": None}[settings.states]
    return (kind or _eight_bit())(
        groups,
        lr=settings.lr,
        betas=(settings.beta1, settings.beta2),
        eps=_EPSILON,
        weight_decay=settings.weight_decay,
    )


def _eight_bit() -> Any:
    try:
        from bitsandbytes.optim import AdamW8bit  # type: ignore[import-not-found]
    except ImportError as error:
        raise UserError(
            "optimizer.states = '8bit' needs bitsandbytes, which is not installed: pip install bitsandbytes, or give "
            "'bfloat16', which needs nothing"
        ) from error
    return AdamW8bit


class BFloat16AdamW(torch.optim.Optimizer):
    """See the module's docstring. The weights and the arithmetic are float32.

    Args:
        params: The weights, as torch's optimisers take them.
        lr: Learning rate.
        betas: Decays of the first and the second moment.
        eps: Added to the second moment's root.
        weight_decay: Decoupled from the gradient.
    """

    def __init__(
        self, params: Any, lr: float, betas: tuple[float, float], eps: float = _EPSILON, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # no closure
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """torch gives states the parameter's precision: here they get their own back."""
        super().load_state_dict(state_dict)
        for state in self.state.values():
            for name in _MOMENTS:
                state[name] = state[name].to(torch.bfloat16)

    def _update(self, parameter: Any, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["step"] = 0
            for name in _MOMENTS:
                state[name] = torch.zeros_like(parameter, dtype=torch.bfloat16)
        state["step"] += 1
        (beta1, beta2), lr, gradient = group["betas"], group["lr"], parameter.grad
        mean = state["exp_avg"].float().lerp_(gradient.float(), 1 - beta1)
        square = state["exp_avg_sq"].float().mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        for name, value in zip(_MOMENTS, (mean, square), strict=True):
            state[name].copy_(_rounded(value))
        root = square.div_(1 - beta2 ** state["step"]).sqrt_().add_(group["eps"])
        parameter.mul_(1 - lr * group["weight_decay"])
        parameter.addcdiv_(mean, root, value=-lr / (1 - beta1 ** state["step"]))


def _rounded(value: Tensor) -> Tensor:
    """To bfloat16, up or down by chance: random low bits carry into those that are kept."""
    bits = value.view(torch.int32)
    return bits.add(torch.randint_like(bits, 1 << 16)).bitwise_and_(-(1 << 16)).view(torch.float32).bfloat16()
