"""AMPO's loss where OpenRLHF calls its own: the same `mixed_policy_loss` as the local backend.

OpenRLHF hands over micro-batches of a data-parallel rank; DeepSpeed then averages gradients over the ranks and over the
accumulated micro-batches. Each part is normalised by counts of the whole update and scaled back by both, so that the
result is that of one process with one batch. The entropy term is OpenRLHF's own (`actor.entropy_coef`), which is the
same token mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import torch
from torch import Tensor
from torch import distributed as dist

from ampo.algorithm.losses import BatchTotals, LossOutput, mixed_policy_loss
from ampo.algorithm.presets import Algorithm


@dataclass(frozen=True, slots=True)
class Window:
    """An update: its counts over all ranks, by which a micro-batch's loss is scaled."""

    totals: BatchTotals
    scale: float


def window(parts: Sequence[tuple[Tensor, Tensor]], group: dist.ProcessGroup | None = None) -> Window:
    """The update that a rank's micro-batches, (action_mask, is_teacher) each, belong to. Collective over the group."""
    local = sum((BatchTotals.of(mask.bool(), teacher.bool()) for mask, teacher in parts), BatchTotals())
    counts = torch.tensor(astuple(local), device=parts[0][0].device, dtype=torch.int64)
    ranks = 1
    if dist.is_available() and dist.is_initialized():
        dist.all_reduce(counts, op=dist.ReduceOp.SUM, group=group)
        ranks = dist.get_world_size(group)
    return Window(BatchTotals(*counts.tolist()), float(ranks * len(parts)))


def micro_batch_loss(
    log_probs: Tensor,
    old_log_probs: Tensor,
    advantages: Tensor,
    action_mask: Tensor,
    is_teacher: Tensor,
    algorithm: Algorithm,
    update: Window,
) -> LossOutput:
    """What to call backward on, and metrics that sum to the update's over micro-batches and ranks (not scaled).

    Args:
        log_probs, old_log_probs, action_mask: [B, A] as OpenRLHF has them.
        advantages: [B, A]; the same for all tokens of a row.
        is_teacher: [B].
        algorithm: What the loss is made of.
        update: The whole update that the micro-batch is a part of.
    """
    first = action_mask.int().argmax(-1, keepdim=True)
    found = mixed_policy_loss(
        log_probs,
        old_log_probs,
        advantages.gather(-1, first)[:, 0],
        action_mask.bool(),
        is_teacher.bool(),
        algorithm,
        totals=update.totals,
    )
    return LossOutput(found.loss * update.scale, found.metrics)
