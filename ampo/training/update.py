"""From rows to an update of the weights: the gradients of micro-batches add up to those of the mini-batch."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from ampo.algorithm.losses import BatchTotals, mixed_policy_loss, sft_loss
from ampo.algorithm.presets import Algorithm
from ampo.training import chunked, prefix
from ampo.training.adamw import adamw
from ampo.training.batches import Batch, collate, micro_batches
from ampo.training.config import Optimizer
from ampo.training.rows import MixedRow
from ampo.training.schedule import factor


def token_stats(model: Any, batch: Batch, temperature: float, *, entropy_gradient: bool) -> tuple[Tensor, Tensor]:
    """Log-probabilities and entropies of the responses' tokens.

    Chunk by chunk (`chunked`), and with a shared prompt computed once (`prefix`), but for models that can't.

    Args:
        model: Of transformers.
        batch: Prompts with their responses, padded.
        temperature: Of the sampling.
        entropy_gradient: Whether the entropies have one.

    Returns:
        Both [B, R], float32, in nats, at the temperature; 0 at the padding.
    """
    width = batch.response_ids.shape[1]
    if head := chunked.head_of(model):
        hidden = prefix.states(model, head.body, batch)
        found = chunked.token_stats(
            hidden[batch.mask], head, batch.response_ids[batch.mask], temperature, entropy_gradient=entropy_gradient
        )
        log_probs, entropy = (v.new_zeros(batch.mask.shape).masked_scatter(batch.mask, v) for v in found)
        return log_probs, entropy
    output = model(**batch.inputs, logits_to_keep=width + 1, use_cache=False)
    logits = output.logits[:, :-1].float() / temperature
    normaliser = logits.logsumexp(-1)
    log_probs = logits.gather(-1, batch.response_ids[..., None])[..., 0] - normaliser
    with nullcontext() if entropy_gradient else torch.no_grad():
        entropy = normaliser - ((logits - normaliser[..., None]).exp() * logits).sum(-1)
    return log_probs, entropy


class Policy:
    """The model that learns, with its optimiser and schedule.

    Args:
        model: Of transformers, on its device.
        settings: Of the optimiser.
        steps: Of the run, for the schedule.
        temperature: Of the sampling, at which log-probabilities are taken.
        autocast: bfloat16 on a GPU, where the weights themselves stay float32 (updates of 1e-6 would be lost in
            bfloat16); None computes in the weights' own.
    """

    def __init__(
        self, model: Any, settings: Optimizer, steps: int, temperature: float, autocast: torch.dtype | None = None
    ) -> None:
        self.model, self._settings, self._steps, self._temperature = model, settings, steps, temperature
        self._autocast, self._squares = autocast, dict.fromkeys(("own", "teacher"), 0.0)
        if settings.gradient_checkpointing:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        self.optimizer = adamw(model.parameters(), settings)

    def computing(self) -> AbstractContextManager[Any]:
        """The precision that forward passes run in."""
        if self._autocast is None:
            return nullcontext()
        return torch.autocast(self.model.device.type, dtype=self._autocast)

    @torch.no_grad()
    def log_probs(self, rows: Sequence[MixedRow]) -> list[Tensor]:
        """Of the tokens of each row's response, under the policy as it is."""
        self.model.eval()
        log_probs: list[Tensor] = [torch.empty(0)] * len(rows)
        for taken in micro_batches(rows, self._settings.micro_batch_tokens):
            batch = collate([rows[i] for i in taken], self.model.device)
            with self.computing():
                found, _ = token_stats(self.model, batch, self._temperature, entropy_gradient=False)
            for i, values in zip(taken, found, strict=True):
                log_probs[i] = values[: len(rows[i].response_ids)]
        return log_probs

    def own_log_probs(self, rows: Sequence[MixedRow]) -> list[Tensor | None]:
        """As `log_probs` for the policy's own rows; None for teachers'."""
        own = [i for i, row in enumerate(rows) if not row.is_teacher]
        found: list[Tensor | None] = [None] * len(rows)
        for i, values in zip(own, self.log_probs([rows[i] for i in own]), strict=True):
            found[i] = values
        return found

    def update(
        self, rows: Sequence[MixedRow], old: Sequence[Tensor | None], algorithm: Algorithm, step: int
    ) -> dict[str, float]:
        """One update on a mini-batch.

        A gradient that is not finite is dropped, and counted as `skipped`.

        Args:
            rows: Own and teachers' responses with their advantages.
            old: Log-probabilities of own rows when they were sampled; None for teachers' rows, and for own rows that
                this very policy has sampled.
            algorithm: What the loss is made of.
            step: Of the run, from 1, for the schedule.

        Returns:
            The metrics. own_pull and teacher_pull are the norms of the loss's gradient in the log-probabilities of own
            and of teachers' tokens, in which the two can be told apart without a second backward pass.
        """
        self.model.train()
        totals = sum((_totals(row) for row in rows), BatchTotals())
        metrics: defaultdict[str, float] = defaultdict(float)
        self._squares = dict.fromkeys(self._squares, 0.0)
        for taken in micro_batches(rows, self._settings.micro_batch_tokens):
            part, before = [rows[i] for i in taken], [old[i] for i in taken]
            with self.computing():
                loss, found = self._loss(part, before, algorithm, totals)
            loss.backward()
            metrics["loss"] += loss.item()
            for name, value in found.items():
                metrics[name] += value.item()
        pulls = {f"{name}_pull": math.sqrt(value) for name, value in self._squares.items()}
        return dict(metrics) | pulls | self._step(step)

    def _loss(
        self, rows: list[MixedRow], old: list[Tensor | None], algorithm: Algorithm, totals: BatchTotals
    ) -> tuple[Tensor, dict[str, Tensor]]:
        batch = collate(rows, self.model.device)
        if algorithm.objective == "sft":
            log_probs, _ = token_stats(self.model, batch, 1.0, entropy_gradient=False)
            return sft_loss(log_probs, batch.mask, totals.tokens), {}
        log_probs, entropy = token_stats(
            self.model, batch, self._temperature, entropy_gradient=algorithm.entropy_coefficient > 0
        )
        teachers = torch.tensor([row.is_teacher for row in rows], device=log_probs.device)
        log_probs.register_hook(lambda gradient: self._note_pull(gradient, teachers))
        before = log_probs.detach().clone()
        for i, values in enumerate(old):
            if values is not None:
                before[i, : len(values)] = values
        output = mixed_policy_loss(
            log_probs,
            before,
            torch.tensor([row.advantage for row in rows], device=log_probs.device),
            batch.mask,
            teachers,
            algorithm,
            entropy=entropy,
            totals=totals,
        )
        return output.loss, output.metrics | _sampling_difference(rows, before, totals)

    def _note_pull(self, gradient: Tensor, teachers: Tensor) -> None:
        """gradient: [B, R], of the loss in the log-probabilities."""
        squares = gradient.detach().float().square().sum(-1)
        self._squares["own"] += squares[~teachers].sum().item()
        self._squares["teacher"] += squares[teachers].sum().item()

    def _step(self, step: int) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = self._settings.lr * factor(self._settings, self._steps, step)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self._settings.grad_norm).item()
        if math.isfinite(norm):
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        finite = math.isfinite(norm)
        return {
            "grad_norm": norm if finite else 0.0,
            "skipped": float(not finite),
            "lr": self._settings.lr * factor(self._settings, self._steps, step),
        }


def _sampling_difference(rows: Sequence[MixedRow], before: Tensor, totals: BatchTotals) -> dict[str, Tensor]:
    """The rows' part of the mean of |log p of the engine that sampled - log p of the policy then|, over own tokens.

    before: [B, R], the policy's. Rounding alone makes some thousandths of it; more says that the engine doesn't sample
    from the policy that is trained. Empty where no engine tells.
    """
    told = [(before[i], row.sampled_log_probs) for i, row in enumerate(rows) if row.sampled_log_probs]
    if not told:
        return {}
    apart = torch.stack([(ours[: len(t)] - torch.tensor(t, device=ours.device)).abs().sum() for ours, t in told])
    return {"sampling_logp_difference": apart.sum() / max(totals.own_tokens, 1)}


def _totals(row: MixedRow) -> BatchTotals:
    n = len(row.response_ids)
    return BatchTotals(1, 0, n, int(n > 0)) if row.is_teacher else BatchTotals(1, n, 0, 0)
