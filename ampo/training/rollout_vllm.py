"""Sampling from the policy by vLLM, in the process that trains.

The engine is given the policy's weights before it samples, whenever they are others than it has; LoRA's are merged on
the way. On a GPU it sleeps while the policy trains: its weights and its cache are dropped (vLLM's level 2) and taken
again. On a CPU it has no sleep, and keeps its weights beside the policy's.

Deviation from `rollout.Sampler`: the numbers of a token depend on the batch that it is in, so that a step done again
samples the same up to rounding.
"""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ampo import models
from ampo.engines.settings import EngineSettings
from ampo.engines.transformers import Loaded
from ampo.engines.vllm import FINISH, InProcessCore, bare_params, give_weights, import_vllm, start_core
from ampo.errors import EngineError, UserError
from ampo.training.config import TrainConfig
from ampo.training.rollout import Finished
from ampo.types import SamplingParams


class VLLMSampler:
    """See the module's docstring.

    Args:
        config: Of the run; the engine loads its model's files, and gets the policy's weights before it samples.
        loaded: The policy, with or without adapters.
        longest_prompt: In tokens.
        dtype: Of the policy's passes, which the engine's numbers are to agree with.

    Raises:
        UserError: vLLM can't serve this model on this device.
    """

    def __init__(self, config: TrainConfig, loaded: Loaded, longest_prompt: int, dtype: torch.dtype) -> None:
        import_vllm()
        self._config, self._model, self._tokenizer = config, loaded.model, loaded.tokenizer
        self._stop_ids, self._dtype = sorted(loaded.stop_ids), dtype
        self._sleeps = _on_gpu(loaded.model.device)
        self._has_weights, self._asked = False, 0
        settings = EngineSettings(
            dtype=str(dtype).removeprefix("torch."),
            max_model_len=longest_prompt + config.rollout.max_tokens,
            max_num_seqs=config.rollout.batch_size,
            gpu_memory_utilization=config.rollout.gpu_memory_utilization,
            in_process=True,
            # At the temperature of sampling, as the policy's are.
            extra={"logprobs_mode": "processed_logprobs"} | ({"enable_sleep_mode": True} if self._sleeps else {}),
        )
        core = start_core(models.locate(models.resolve(config.model)), settings)
        assert isinstance(core, InProcessCore)
        self._core = core
        try:
            self._sleep()
        except BaseException:
            core.close()
            raise

    def sample(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[int], params: SamplingParams
    ) -> Iterator[Finished]:
        """params.n responses to each prompt, as they finish. seeds: of each prompt's sample 0."""
        self._wake()
        try:
            yield from self._sample(prompts, seeds, params)
        finally:
            self._sleep()

    def weights_changed(self) -> None:
        """The engine gets them before it samples again."""
        self._has_weights = False

    def close(self) -> None:
        self._core.close()

    def _sample(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[int], params: SamplingParams
    ) -> Iterator[Finished]:
        inbox: queue.SimpleQueue[tuple[int, int, Any]] = queue.SimpleQueue()
        first = self._asked + 1
        try:
            with self._core.together():
                for p, ids in enumerate(prompts):
                    for i in range(params.n):
                        self._asked += 1
                        theirs = self._params(params, seeds[p] + i)
                        take = partial(_put, inbox, p, i)
                        self._core.submit(str(self._asked), list(ids), theirs, take)
            for _ in range(len(prompts) * params.n):
                yield self._finished(*inbox.get())
        finally:  # whoever stops before the end leaves none at work: the engine is about to sleep
            for asked in range(first, self._asked + 1):
                self._core.abort(str(asked))

    def _params(self, params: SamplingParams, seed: int) -> Any:
        from vllm.sampling_params import RequestOutputKind

        rollout = self._config.rollout
        # Without a seed vLLM compiles its sampler, which takes a CPU minutes.
        seeded = rollout.seeded or not self._sleeps
        told = rollout.check_logprobs and params.top_p == 1
        return bare_params(
            replace(params, n=1, seed=seed if seeded else None),
            logprobs=0 if told else None,
            stop_token_ids=self._stop_ids,
            detokenize=False,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )

    def _finished(self, prompt: int, index: int, output: Any) -> Finished:
        if isinstance(output, Exception):
            raise output if isinstance(output, EngineError) else EngineError(f"vLLM refused a prompt: {output}")
        part = output.outputs[0]
        ids = tuple(part.token_ids)
        text = self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        told = tuple(of[token].logprob for token, of in zip(ids, part.logprobs or (), strict=False))
        return Finished(prompt, index, ids, text, FINISH.get(part.finish_reason, "error"), told)

    def _wake(self) -> None:
        if self._has_weights:
            return
        if self._sleeps:
            torch.cuda.empty_cache()
        self._core.call(self._take_weights)
        self._has_weights = True

    def _take_weights(self, engine: Any) -> None:
        """On the engine's thread."""
        if self._sleeps:
            engine.wake_up(["weights"])
        engine.collective_rpc(lambda worker: give_weights(worker, self._weights()))
        if self._sleeps:
            engine.wake_up(["kv_cache"])
        engine.reset_prefix_cache()

    @torch.no_grad()  # around each step of the generator, and not around what its consumer does
    def _weights(self) -> Iterator[tuple[str, Tensor]]:
        if self._config.lora.rank:
            from ampo.training import lora

            found = lora.merged_weights(self._model)
        else:
            found = self._model.named_parameters()
        for name, weight in found:
            yield name, weight.detach().to(self._dtype)

    def _sleep(self) -> None:
        if self._sleeps:
            self._core.call(lambda engine: engine.sleep(level=2))
            self._has_weights = False


def _put(inbox: queue.SimpleQueue[tuple[int, int, Any]], prompt: int, index: int, output: Any) -> None:
    inbox.put((prompt, index, output))


def _on_gpu(device: torch.device) -> bool:
    """Whether the policy is on the GPU that vLLM takes. UserError where vLLM would take another device."""
    from vllm.platforms import current_platform

    if current_platform.is_cpu():
        if device.type != "cpu":
            raise UserError("rollout.engine = 'vllm': this vLLM is one for a CPU, and the policy is on a GPU")
        # On few cores the engine and the policy take turns: binding each to cores of its own would halve both.
        os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
        return False
    if device.type != "cuda" or device.index not in (None, 0):
        raise UserError(
            f"rollout.engine = 'vllm' samples on the first GPU that is seen, and device is {device}: choose one by "
            "CUDA_VISIBLE_DEVICES and leave device out, or give rollout.engine = 'transformers'"
        )
    return True
