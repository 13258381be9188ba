"""Linear layers in float32 on a CPU by oneDNN, where torch's own choice is slow.

torch multiplies float32 matrices by MKL, whose fastest kernels run on Intel's processors alone. On an AMD EPYC oneDNN,
which torch has as well, was twice as fast on large matrices and slower on small ones; comprehension scores went from
4.8 times as fast as padded passes to 6.7 (perf/comprehension.py, with --plain-linear and without). Sampling and updates
take torch's own: laying out rows and weights anew, and looking at every call, made them a quarter slower there.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_LEAST = 2**23  # products in a layer; below, changing the layout costs more than it brings


class _ByOneDnn(TorchFunctionMode):
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.nn.functional.linear:
            return _linear(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:  # noqa: A002  (torch's own name)
    plain = all(type(x) in (Tensor, torch.nn.Parameter) and x.dtype == torch.float32 for x in (input, weight))
    cast = torch.is_autocast_enabled("cpu")
    if cast or not plain or input.is_mkldnn or input.device.type != "cpu" or input.numel() * weight.shape[0] < _LEAST:
        return torch.nn.functional.linear(input, weight, bias)
    return torch.nn.functional.linear(input.to_mkldnn(), weight, bias).to_dense()


def fast_linear(model: torch.nn.Module) -> AbstractContextManager[Any]:
    """Within it the model's linear layers take the faster way, on this thread; a backward pass follows by itself.
    Where gradient checkpointing computes layers again, that has to be within as well (its `context_fn`)."""
    tensor = next(model.parameters())
    found = tensor.device.type == "cpu" and tensor.dtype == torch.float32 and _worth_it()
    return _ByOneDnn() if found else nullcontext()


@cache
def _worth_it() -> bool:
    if not (torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()):
        return False
    try:
        return "GenuineIntel" not in Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:  # not Linux: an Intel processor, where there is MKL
        return False
