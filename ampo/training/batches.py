"""From rows to tensors: which rows go through the model together, and how they lie side by side.

A row is its prompt, padded on the left, and its response, padded on the right, so that responses begin in the same
column and only their positions go through the output layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ampo.training.rows import MixedRow


@dataclass(frozen=True, slots=True)
class Batch:
    """B rows: input_ids, attention_mask and position_ids [B, P + R]; response_ids and mask [B, R].

    firsts: the rows [U] that are the first with their prompt. prompt_of: each row's place [B] among these.
    """

    inputs: dict[str, Tensor]
    response_ids: Tensor
    mask: Tensor
    firsts: Tensor
    prompt_of: Tensor


def collate(rows: Sequence[MixedRow], device: Any) -> Batch:
    """The tensors of some rows. An empty response is a row of mask False."""
    prompt_width = max(len(row.prompt_ids) for row in rows)
    width = max(max(len(row.response_ids) for row in rows), 1)
    ids = torch.zeros(len(rows), prompt_width + width, dtype=torch.long)
    seen = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        start, end = prompt_width - len(row.prompt_ids), prompt_width + len(row.response_ids)
        ids[i, start:end] = torch.tensor([*row.prompt_ids, *row.response_ids])
        seen[i, start:end] = 1
    positions = (seen.cumsum(-1) - 1).clamp(min=0)
    inputs = {"input_ids": ids, "attention_mask": seen, "position_ids": positions}
    first = {row.prompt_ids: i for i, row in reversed(list(enumerate(rows)))}
    place = {prompt: u for u, prompt in enumerate(first)}
    return Batch(
        {name: value.to(device) for name, value in inputs.items()},
        ids[:, prompt_width:].to(device),
        seen[:, prompt_width:].bool().to(device),
        torch.tensor(list(first.values()), device=device),
        torch.tensor([place[row.prompt_ids] for row in rows], device=device),
    )


def micro_batches(rows: Sequence[MixedRow], budget: int) -> Iterator[list[int]]:
    """Indices of rows that lie side by side with little padding, within a budget of tokens that counts it; a longer row
    goes alone.

    In the order of lengths, or prompt by prompt, where more is saved by computing each prompt once (`prefix`).
    """
    by_length = sorted(range(len(rows)), key=lambda i: _lengths(rows[i]), reverse=True)
    by_prompt = sorted(by_length, key=lambda i: (len(rows[i].prompt_ids), rows[i].prompt_ids), reverse=True)
    cuts = [list(_cut(rows, order, budget)) for order in (by_length, by_prompt)]
    yield from min(cuts, key=lambda cut: sum(_computed([rows[i] for i in taken]) for taken in cut))


def mini_batches(groups: Sequence[Sequence[MixedRow]], size: int) -> Iterator[list[MixedRow]]:
    """Rows of `size` prompts each. Groups in which nothing is to be learnt count as sequences."""
    for start in range(0, len(groups), size):
        rows = [row for group in groups[start : start + size] for row in group]
        if rows:
            yield rows


def _lengths(row: MixedRow) -> tuple[int, int]:
    return len(row.response_ids), len(row.prompt_ids)


def _cut(rows: Sequence[MixedRow], order: Sequence[int], budget: int) -> Iterator[list[int]]:
    taken: list[int] = []
    prompt = response = 0
    for i in order:
        wider = max(prompt, len(rows[i].prompt_ids)), max(response, len(rows[i].response_ids))
        if taken and (len(taken) + 1) * sum(wider) > budget:
            yield taken
            taken, wider = [], (len(rows[i].prompt_ids), len(rows[i].response_ids))
        taken.append(i)
        prompt, response = wider
    if taken:
        yield taken


def _computed(rows: Sequence[MixedRow]) -> int:
    """Tokens, padding included, where each prompt is computed once."""
    response, _ = max(map(_lengths, rows))
    prompts = {row.prompt_ids for row in rows}
    return len(prompts) * max(map(len, prompts)) + len(rows) * response
