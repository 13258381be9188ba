"""Log-probabilities and entropies of tokens without their logits ever being there as a whole.

A model's last step, hidden states to logits, makes [tokens, vocabulary]: of 16,384 tokens of Qwen2.5, 9.3 GiB in
float32, five times over with what their gradients need. Here it is done for a chunk of tokens after the other, and in
the backward pass done again: at any time there are the logits of one chunk in the precision of the model's pass, of
which a thirty-second at a time is looked at in float32 (three of those). A single chunk is kept, and not done again.

With z the logits over the temperature, p = softmax(z) and H the entropy: d log p_t / d z = 1_t - p, and
dH / dz = -p (log p + H).
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ampo.files import first_line

log = logging.getLogger(__name__)

CHUNK = 2**28
"""Bytes of a chunk's logits."""
PIECES = 32
"""Parts of a chunk, for what is computed in float32."""
_PARTS = 8  # of a chunk, for the products with the output layer: a library may copy what it multiplies

_heads: weakref.WeakKeyDictionary[Any, Head | None] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Head:
    """A model in two parts: its body, from ids to hidden states, and the layer from these to logits.

    scale: logits are multiplied by it (Granite, Cohere). cap: then bounded by cap tanh(logits / cap) (Gemma); 0: not.
    """

    body: Callable[..., Any]
    layer: Any
    scale: float = 1.0
    cap: float = 0.0


def head_of(model: Any) -> Head | None:
    """None for a model whose logits are made in another way: found out once, by comparing them on a few tokens."""
    if model not in _heads:
        _heads[model] = _found(model)
    return _heads[model]


def token_stats(
    hidden: Tensor, head: Head, targets: Tensor, temperature: float, *, entropy_gradient: bool
) -> tuple[Tensor, Tensor]:
    """Log-probabilities and entropies of tokens.

    Args:
        hidden: [N, H], each the state before its target.
        head: The layer from these to logits.
        targets: [N], token ids.
        temperature: By which the logits are divided.
        entropy_gradient: Whether the entropies have one.

    Returns:
        Both [N], float32, in nats, at the temperature.
    """
    device = hidden.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else hidden.dtype
    with torch.autocast(device, enabled=False):
        log_probs, entropy = _Stats.apply(
            hidden.to(dtype), head.layer.weight, head.layer.bias, targets, head, temperature
        )
    return log_probs, entropy if entropy_gradient else entropy.detach()


