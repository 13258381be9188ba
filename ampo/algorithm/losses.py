"""The mixed objective (paper, Eq. 7): own responses by a clipped surrogate, teacher tokens by policy shaping.

With p = pi_theta(token), rho = p / p_old, A the advantage, per token:

- own: -min(rho A, clip(rho, 1 - eps, 1 + eps) A); for A < 0 bounded by -c A (dual-clip PPO, c = 10); log rho in +-20.
- teacher, shaped: -A f(p), f(p) = p / (p + gamma): LUFFY's shaping with a behaviour policy of 1. The weight on
  grad log p is gamma p / (p + gamma)^2. No clip. f is sigmoid(log p - log gamma), which is finite everywhere.
- teacher, clip (preset ampo-paper): the clipped surrogate with the ratio p / 1.
- teacher, sft (preset rl-sft): -log p, whatever the advantage, as a token mean.

Aggregation "constant": tokens summed over L_max, averaged over the sequences of the mini-batch. "token_mean": own
tokens by their mean, teacher sequences by the mean of their token means. Less `entropy_coefficient` times the token
mean of the entropy. The policy's terms are weighed by `policy_scale`, 1 but for the authors' effective weights. No KL
term.

Deviation: the authors' code multiplies by the number of rows of each micro-batch, so that its loss depends on how the
mini-batch is cut. Here every normaliser is a count over the whole mini-batch (`BatchTotals`, summed over data-parallel
ranks), so that the losses of micro-batches add up to the mini-batch's, and so do their metrics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ampo.algorithm.presets import Algorithm

_LOG_RATIO = 20.0  # bound on log rho
_LOG_PROB = -1e4  # below this a probability is 0 in any format; keeps -inf out of the arithmetic

Rows = Float[Tensor, "rows"]
Tokens = Float[Tensor, "rows tokens"]
TokenMask = Bool[Tensor, "rows tokens"]
RowMask = Bool[Tensor, "rows"]


@dataclass(frozen=True, slots=True)
class BatchTotals:
    """What a mini-batch holds, over all its micro-batches and data-parallel ranks. Totals add up."""

    sequences: int = 0
    own_tokens: int = 0
    teacher_tokens: int = 0
    teacher_sequences: int = 0

    @classmethod
    def of(cls, mask: TokenMask, is_teacher: RowMask) -> BatchTotals:
        """mask: the response's tokens. A row without any counts as a sequence, but not as a teacher's."""
        lengths = mask.sum(-1)
        return cls(
            sequences=len(mask),
            own_tokens=int(lengths[~is_teacher].sum()),
            teacher_tokens=int(lengths[is_teacher].sum()),
            teacher_sequences=int((lengths[is_teacher] > 0).sum()),
        )

    def __add__(self, other: BatchTotals) -> BatchTotals:
        return BatchTotals(
            self.sequences + other.sequences,
            self.own_tokens + other.own_tokens,
            self.teacher_tokens + other.teacher_tokens,
            self.teacher_sequences + other.teacher_sequences,
        )

    @property
    def tokens(self) -> int:
        return self.own_tokens + self.teacher_tokens


@dataclass(frozen=True, slots=True)
class LossOutput:
    """A micro-batch's part of the mini-batch's loss, and of its metrics: each sums to the mini-batch's value.

    metrics: detached scalars. policy_loss, teacher_loss, entropy; own_entropy, clip_fraction and dual_clip_fraction (of
    own tokens);
    ratio_mean and approx_kl (own tokens); teacher_tokens (their number); teacher_weight (mean gamma p / (p + gamma)^2
    over teacher tokens); teacher_prob (mean p over teacher tokens).
    """

    loss: Float[Tensor, ""]
    metrics: dict[str, Tensor]


def mixed_policy_loss(
    log_probs: Tokens,
    old_log_probs: Tokens,
    advantages: Rows,
    mask: TokenMask,
    is_teacher: RowMask,
    algorithm: Algorithm,
    *,
    entropy: Tokens | None = None,
    totals: BatchTotals | None = None,
) -> LossOutput:
    """The loss of a micro-batch.

    Args:
        log_probs: Of the response's tokens under the policy being trained, in nats.
        old_log_probs: The same under the policy that sampled them; teacher rows' are not read.
        advantages: Of each row.
        mask: Which tokens belong to the response.
        is_teacher: Which rows are teacher solutions.
        algorithm: What the loss is made of.
        entropy: Of the policy at each token, in nats; None leaves the entropy term out.
        totals: Of the whole mini-batch; None takes these rows for all of it.

    Returns:
        The loss, a scalar, and metrics that sum over micro-batches to those of the mini-batch.
    """
    totals = totals or BatchTotals.of(mask, is_teacher)
    log_probs = log_probs.masked_fill(~mask, 0.0).clamp(min=_LOG_PROB)
    own, teacher = mask & ~is_teacher[:, None], mask & is_teacher[:, None]
    advantage = advantages[:, None]
    old_log_probs = old_log_probs.masked_fill(~own, 0.0)
    own_loss, own_metrics = _own_tokens(log_probs, old_log_probs, advantage, own, algorithm, totals)
    teacher_tokens = _teacher_tokens(log_probs, advantage, algorithm).masked_fill(~teacher, 0.0)
    policy_loss = algorithm.policy_scale * _aggregate_own(own_loss, algorithm, totals)
    teacher_loss = _aggregate_teacher(teacher_tokens, teacher, algorithm, totals)
    loss = policy_loss + teacher_loss
    metrics = {"policy_loss": policy_loss, "teacher_loss": teacher_loss, **own_metrics}
    metrics |= _teacher_metrics(log_probs, teacher, algorithm.gamma, totals)
    if entropy is not None:
        mean_entropy = entropy.masked_fill(~mask, 0.0).sum() / max(totals.tokens, 1)
        loss = loss - algorithm.entropy_coefficient * mean_entropy
        metrics["entropy"] = mean_entropy
        metrics["own_entropy"] = entropy.masked_fill(~own, 0.0).sum() / max(totals.own_tokens, 1)
    return LossOutput(loss, {name: value.detach() for name, value in metrics.items()})


def sft_loss(log_probs: Tokens, mask: TokenMask, n_tokens: int | None = None) -> Float[Tensor, ""]:
    """Token-mean cross-entropy.

    Args:
        log_probs: [B, R], of the solutions' tokens, in nats.
        mask: [B, R], where a token is.
        n_tokens: Of the whole mini-batch; None takes these rows for all of it.

    Returns:
        The loss, a scalar in nats.
    """
    total = int(mask.sum()) if n_tokens is None else n_tokens
    return -log_probs.masked_fill(~mask, 0.0).clamp(min=_LOG_PROB).sum() / max(total, 1)


def shaping_weight(probability: Tensor, gamma: float = 0.1) -> Tensor:
    """Weight on grad log p of a teacher token of probability p: gamma p / (p + gamma)^2. At most 1/4, at p = gamma."""
    return gamma * probability / (probability + gamma) ** 2


def _own_tokens(
    log_probs: Tensor, old_log_probs: Tensor, advantage: Tensor, own: Tensor, algorithm: Algorithm, totals: BatchTotals
) -> tuple[Tensor, dict[str, Tensor]]:
    """Loss of each own token (0 elsewhere), and the metrics of the ratio."""
    log_ratio = (log_probs - old_log_probs.clamp(min=_LOG_PROB)).clamp(-_LOG_RATIO, _LOG_RATIO)
    ratio = log_ratio.exp()
    surrogate = ratio * advantage
    clipped = dual = torch.zeros_like(own)
    if algorithm.on_policy_loss != "unclipped":
        bounded = ratio.clamp(1 - algorithm.clip_low, 1 + algorithm.clip_high) * advantage
        clipped = bounded < surrogate
        surrogate = torch.minimum(surrogate, bounded)
    if algorithm.on_policy_loss == "dual_clip":
        floor = algorithm.dual_clip * advantage
        dual = (advantage < 0) & (surrogate < floor)
        surrogate = torch.where(advantage < 0, torch.maximum(surrogate, floor), surrogate)
    n = max(totals.own_tokens, 1)
    metrics = {
        "clip_fraction": (clipped & own).sum() / n,
        "dual_clip_fraction": (dual & own).sum() / n,
        "ratio_mean": ratio.masked_fill(~own, 0.0).sum() / n,
        "approx_kl": (ratio - 1 - log_ratio).masked_fill(~own, 0.0).sum() / n,  # Schulman's k3
    }
    return -surrogate.masked_fill(~own, 0.0), metrics


def _teacher_tokens(log_probs: Tensor, advantage: Tensor, algorithm: Algorithm) -> Tensor:
    if algorithm.teacher_loss == "shaped":
        return -advantage * torch.sigmoid(log_probs - math.log(algorithm.gamma))
    if algorithm.teacher_loss == "clip":
        ratio = log_probs.exp()
        bounded = ratio.clamp(1 - algorithm.clip_low, 1 + algorithm.clip_high)
        return -torch.minimum(ratio * advantage, bounded * advantage)
    if algorithm.teacher_loss == "sft":
        return -algorithm.sft_coefficient * log_probs
    return torch.zeros_like(log_probs)


def _aggregate_own(losses: Tensor, algorithm: Algorithm, totals: BatchTotals) -> Tensor:
    if algorithm.aggregation == "constant":
        return losses.sum() / (algorithm.max_response_tokens * max(totals.sequences, 1))
    return losses.sum() / max(totals.own_tokens, 1)


def _aggregate_teacher(losses: Tensor, teacher: Tensor, algorithm: Algorithm, totals: BatchTotals) -> Tensor:
    if algorithm.teacher_loss == "sft":
        return losses.sum() / max(totals.teacher_tokens, 1)
    if algorithm.aggregation == "constant":
        return algorithm.policy_scale * losses.sum() / (algorithm.max_response_tokens * max(totals.sequences, 1))
    means = losses.sum(-1) / teacher.sum(-1).clamp(min=1)
    return algorithm.policy_scale * means.sum() / max(totals.teacher_sequences, 1)


def _teacher_metrics(log_probs: Tensor, teacher: Tensor, gamma: float, totals: BatchTotals) -> dict[str, Tensor]:
    probability = log_probs.detach().exp()
    n = max(totals.teacher_tokens, 1)
    return {
        "teacher_tokens": teacher.sum().float(),
        "teacher_weight": shaping_weight(probability, gamma).masked_fill(~teacher, 0.0).sum() / n,
        "teacher_prob": probability.masked_fill(~teacher, 0.0).sum() / n,
    }
