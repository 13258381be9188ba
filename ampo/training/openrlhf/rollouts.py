"""OpenRLHF's samples generator, with the local backend's order of prompts.

Deviation from OpenRLHF: the prompts of a step are `batch`'s, which depends on the seed and the step alone; epochs run
into one another, and a resumed run needs no state of a data loader. Each rollout is a step, whose number the engines
are told for the seeds of its responses.
"""

from __future__ import annotations

from typing import Any

import ray
from openrlhf.trainer.ppo_utils.samples_generator import SamplesGenerator

from ampo.training.prompts import batch


class OrderedSamples(SamplesGenerator):
    """See the module's docstring. step: the last one that was begun."""

    step: int

    def go_on(self, done: int) -> Any:
        """The prompts of all steps after `done`, as the order in which OpenRLHF's loader reads its data: the loader."""
        config, data = self.args.ampo.config, self.prompts_dataloader.dataset
        rows, size = list(range(len(data))), config.rollout.prompts_per_step
        order = [i for step in range(done + 1, config.steps + 1) for i in batch(rows, step, size, config.seed)]
        self.prompts_dataloader = self.strategy.setup_dataloader(
            data, 1, collate_fn=data.collate_fn, shuffle=False, sampler=order
        )
        self.step = done
        return self.prompts_dataloader

    def updates(self) -> int:
        """Of the whole run, which the learning rate's schedule counts."""
        args = self.args
        a_step = args.rollout.batch_size * args.rollout.n_samples_per_prompt // args.train.batch_size
        return args.ampo.config.steps * a_step

    def generate_samples(self, **kwargs: Any) -> Any:
        self.step += 1
        config = self.args.ampo.config
        seed = config.seed if config.rollout.seeded else None
        ray.get([engine.begin_step.remote(seed, self.step) for engine in self.vllm_engines])
        return super().generate_samples(**kwargs)
