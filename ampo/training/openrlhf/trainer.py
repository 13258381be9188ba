"""OpenRLHF's trainer, the one that directs the others: AMPO's experience maker, order of prompts, metrics, counters.

Deviations from OpenRLHF:

- the prompts of a step are the local backend's (`batch`): they depend on the seed and the step alone, epochs run into
  one another, and a resumed run needs no state of a data loader;
- a step's metrics go to metrics.jsonl under the local backend's names before its checkpoint is written;
- the last step writes a checkpoint too, whether or not it is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import ray
from openrlhf.trainer.ppo_trainer import PPOTrainer as _Original

from ampo.training.openrlhf.maker import AmpoExperienceMaker
from ampo.training.openrlhf.settings import Settings
from ampo.training.prompts import batch
from ampo.training.rundir import TrainDir

_Trainer: Any = _Original.__ray_actor_class__  # type: ignore[attr-defined]  # Ray lets nobody inherit from the other
_TIMES = {"generation": "rollout", "make_experience": "experience", "ppo_train": "update", "broadcast": "sync"}
_COUNTERS = ("samples", "tokens")


class AmpoTrainer(_Trainer):
    """See the module's docstring."""

    def __init__(self, pretrain: str, strategy: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(pretrain, strategy, *args, **kwargs)
        self._settings: Settings = strategy.args.ampo
        self._folder = TrainDir(self._settings.folder)
        self._counted = dict.fromkeys(_COUNTERS, 0.0)
        self.experience_maker = AmpoExperienceMaker(
            self.actor_model_group,
            self.critic_model_group,
            self.reward_model_group,
            self.reference_model_group,
            self.kl_ctl,
            strategy,
            self.tokenizer,
        )
        self.experience_maker.guide_by(self._settings)

    def get_max_steps(self) -> int:
        """Updates, which the learning rate's schedule counts."""
        args = self.args
        return self._settings.config.steps * (
            args.rollout.batch_size * args.rollout.n_samples_per_prompt // args.train.batch_size
        )

    def init_checkpoint_states(self) -> dict[str, Any]:
        """Where OpenRLHF's `fit` begins: after the last checkpoint, with our counters and logs as they were then."""
        states = {**super().init_checkpoint_states(), "data_loader_state_dict": {}}
        done = states["global_step"]
        self._counted |= {name: states[name] for name in _COUNTERS if name in states}
        self._folder.forget_after(done)
        self._lay_out(done)
        self._begin(done + 1)
        return states

    def save_logs_and_checkpoints(self, global_step: int, logs_dict: Any = None, client_states: Any = None) -> None:
        for name in _COUNTERS:
            self._counted[name] += self.experience_maker.own[name]
        self._log(global_step, logs_dict)
        if global_step == self._settings.config.steps:
            self.args.ckpt.save_steps = global_step
        client_states = {**client_states, "data_loader_state_dict": {}, **self._counted}
        super().save_logs_and_checkpoints(global_step, logs_dict, client_states)
        self._begin(global_step + 1)

    def _lay_out(self, done: int) -> None:
        """The prompts of all steps that are left, as the order in which OpenRLHF's loader reads its data."""
        config, data = self._settings.config, self.prompts_dataloader.dataset
        rows, size = list(range(len(data))), config.rollout.prompts_per_step
        order = [i for step in range(done + 1, config.steps + 1) for i in batch(rows, step, size, config.seed)]
        loader = self.strategy.setup_dataloader(data, 1, collate_fn=data.collate_fn, shuffle=False, sampler=order)
        self.prompts_dataloader = self.samples_generator.prompts_dataloader = loader

    def _begin(self, step: int) -> None:
        self.experience_maker.step = step
        refs = self.actor_model_group.async_run_method(method_name="begin_step", step=step)
        refs += [engine.begin_step.remote(self._settings.config.seed, step) for engine in self.vllm_engines]
        ray.get(refs)

    def _log(self, step: int, status: dict[str, Any]) -> None:
        """metrics.jsonl and guidance.jsonl. OpenRLHF's own loggers get the same names besides theirs."""
        maker = self.experience_maker
        metrics = {**maker.guided.metrics, **maker.own, **_updates(status), **self._counted, **_times(status)}
        self._folder.append(self._folder.metrics, [{"step": step, **metrics}])
        decisions = [asdict(d) | {"sources": d.sources} for d in maker.guided.decisions]
        self._folder.append(self._folder.guidance, decisions)
        status |= metrics


def _updates(status: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in status.items() if name.startswith("update/")}


def _times(status: Mapping[str, Any]) -> dict[str, float]:
    """Seconds, under the local backend's prefix."""
    times = {f"time/{ours}": round(status[f"timing/{theirs}"], 3) for theirs, ours in _TIMES.items()}
    return times | {"time/step": round(status["timing/step_total"], 3)}


PPOTrainer = ray.remote(AmpoTrainer)
