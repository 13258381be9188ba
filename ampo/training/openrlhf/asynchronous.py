"""OpenRLHF's asynchronous training: one process has the engines sample, another has the policy learn, at the same time.

Responses come from weights of a step or two before those that learn from them. As in OpenRLHF, unless it is told
otherwise, no loss corrects that; `own/sampling_logp_difference` says how far apart the two are. Which prompts a step
takes, and the seeds of its responses, are those of a run that isn't asynchronous, and so they are after a resume. Whose
weights sample them isn't: a resumed run begins with its checkpoint's.

OpenRLHF's controller names its two actors itself, in a process of its own, so that they are substituted there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ray
from openrlhf.trainer import ppo_trainer_async
from openrlhf.trainer.ppo_trainer import BasePPOTrainer

from ampo.training.openrlhf.rollouts import OrderedSamples
from ampo.training.openrlhf.substitute import substitute
from ampo.training.openrlhf.trainer import Directed

# Ray lets nobody inherit from actors, but from what they are made of.
_Controller: Any = ppo_trainer_async.PPOTrainerAsync.__ray_actor_class__  # type: ignore[attr-defined]
_Generator: Any = ppo_trainer_async.GenerateSamplesActor.__ray_actor_class__  # type: ignore[attr-defined]
_Training: Any = ppo_trainer_async.TrainingActor.__ray_actor_class__  # type: ignore[attr-defined]


class AmpoSampling(_Generator):
    """Has the engines sample."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.samples_generator.__class__ = OrderedSamples
        self.max_steps = self.samples_generator.updates()
        self.load_state_dict({"done": 0})

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Where OpenRLHF has a resumed run's loader go on: after the last checkpoint."""
        self.prompts_dataloader = self.samples_generator.go_on(state_dict["done"])


class AmpoTraining(Directed, _Training):
    """Has the policy learn."""

    def init_checkpoint_states(self) -> dict[str, Any]:
        states = super().init_checkpoint_states()
        return {**states, "data_loader_state_dict": {"done": states["global_step"]}}

    def broadcast_to_vllm(self) -> None:
        """OpenRLHF's, whose own `super()` doesn't find its way from a subclass in a Ray actor."""
        ray.get(self.vllm_lock.acquire.remote())
        try:
            BasePPOTrainer.broadcast_to_vllm(self)
        finally:
            ray.get(self.vllm_lock.release.remote())


class AmpoAsync(_Controller):
    """Starts the two."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        substitute(
            ppo_trainer_async,
            GenerateSamplesActor=ray.remote(AmpoSampling),
            TrainingActor=ray.remote(AmpoTraining),
        )
        super().__init__(*args, **kwargs)


PPOTrainerAsync = ray.remote(AmpoAsync)
