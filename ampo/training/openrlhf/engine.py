"""OpenRLHF's vLLM actor with a seed for each response, so that a step that is done again samples what it had sampled.

Deviation: OpenRLHF gives requests no seed, so that its rollouts depend on how many came before them. Here the seed of
response i is the local backend's: made of the run's seed, the step, the prompt's uid and i. (On a GPU the numbers of
a batch still depend on its composition, so that a repeated step is the same up to that.)
"""

from __future__ import annotations

import asyncio
import json
from copy import deepcopy
from typing import Any

import ray
from openrlhf.trainer.ray.vllm_engine import RolloutRayActor as _Original

from ampo.engines.transformers import stop_ids
from ampo.training.openrlhf import cpu, special
from ampo.training.openrlhf.watchdog import end_with_core
from ampo.training.rollout import rollout_seed

_Engine: Any = _Original.__ray_actor_class__  # type: ignore[attr-defined]  # Ray lets nobody inherit from the other


class SeededEngine(_Engine):
    """See the module's docstring."""

    async def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._seed: int | None = 0
        self._step = 0
        if cpu.needed():
            kwargs |= cpu.ENGINE
        await super().__init__(*args, **kwargs)
        end_with_core(lambda: self.llm.errored)

    async def begin_step(self, seed: int | None, step: int) -> None:
        """seed: of the run; None leaves requests without one."""
        self._seed, self._step = seed, step

    async def generate_responses(
        self,
        prompt: str,
        label: str,
        sampling_params: Any,
        max_length: int,
        hf_tokenizer: Any,
        num_samples: int = 1,
        images: Any = None,
    ) -> list[dict[str, Any]]:
        hf_tokenizer.clean_up_tokenization_spaces = False  # OpenRLHF's texts as the local backend's: no space is lost
        special.tell(hf_tokenizer, stop_ids(hf_tokenizer.name_or_path, None, hf_tokenizer))
        if self._seed is None:
            return await super().generate_responses(
                prompt, label, sampling_params, max_length, hf_tokenizer, num_samples, images
            )
        first = rollout_seed(self._seed, self._step, json.loads(label)["uid"])
        found = await asyncio.gather(
            *(
                super(SeededEngine, self).generate_responses(
                    prompt, label, _seeded(sampling_params, first + i), max_length, hf_tokenizer, 1, images
                )
                for i in range(num_samples)
            )
        )
        return [response for of_one in found for response in of_one]


def _seeded(params: Any, seed: int) -> Any:
    params = deepcopy(params)
    params.seed = seed
    return params


RolloutRayActor = ray.remote(SeededEngine)
