"""The vLLM engine: the same running object serves chat streaming and batch generation, on GPUs or on a CPU.

`n` samples of a prompt go to vLLM as one request with `n`; vLLM seeds sample i with seed + i. A batch asks for no
token stream (`stream_interval`), so that each sample costs two messages: its first token and its end.
"""

from __future__ import annotations

import itertools
import queue
import time
from collections.abc import Iterable, Iterator
from typing import Any

from ampo.engines.base import Engine
from ampo.engines.encoding import encode, template_sha256
from ampo.engines.halt import Halt
from ampo.engines.likelihood import Likelihood, Text
from ampo.engines.settings import EngineSettings
from ampo.engines.vllm.core import Core
from ampo.engines.vllm.in_process import InProcessCore
from ampo.engines.vllm.likelihoods import likelihoods
from ampo.engines.vllm.requests import Running, request_params
from ampo.engines.vllm.start import import_vllm, start_core
from ampo.errors import PromptTooLongError
from ampo.models import ModelRef
from ampo.types import Delta, Request, Sample, SamplingParams


class VLLMEngine(Engine):
    """vLLM in this process or in processes of its own (see `ampo.engines.vllm.core`).

    Raises MissingExtraError without vLLM, BrokenVLLMError where it can't be imported, UserError where it can't load
    the model.
    """

    backend = "vllm"

    def __init__(self, ref: ModelRef, settings: EngineSettings | None = None) -> None:
        self.model = ref.name
        self.settings = settings or EngineSettings()
        self._revision = ref.revision
        self._ids = itertools.count()
        started = time.perf_counter()
        import_vllm()
        imported = time.perf_counter()
        self._core: Core = start_core(ref, self.settings)
        self.start_seconds = {"import": imported - started, "engine": time.perf_counter() - imported}
        self.tokenizer = self._core.tokenizer
        self._on_cpu = self._core.config.device_config.device_type == "cpu"
        self.context: int = self._core.config.model_config.max_model_len

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        inbox: queue.SimpleQueue[tuple[Running, Any]] = queue.SimpleQueue()
        window = 2 * self._core.config.scheduler_config.max_num_seqs
        running: dict[str, Running] = {}
        waiting = iter(requests)
        samples = 0
        try:
            while True:
                fresh: list[Request] = []
                while samples < window and (request := next(waiting, None)) is not None:
                    fresh.append(request)
                    samples += request.params.n
                with self._core.together():
                    for request in fresh:
                        state = self._submit(request, inbox, batch=True)
                        running[state.id] = state
                if not running:
                    return
                state, output = inbox.get()
                finished = state.take(output)
                samples -= len(finished)
                if state.done:
                    running.pop(state.id, None)
                yield from finished
        finally:
            for request_id in running:
                self._core.abort(request_id)

    def stream(self, request: Request, halt: Halt | None = None) -> Iterator[Delta]:
        inbox: queue.SimpleQueue[tuple[Running, Any]] = queue.SimpleQueue()
        state = self._submit(request, inbox, batch=False)
        if state.refused:
            raise PromptTooLongError(state.refused)
        if halt is not None:
            halt.on(lambda: inbox.put((state, None)))
        try:
            while not state.done:
                if (output := inbox.get()[1]) is None:  # halted
                    return
                for sample in state.take(output):
                    yield Delta(state.last_delta, sample.response, state.last_logprobs)
                    return
                if state.last_delta or state.last_logprobs:
                    yield Delta(state.last_delta, None, state.last_logprobs)
        finally:
            self._core.abort(state.id)

    @property
    def unfinished(self) -> int:
        """Samples that the engine is working on: 0 once everything was answered or aborted."""
        return self._core.unfinished

    def default_sampling_params(self) -> SamplingParams:
        known = SamplingParams.__dataclass_fields__
        given = self._core.config.model_config.get_diff_sampling_param()
        return SamplingParams(**{k: v for k, v in given.items() if k in known and k != "max_tokens"})

    def describe(self) -> dict[str, Any]:
        import torch
        import vllm

        cuda = torch.cuda.is_available()
        return {
            "backend": self.backend,
            "model": self.model,
            "revision": self._revision,
            "versions": {"vllm": vllm.__version__, "torch": torch.__version__},
            "devices": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if cuda else ["cpu"],
            "chat_template_sha256": template_sha256(self.tokenizer),
            "generation_defaults": self._core.config.model_config.get_diff_sampling_param(),
            "settings": self.settings.to_dict() | self._resolved(),
            # No setting: what the memory of this machine gave.
            "kv_cache_blocks": self._core.config.cache_config.num_gpu_blocks,
        }

    def _resolved(self) -> dict[str, Any]:
        """What vLLM has made of the settings."""
        config = self._core.config
        return {
            "in_process": isinstance(self._core, InProcessCore),
            "dtype": str(config.model_config.dtype).removeprefix("torch."),
            "max_model_len": self.context,
            "max_num_seqs": config.scheduler_config.max_num_seqs,
            "max_num_batched_tokens": config.scheduler_config.max_num_batched_tokens,
            "enable_chunked_prefill": config.scheduler_config.enable_chunked_prefill,
            "enforce_eager": config.model_config.enforce_eager,
            "enable_prefix_caching": config.cache_config.enable_prefix_caching,
            "block_size": config.cache_config.block_size,
            "kv_cache_memory_bytes": config.cache_config.kv_cache_memory_bytes,
        }

    def likelihoods(self, texts: Iterable[Text]) -> Iterator[Likelihood]:
        """See Engine.likelihoods."""
        return likelihoods(self._core, texts)

    def close(self) -> None:
        self._core.close()

    def _submit(self, request: Request, inbox: queue.SimpleQueue[tuple[Running, Any]], batch: bool) -> Running:
        ids, opened = encode(request.prompt, self.tokenizer)
        state = Running(f"{request.id}-{next(self._ids)}", request, len(ids), opened)
        if len(ids) >= self.context:
            state.refused = (
                f"the prompt has {len(ids)} tokens, the context of {self.model} is {self.context}: "
                "shorten it or raise --max-model-len"
            )
            inbox.put((state, ValueError(state.refused)))
            return state
        params = request_params(request, batch=batch, on_cpu=self._on_cpu)
        self._core.submit(state.id, ids, params, lambda out: inbox.put((state, out)))
        return state
