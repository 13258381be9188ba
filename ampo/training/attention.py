"""Causal attention over a key/value cache without a mask, for many tokens at once on a CPU.

torch's kernel leaves out what is masked only where it is told `is_causal`, which it counts from the first key on; with
a cache transformers gives it a mask, and it computes all of it: twice the work. So the cached tokens get queries too,
of zeros, whose outputs are dropped. Over long rows that saves a fifth of a model's time (perf/comprehension.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

_NAME = "ampo_causal"


def _attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, _mask: Tensor | None, **more: Any
) -> tuple[Tensor, None]:
    """As transformers' own, the mask left aside; query [B, heads, T, d], key and value [B, heads, cached + T, d]."""
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    cached = key.shape[2] - query.shape[2]
    whole = torch.nn.functional.pad(query, (0, 0, cached, 0))
    arguments: dict[str, Any] = more | {"is_causal": True}
    output, _ = sdpa_attention_forward(module, whole, key, value, None, **arguments)
    return output[:, cached:], None


@contextmanager
def causal_over_cache(model: Any) -> Iterator[None]:
    """Within it the model attends so, if all its layers attend to everything before, and by torch's kernel; rows must
    have no padding."""
    if model.config._attn_implementation != "sdpa" or not attends_to_all(model.config.get_text_config()):
        yield
        return
    from transformers import AttentionInterface

    AttentionInterface.register(_NAME, _attend)  # with no mask function beside it: then transformers makes no mask
    model.set_attn_implementation(_NAME)
    try:
        yield
    finally:
        model.set_attn_implementation("sdpa")


def attends_to_all(config: Any) -> bool:
    """Whether each layer attends to all tokens before. config: of the text model."""
    kinds = getattr(config, "layer_types", None)
    if kinds:
        return set(kinds) == {"full_attention"}
    return getattr(config, "sliding_window", None) is None
