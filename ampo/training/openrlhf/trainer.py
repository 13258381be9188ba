"""OpenRLHF's trainer, the one that directs the others: AMPO's experience maker, order of prompts, metrics, counters.

Deviations from OpenRLHF, besides the order of prompts (`rollouts`):

- a step's metrics go to metrics.jsonl under the local backend's names before its checkpoint is written;
- the last step writes a checkpoint too, whether or not it is due, and so does one at which an alarm stops the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import ray
from openrlhf.trainer.ppo_trainer import BasePPOTrainer
from openrlhf.trainer.ppo_trainer import PPOTrainer as _Original

from ampo.training.alarms import stopped, stopping
from ampo.training.openrlhf.maker import AmpoExperienceMaker
from ampo.training.openrlhf.rollouts import OrderedSamples
from ampo.training.openrlhf.settings import Settings
from ampo.training.rundir import TrainDir

_Base: Any = BasePPOTrainer
_Trainer: Any = _Original.__ray_actor_class__  # type: ignore[attr-defined]  # Ray lets nobody inherit from the other
_TIMES = {"generation": "rollout", "make_experience": "experience", "ppo_train": "update", "broadcast": "sync"}
_COUNTERS = ("samples", "tokens")


class Directed(_Base):
    """See the module's docstring. To be inherited from before one of OpenRLHF's trainers."""

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

    def init_checkpoint_states(self) -> dict[str, Any]:
        """Where OpenRLHF's `fit` begins: after the last checkpoint, with our counters and logs as they were then."""
        states = {**super().init_checkpoint_states(), "data_loader_state_dict": {}}
        done = states["global_step"]
        self._counted |= {name: states[name] for name in _COUNTERS if name in states}
        self._folder.forget_after(done)
        self._begin(done + 1)
        return states

    def save_logs_and_checkpoints(self, global_step: int, logs_dict: Any = None, client_states: Any = None) -> None:
        for name in _COUNTERS:
            self._counted[name] += self.experience_maker.own[name]
        self._log(global_step, logs_dict)
        config = self._settings.config
        alarm = stopping(self._folder.read_metrics(), config.log.stop_at)
        if alarm or global_step == config.steps:
            self.args.ckpt.save_steps = global_step
        client_states = {**client_states, "data_loader_state_dict": {}, **self._counted}
        super().save_logs_and_checkpoints(global_step, logs_dict, client_states)
        if alarm:
            raise stopped(global_step, alarm)
        self._begin(global_step + 1)

    def _begin(self, step: int) -> None:
        self.experience_maker.step = step
        ray.get(self.actor_model_group.async_run_method(method_name="begin_step", step=step))

    def _log(self, step: int, status: dict[str, Any]) -> None:
        """metrics.jsonl and guidance.jsonl. OpenRLHF's own loggers get the same names besides theirs."""
        maker = self.experience_maker
        metrics = {**maker.guided.metrics, **maker.own, **_updates(status), **self._counted, **_times(status)}
        self._folder.append(self._folder.metrics, [{"step": step, **metrics}])
        decisions = [asdict(d) | {"sources": d.sources} for d in maker.guided.decisions]
        self._folder.append(self._folder.guidance, decisions)
        status |= metrics


class AmpoTrainer(Directed, _Trainer):
    """One that has the engines sample and the policy learn in turn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.samples_generator.__class__ = OrderedSamples
        self.max_steps = self.samples_generator.updates()

    def init_checkpoint_states(self) -> dict[str, Any]:
        states = super().init_checkpoint_states()
        self.prompts_dataloader = self.samples_generator.go_on(states["global_step"])
        return states


def _updates(status: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in status.items() if name.startswith("update/")}


def _times(status: Mapping[str, Any]) -> dict[str, float]:
    """Seconds, under the local backend's prefix."""
    times = {f"time/{ours}": round(status[f"timing/{theirs}"], 3) for theirs, ours in _TIMES.items()}
    return times | {"time/step": round(status["timing/step_total"], 3)}


PPOTrainer = ray.remote(AmpoTrainer)
