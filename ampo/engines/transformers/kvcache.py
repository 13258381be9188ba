"""The keys and values of a batch whose rows come and go: transformers' cache with room to grow.

transformers' own DynamicLayer copies the whole cache at every token. Here a layer writes into a buffer with slack, and
copies only where it grows, where rows leave, and where rows join. Every row ends in the last column (left padding);
what lies before a row's start is zero and hidden by the attention mask.

Sliding-window layers keep all of their columns (the mask hides the old ones): more memory than transformers' own
sliding cache, the same outputs. A model with another kind of state (recurrent, indexed) is refused.

Shapes: B rows, H key/value heads, C columns of the buffer, T columns in use, D values a head.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, DynamicLayer

SLACK = 128  # columns: a copy of the cache every 128 tokens costs little, and so does the memory of 128 columns


class GrowingLayer(DynamicLayer):
    """A layer's keys and values. `keys` and `values` [B H T D] are views of buffers [B H C D]."""

    keys: Tensor
    values: Tensor

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        self.dtype, self.device = key_states.dtype, key_states.device
        self._fill(key_states[..., :0, :], value_states[..., :0, :], key_states.shape[-2])
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Append columns [B H t D]; the keys and values of all columns. Nothing else is looked at."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start, end = self.keys.shape[-2], self.keys.shape[-2] + key_states.shape[-2]
        if end > self._key_buffer.shape[-2]:
            self._fill(self.keys, self.values, end)
        self._key_buffer[..., start:end, :] = key_states
        self._value_buffer[..., start:end, :] = value_states
        self.keys, self.values = self._key_buffer[..., :end, :], self._value_buffer[..., :end, :]
        return self.keys, self.values

    def get_seq_length(self) -> int:
        return self.keys.shape[-2] if self.is_initialized else 0

    def select(self, rows: Tensor, start: int) -> None:
        """Keep these rows (a row may occur twice), and the columns from `start` on."""
        columns = self.keys.shape[-2] - start
        self._fill(self.keys[rows, :, start:], self.values[rows, :, start:], columns)

    def merge(self, other: GrowingLayer) -> None:
        """Append the rows of another layer, so that all end in the last column."""
        columns = max(self.keys.shape[-2], other.keys.shape[-2])
        self._fill(_stack(self.keys, other.keys, columns), _stack(self.values, other.values, columns), columns)

    def _fill(self, keys: Tensor, values: Tensor, columns: int) -> None:
        used = keys.shape[-2]
        self._key_buffer, self._value_buffer = (
            old.new_zeros((*old.shape[:2], columns + SLACK, old.shape[-1])) for old in (keys, values)
        )
        self._key_buffer[..., :used, :] = keys
        self._value_buffer[..., :used, :] = values
        self.keys, self.values = self._key_buffer[..., :used, :], self._value_buffer[..., :used, :]


def _stack(above: Tensor, below: Tensor, columns: int) -> Tensor:
    stacked = above.new_zeros((len(above) + len(below), above.shape[1], columns, above.shape[-1]))
    stacked[: len(above), :, columns - above.shape[-2] :] = above
    stacked[len(above) :, :, columns - below.shape[-2] :] = below
    return stacked


def new_cache() -> Cache:
    """An empty cache that any decoder-only attention model fills."""
    return Cache(layer_class_to_replicate=GrowingLayer)


def columns(cache: Cache) -> int:
    """Columns in use."""
    return cache.get_seq_length()


def select(cache: Cache, rows: Sequence[int], start: int = 0) -> None:
    """Keep these rows in this order, and the columns from `start` on."""
    for layer in cache.layers:
        assert isinstance(layer, GrowingLayer)
        layer.select(torch.tensor(rows, device=layer.device), start)


def merge(cache: Cache, other: Cache) -> None:
    """Append the rows of another cache."""
    for layer, joining in zip(cache.layers, other.layers, strict=True):
        assert isinstance(layer, GrowingLayer)
        assert isinstance(joining, GrowingLayer)
        layer.merge(joining)
