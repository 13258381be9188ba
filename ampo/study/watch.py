"""The local backend, watched: what the figures of the mechanism are made of, logged beside its own metrics.

study/begins        probability that a response begins with the problem's first digit, as work does; exact, over the
                    probe problems, before the step's update
study/works         share of the step's own responses that don't answer at once
study/teacher_norm, study/failed_norm   every few steps, in groups that hold a teacher's row: norm of the gradient, in
                    the weights, of the policy's loss over the teachers' rows, and over the student's pushed-down ones
study/cpu           processor seconds of the step, validation and checkpoints left out
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from ampo.algorithm.losses import BatchTotals, mixed_policy_loss
from ampo.algorithm.presets import Algorithm
from ampo.prompts import ANSWER_OPEN
from ampo.training.batches import collate, micro_batches
from ampo.training.loop import LocalTrainer
from ampo.training.rows import Group, GuidedStep, MixedRow
from ampo.training.update import token_stats

BIN = 4
"""Steps that the curves are averaged over; in each, gradients are looked at once."""

Probe = Sequence[tuple[tuple[int, ...], tuple[int, ...]]]
"""(prompt, first token of work) of each probe problem."""


class WatchedTrainer(LocalTrainer):
    """A local trainer that logs the above. Give it `probe`, and which rows of guided groups count, once it is made."""

    probe: Probe = ()
    guided_rows: str = "all"

    def step(self, step: int) -> dict[str, float]:
        """As the backend does it; the clock is set."""
        self._began = time.process_time()
        return super().step(step)

    def learn(self, groups: Sequence[Group], step: int) -> dict[str, float]:
        """As the backend does it, with what is watched."""
        seen = {"study/begins": probability(self._loaded.model, self.probe), "study/works": works(groups)}
        self._norms: dict[str, float] = {}
        metrics = super().learn(groups, step)
        return metrics | seen | self._norms | {"study/cpu": time.process_time() - self._began}

    def _guided(self, groups: Sequence[Group], step: int) -> tuple[list[Group], GuidedStep]:
        asked, guided = super()._guided(groups, step)
        guided = replace(guided, groups=tuple(counted(rows, self.guided_rows) for rows in guided.groups))
        if step % BIN == 1 and any(row.is_teacher for rows in guided.groups for row in rows):
            self._norms = gradient_norms(self._loaded.model, guided.groups, self.algorithm, self.config)
        return asked, guided


def counted(rows: tuple[MixedRow, ...], whose: str) -> tuple[MixedRow, ...]:
    """A group whose advantages are kept, where a teacher's row is among them, for `whose` rows alone: all, the
    teacher's, the student's own."""
    if whose == "all" or not any(row.is_teacher for row in rows):
        return rows
    return tuple(row if row.is_teacher == (whose == "teacher") else replace(row, advantage=0.0) for row in rows)


def works(groups: Sequence[Group]) -> float:
    """Share of responses that don't answer at once."""
    texts = [response.text for group in groups for response in group.responses]
    return sum(not text.startswith(ANSWER_OPEN) for text in texts) / len(texts)


@torch.no_grad()
def probabilities(model: Any, probe: Probe) -> list[float]:
    """That a response to each prompt begins with the given token."""
    rows = [MixedRow(prompt, first, 0.0, 0.0) for prompt, first in probe]
    training = model.training
    model.eval()
    found, _ = token_stats(model, collate(rows, model.device), 1.0, entropy_gradient=False)
    model.train(training)
    return found[:, 0].exp().tolist()


def probability(model: Any, probe: Probe) -> float:
    """The mean of them."""
    return sum(probabilities(model, probe)) / len(probe)


def gradient_norms(
    model: Any, groups: Sequence[Sequence[MixedRow]], algorithm: Algorithm, config: Any
) -> dict[str, float]:
    """Norms of the gradient of the teachers' rows and of the student's pushed-down ones, in the groups that hold both.

    The loss is normalised over all of the step, as in its update; the entropy's part is left out.

    Args:
        model: The policy.
        groups: Of the step.
        algorithm: What the loss is made of.
        config: Of the run.
    """
    rows = [row for group in groups for row in group]
    lengths = [(row.is_teacher, len(row.response_ids)) for row in rows]
    totals = BatchTotals(
        sequences=len(rows),
        own_tokens=sum(n for teacher, n in lengths if not teacher),
        teacher_tokens=sum(n for teacher, n in lengths if teacher),
        teacher_sequences=sum(teacher and n > 0 for teacher, n in lengths),
    )
    guided = [row for group in groups if any(r.is_teacher for r in group) for row in group]
    parts = {
        "study/teacher_norm": [row for row in guided if row.is_teacher],
        "study/failed_norm": [row for row in guided if not row.is_teacher and row.advantage < 0],
    }
    budget = config.optimizer.micro_batch_tokens
    return {name: _norm(model, part, algorithm, totals, budget) for name, part in parts.items()}


def _norm(model: Any, rows: Sequence[MixedRow], algorithm: Algorithm, totals: BatchTotals, budget: int) -> float:
    model.zero_grad(set_to_none=True)
    for taken in micro_batches(rows, budget):
        part = [rows[i] for i in taken]
        batch = collate(part, model.device)
        log_probs, _ = token_stats(model, batch, 1.0, entropy_gradient=False)
        advantages = torch.tensor([row.advantage for row in part], device=log_probs.device)
        teachers = torch.tensor([row.is_teacher for row in part], device=log_probs.device)
        old = log_probs.detach().clone()
        mixed_policy_loss(log_probs, old, advantages, batch.mask, teachers, algorithm, totals=totals).loss.backward()
    square = sum(p.grad.square().sum().item() for p in model.parameters() if p.grad is not None)
    model.zero_grad(set_to_none=True)
    return square**0.5