class _Stats(torch.autograd.Function):
    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, head: Head, temperature: float
    ) -> tuple[Tensor, Tensor]:
        chunk = max(CHUNK // (hidden.element_size() * weight.shape[0]), 1)
        finish = _Finish(head.scale, head.cap, temperature)
        log_probs, entropy, normaliser = (hidden.new_empty(len(hidden), dtype=torch.float32) for _ in range(3))
        kept = None
        matrix = weight.to(hidden.dtype)
        for start in range(0, len(hidden), chunk):
            part = slice(start, start + chunk)
            raw = _logits(hidden[part], matrix, bias)
            for rows in _pieces(raw, start):
                z = finish(raw[rows.start - start : rows.stop - start])
                normaliser[rows] = z.logsumexp(-1)
                log_probs[rows] = z.gather(-1, targets[rows, None])[:, 0] - normaliser[rows]
                p = (z - normaliser[rows, None]).exp_()
                entropy[rows] = normaliser[rows] - p.mul_(z).sum(-1)
            kept = raw if chunk >= len(hidden) else None
        ctx.save_for_backward(hidden, weight, bias, targets, normaliser, entropy)
        ctx.finish, ctx.chunk = finish, chunk
        ctx.kept = kept if any(ctx.needs_input_grad) else None
        return log_probs, entropy

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, d_log_probs: Tensor, d_entropy: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        hidden, weight, bias, targets, normaliser, entropy = ctx.saved_tensors
        with_weight, with_bias = ctx.needs_input_grad[1], ctx.needs_input_grad[2]
        d_hidden = torch.empty_like(hidden)
        d_weight = torch.zeros_like(weight) if with_weight else None
        d_bias = torch.zeros_like(bias) if with_bias else None
        matrix = weight.to(hidden.dtype)
        for start in range(0, len(hidden), ctx.chunk):
            part = slice(start, start + ctx.chunk)
            raw = ctx.kept if ctx.kept is not None else _logits(hidden[part], matrix, bias)
            for rows in _pieces(raw, start):
                piece = raw[rows.start - start : rows.stop - start]
                z = ctx.finish(piece)
                log_p = z - normaliser[rows, None]
                d_z = log_p.exp()
                d_z *= -(d_log_probs[rows, None] + d_entropy[rows, None] * log_p.add_(entropy[rows, None]))
                d_z.scatter_add_(-1, targets[rows, None], d_log_probs[rows, None])
                piece.copy_(ctx.finish.back(d_z, z))  # the logits of the chunk give way to their gradients
            for rows in _parts(len(raw)):
                d_hidden[part][rows] = torch.nn.functional.linear(raw[rows], matrix.t())
            if d_weight is not None:
                for block in _parts(len(weight)):
                    d_weight[block] += torch.nn.functional.linear(raw[:, block].t(), hidden[part].t())
            if d_bias is not None:
                d_bias += raw.sum(0)
        ctx.kept = None
        return d_hidden, d_weight, d_bias, None, None, None


@dataclass(frozen=True, slots=True)
class _Finish:
    """From what the output layer gives to logits over the temperature, in float32; and gradients back."""

    scale: float
    cap: float
    temperature: float

    def __call__(self, raw: Tensor) -> Tensor:
        z = raw.float()
        if z is raw:
            z = z.clone()
        z *= self.scale
        if self.cap:
            z = z.div_(self.cap).tanh_().mul_(self.cap)
        return z.div_(self.temperature)

    def back(self, d_z: Tensor, z: Tensor) -> Tensor:
        d_z *= self.scale / self.temperature
        if self.cap:
            d_z *= 1 - (z * (self.temperature / self.cap)).square()
        return d_z


def _logits(states: Tensor, matrix: Tensor, bias: Tensor | None) -> Tensor:
    """[rows, V] of a chunk."""
    raw = states.new_empty(len(states), len(matrix))
    for rows in _parts(len(states)):
        raw[rows] = torch.nn.functional.linear(states[rows], matrix, None if bias is None else bias.to(states.dtype))
    return raw


def _parts(n: int) -> list[slice]:
    size = max(-(-n // _PARTS), 1)
    return [slice(i, i + size) for i in range(0, n, size)]


def _pieces(raw: Tensor, start: int) -> list[slice]:
    """Of the chunk that begins at row `start` of all."""
    size = max(-(-len(raw) // PIECES), 1)
    return [slice(start + i, start + min(i + size, len(raw))) for i in range(0, len(raw), size)]


@torch.no_grad()
def _found(model: Any) -> Head | None:
    layer = model.get_output_embeddings()
    text = model.config.get_text_config()
    if type(layer) is not torch.nn.Linear or not hasattr(model, "get_decoder"):
        return None
    scale = float(getattr(text, "logit_scale", None) or 1 / (getattr(text, "logits_scaling", None) or 1))
    head = Head(model.get_decoder(), layer, scale, float(getattr(text, "final_logit_softcapping", None) or 0))
    ids = torch.arange(1, 4, device=layer.weight.device)[None]
    training = model.training
    model.eval()
    try:
        whole = model(input_ids=ids, use_cache=False).logits[0].float().log_softmax(-1)
        states = head.body(input_ids=ids, use_cache=False).last_hidden_state[0]
        found, _ = token_stats(states.to(layer.weight.dtype), head, ids[0], 1.0, entropy_gradient=False)
    except torch.OutOfMemoryError:
        raise
    except (AttributeError, TypeError, RuntimeError) as error:  # another kind of model: its own way is right
        return _whole(model, first_line(error))
    finally:
        model.train(training)
    wanted = whole.gather(-1, ids[0, :, None])[:, 0]
    apart = 1e-4 if layer.weight.dtype == torch.float32 else 0.05
    if not torch.allclose(found, wanted, atol=apart, rtol=0):
        return _whole(model, f"in parts they differ by {float((found - wanted).abs().max()):.2g}")
    return head


def _whole(model: Any, why: str) -> None:
    log.warning("%s: logits are computed whole, which takes more memory (%s)", type(model).__name__, why)
