"""Prompts that several rows have in common pass through the model once.

The rows of a group begin with the same prompt. Its keys and values are computed once and every response attends to
them, so that U P + B R tokens pass in place of B (P + R): the same states and, through autograd, the same gradients.
It is done where it saves an eighth of the tokens or more, with models whose layers all attend to everything before, and
not with gradient checkpointing, for which transformers keeps no cache. (perf/trl.py measures it.)
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ampo.files import first_line
from ampo.training.attention import attends_to_all
from ampo.training.batches import Batch, collate
from ampo.training.rows import MixedRow

log = logging.getLogger(__name__)

_LEAST = 8
"""The part of all tokens that has to be saved is one in so many."""

_shares: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()


def states(model: Any, body: Callable[..., Any], batch: Batch) -> Tensor:
    """The hidden states [B, R, H] before each token of the responses. body: of the model, from ids to hidden states."""
    width = batch.response_ids.shape[1]
    if _worth_it(batch) and _can(model, body):
        return _shared(body, batch)
    return body(**batch.inputs, use_cache=False).last_hidden_state[:, -width - 1 : -1]


def _worth_it(batch: Batch) -> bool:
    rows, tokens = batch.inputs["input_ids"].shape
    prompt = tokens - batch.response_ids.shape[1]
    return (rows - len(batch.firsts)) * prompt * _LEAST >= rows * tokens


def _can(model: Any, body: Callable[..., Any]) -> bool:
    """Found out once a model, by comparing both ways on a few tokens."""
    if model.training and getattr(model, "is_gradient_checkpointing", False):
        return False
    if model not in _shares:
        _shares[model] = _agrees(model, body)
    return _shares[model]


def _shared(body: Callable[..., Any], batch: Batch) -> Tensor:
    from transformers import DynamicCache

    width = batch.response_ids.shape[1]
    before = {name: value[batch.firsts, :-width] for name, value in batch.inputs.items()}
    cache = DynamicCache()
    last = body(**before, past_key_values=cache, use_cache=True).last_hidden_state[:, -1:][batch.prompt_of]
    if width == 1:
        return last
    cache.batch_select_indices(batch.prompt_of)
    behind = {name: value[:, -width:-1] for name, value in batch.inputs.items() if name != "attention_mask"}
    mask = batch.inputs["attention_mask"][:, :-1]
    found = body(**behind, attention_mask=mask, past_key_values=cache, use_cache=True).last_hidden_state
    return torch.cat([last, found], 1)


@torch.no_grad()
def _agrees(model: Any, body: Callable[..., Any]) -> bool:
    if getattr(model, "_is_stateful", False) or not attends_to_all(model.config.get_text_config()):
        return False
    batch = _few_tokens(model.device)
    training = model.training
    model.eval()
    try:
        whole = body(**batch.inputs, use_cache=False).last_hidden_state[:, 2:-1].float()
        found = _shared(body, batch).float()
    except torch.OutOfMemoryError:
        raise
    except (
        AttributeError,
        TypeError,
        ValueError,
        RuntimeError,
    ) as error:  # another kind of model: its own way is right
        return _apart(model, first_line(error))
    finally:
        model.train(training)
    apart = 1e-4 if model.dtype == torch.float32 and not torch.is_autocast_enabled(model.device.type) else 0.05
    off = float((found - whole)[batch.mask].norm() / whole[batch.mask].norm())
    return True if off <= apart else _apart(model, f"shared they differ by {off:.2g}")


def _apart(model: Any, why: str) -> bool:
    log.warning("%s: prompts are computed for each response, which takes more time (%s)", type(model).__name__, why)
    return False


def _few_tokens(device: Any) -> Batch:
    """Two rows of one prompt and one of a shorter one."""
    kinds = [((1, 2, 3), (4, 5, 6)), ((1, 2, 3), (7, 8)), ((2, 3), (5, 4, 1))]
    return collate([MixedRow(prompt, response, 0.0, 0.0) for prompt, response in kinds], device)
