"""OpenRLHF's policy actor and its trainer, with AMPO's loss, comprehension scores and entropies.

Deviations from OpenRLHF, each where it can't be said by a flag:

- the loss is `ampo.training.openrlhf.loss`, normalised by counts over the whole update. OpenRLHF looks ahead over an
  update's micro-batches to count tokens (`iter_grad_accum_global_norm`); there ours are counted too;
- `forward` keeps each row's entropy besides, which OpenRLHF computes during the update only, when teachers' rows are
  among them;
- rows are learnt from in the order in which the experience maker has put them, an update's prompts whole, where
  OpenRLHF shuffles the rows of a rank: prompts would be torn between two updates;
- learning rates are the local backend's (`schedule`);
- a checkpoint is marked when every rank has written its part (`checkpoints`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import ray
import torch
from openrlhf.trainer.ray import ppo_actor
from openrlhf.utils.loss_utils import iter_grad_accum_global_norm
from torch import Tensor
from torch import distributed as dist
from torch.utils.data import DataLoader

from ampo.guidance.comprehension import ScoringRow
from ampo.training.logprobs import answer_log_probs, log_prob_fn
from ampo.training.metrics import mean_of_updates
from ampo.training.openrlhf import checkpoints, cpu, schedule
from ampo.training.openrlhf.loss import Window, micro_batch_loss, window
from ampo.training.openrlhf.settings import Settings
from ampo.training.openrlhf.substitute import substitute
from ampo.training.rollout import rollout_seed

_Actor: Any = ppo_actor.PolicyModelActor.__ray_actor_class__  # type: ignore[attr-defined]  # Ray lets nobody inherit


class AmpoPolicy(_Actor):
    """See the module's docstring."""

    def init_model_from_pretrained(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        if cpu.needed():
            cpu.adapt()
        self._settings: Settings = strategy.args.ampo
        schedule.install(self._settings.config.optimizer, self._settings.config.steps)
        super().init_model_from_pretrained(strategy, *args, **kwargs)
        self._entropies: list[tuple[float, int]] = []
        self.trainer.__class__ = AmpoActorTrainer  # a second trainer would join vLLM's weight group twice
        self.trainer.learn_by(self._settings)

    def begin_step(self, step: int) -> None:
        """Dropout draws from torch's generator, where a model has it."""
        torch.manual_seed(rollout_seed(self._settings.config.seed, step, "", "torch"))

    def answer_log_probs(self, rows: Sequence[ScoringRow]) -> Sequence[Sequence[float]]:
        """Of a batch that `row_batches` made: one pass through the model, which ZeRO-3 counts on."""
        model = self.actor.model.module
        if self.strategy.args.ds.zero_stage == 3:
            return answer_log_probs(model, rows, token_budget=10**12)
        return log_prob_fn(model, token_budget=10**12)(rows)

    def forward(self, sequences: Tensor, action_mask: Tensor, attention_mask: Tensor, **_: Any) -> Tensor:
        """OpenRLHF's, less what it does for images, which AMPO's prompts have none of."""
        device = torch.cuda.current_device()
        self.actor.eval()
        with torch.no_grad():
            log_probs, output = self.actor(
                sequences.to(device),
                action_mask.to(device),
                attention_mask.to(device),
                return_output=True,
                return_entropy=True,
                ring_attn_group=self.strategy.ring_attn_group,
            )
        self.actor.train()
        entropy = (output.entropy[:, -action_mask.shape[1] :] * action_mask.to(device)).sum(-1)
        self._entropies += zip(entropy.tolist(), action_mask.sum(-1).tolist(), strict=True)
        return log_probs.to("cpu")

    def take_entropies(self) -> list[tuple[float, int]]:
        """(sum over the response's tokens, number of them) of the rows of `forward` since the last call."""
        taken, self._entropies = self._entropies, []
        return taken

    def save_checkpoint(self, tag: str, *args: Any, **kwargs: Any) -> None:
        super().save_checkpoint(tag, *args, **kwargs)
        if self.strategy.is_rank_0():
            checkpoints.mark_whole(Path(self.strategy.args.ckpt.path), tag)


class AmpoActorTrainer(ppo_actor.ActorPPOTrainer):
    """The update of a rank, with AMPO's loss."""

    def learn_by(self, settings: Settings) -> None:
        """Once, after OpenRLHF has made this trainer."""
        self._algorithm = settings.config.resolved_algorithm()
        self._learning: Any = None  # the micro-batch under way, of which the loss gets tensors only
        self.actor_loss_fn: Any = self._loss
        substitute(
            ppo_actor,
            iter_grad_accum_global_norm=partial(_with_windows, iter_grad_accum_global_norm),
            DataLoader=lambda *args, **kwargs: DataLoader(*args, **{**kwargs, "shuffle": False}),
        )

    def ppo_train(self, kl_ctl: float) -> dict[str, Any]:
        self._sums: list[defaultdict[str, float]] = [defaultdict(float)]
        self._norms: list[dict[str, float]] = []
        status = super().ppo_train(kl_ctl)
        return status | mean_of_updates(
            [sums | norms for sums, norms in zip(self._over_ranks(), self._norms, strict=True)]
        )

    def training_step(self, experience: Any, kl_ctl: float, step: int, loss_batch_info: Any = None) -> dict[str, Any]:
        self._learning = experience
        status = super().training_step(experience, kl_ctl, step, loss_batch_info)
        metrics: Any = status["metrics"]
        sums = self._sums[-1]
        # OpenRLHF's entropy is a token mean over the update, scaled for DeepSpeed as the loss is.
        entropy = metrics["entropy_loss"].item() / experience.update.scale
        sums["entropy"] += entropy
        sums["loss"] -= self._algorithm.entropy_coefficient * entropy
        if (step + 1) % self.strategy.accumulated_gradient == 0:
            self._norms.append({"grad_norm": metrics["actor_grad_norm"], "lr": metrics["actor_lr"]})
            self._sums.append(defaultdict(float))
        return status

    def _loss(
        self, log_probs: Tensor, old: Tensor, advantages: Tensor, *, action_mask: Tensor, **_: Any
    ) -> tuple[Tensor, Tensor, Tensor, None, None]:
        """In the shape of OpenRLHF's PolicyLoss: (loss, clip ratio, KL to the old policy, -, -)."""
        update: Window = self._learning.update
        found = micro_batch_loss(
            log_probs, old, advantages, action_mask, _teachers(self._learning), self._algorithm, update
        )
        sums = self._sums[-1]
        sums["loss"] += found.loss.item() / update.scale
        for name, value in found.metrics.items():
            sums[name] += value.item()
        return found.loss, found.metrics["clip_fraction"], found.metrics["approx_kl"], None, None

    def _over_ranks(self) -> list[dict[str, float]]:
        """The sums of each update, over the data-parallel ranks."""
        updates = self._sums[: len(self._norms)]
        names = sorted({name for sums in updates for name in sums})
        values = torch.tensor([[sums[name] for name in names] for sums in updates], dtype=torch.float32)
        values = values.to(torch.cuda.current_device())
        dist.all_reduce(values, group=_ranks(self.strategy))
        return [dict(zip(names, row, strict=True)) for row in values.tolist()]


def _with_windows(
    original: Callable[..., Iterator[Any]],
    experiences: Iterable[Any],
    strategy: Any,
    accumulated: int,
    mask_of: Callable[[Any], Tensor],
) -> Iterator[Any]:
    """OpenRLHF's look-ahead, after ours: each micro-batch learns which update it belongs to."""

    def counted() -> Iterator[Any]:
        rest, device = iter(experiences), torch.cuda.current_device()
        while taken := list(islice(rest, accumulated)):
            parts = [(mask_of(e).to(device), _teachers(e).to(device)) for e in taken]
            update = window(parts, _ranks(strategy))
            for experience in taken:
                experience.update = update
                yield experience

    return original(counted(), strategy, accumulated, mask_of)


def _teachers(experience: Any) -> Tensor:
    """[B]. After batching, info holds a list of 0-d tensors."""
    return torch.as_tensor(experience.info["teacher"], device=experience.action_mask.device).bool()


def _ranks(strategy: Any) -> Any:
    return strategy.ds_device_mesh["dp"].get_group()


PolicyModelActor = ray.remote(num_gpus=1)(AmpoPolicy)
