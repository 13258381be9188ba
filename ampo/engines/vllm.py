"""The vLLM engine: the same running object serves chat streaming and batch generation, on GPUs or on a CPU.

`n` samples of a prompt go to vLLM as one request with `n`; vLLM seeds sample i with seed + i. A batch asks for no
token stream (`stream_interval`), so that each sample costs two messages: its first token and its end.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import queue
import secrets
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from ampo import prompts
from ampo.engines.base import Engine
from ampo.engines.halt import Halt
from ampo.engines.logprobs import Likelihood, Text, by_vllm
from ampo.engines.response import respond
from ampo.engines.settings import EngineSettings
from ampo.engines.vllm_core import Core, InProcessCore, ProcessCore
from ampo.errors import EngineError, MissingExtraError, PromptTooLongError, UserError, nearest
from ampo.files import first_line
from ampo.models import ModelRef
from ampo.types import Delta, FinishReason, Request, Sample, SamplingParams, TokenLogprobs

_NO_STREAM = 1 << 30  # tokens between two messages: none but the first and the last
_GIB = 1 << 30
_DTYPES = ("auto", "bfloat16", "float16", "half", "float32", "float")
_CPU_CACHE_TOKENS = 32768  # enough for what two cores work on at once; zeroing more costs seconds at every start
_CPU_CONTEXT = 8192  # tokens; seeded requests need prefills unsplit on a CPU, so this bounds a batch's size, too


class BrokenVLLMError(UserError):
    """vLLM is installed, and can't be imported: a CUDA library is missing, or another torch is there than it wants."""


class VLLMEngine(Engine):
    """vLLM in this process or in processes of its own (see `vllm_core`).

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
        inbox: queue.SimpleQueue[tuple[_Running, Any]] = queue.SimpleQueue()
        window = 2 * self._core.config.scheduler_config.max_num_seqs
        running: dict[str, _Running] = {}
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
        inbox: queue.SimpleQueue[tuple[_Running, Any]] = queue.SimpleQueue()
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

        config = self._core.config
        template = getattr(self.tokenizer, "chat_template", None)
        cuda = torch.cuda.is_available()
        return {
            "backend": self.backend,
            "model": self.model,
            "revision": self._revision,
            "versions": {"vllm": vllm.__version__, "torch": torch.__version__},
            "devices": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if cuda else ["cpu"],
            "chat_template_sha256": hashlib.sha256(template.encode()).hexdigest() if template else None,
            "generation_defaults": self._core.config.model_config.get_diff_sampling_param(),
            "settings": self.settings.to_dict()
            | {
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
            },
            "kv_cache_blocks": config.cache_config.num_gpu_blocks,  # no setting: what the memory of this machine gave
        }

    def likelihoods(self, texts: Iterable[Text]) -> Iterator[Likelihood]:
        """See Engine.likelihoods."""
        return by_vllm(self._core, texts)

    def close(self) -> None:
        self._core.close()

    def _submit(self, request: Request, inbox: queue.SimpleQueue[tuple[_Running, Any]], batch: bool) -> _Running:
        text = request.prompt if isinstance(request.prompt, str) else prompts.render(request.prompt, self.tokenizer)
        # A chat template writes the special tokens itself; a plain prompt gets the tokenizer's own.
        ids = self.tokenizer.encode(text, add_special_tokens=isinstance(request.prompt, str))
        opened = "" if isinstance(request.prompt, str) else prompts.opened_thought(text)
        state = _Running(f"{request.id}-{next(self._ids)}", request, len(ids), opened)
        if len(ids) >= self.context:
            state.refused = (
                f"the prompt has {len(ids)} tokens, the context of {self.model} is {self.context}: "
                "shorten it or raise --max-model-len"
            )
            inbox.put((state, ValueError(state.refused)))
            return state
        self._core.submit(
            state.id, ids, _vllm_params(request, batch, self._on_cpu), lambda out: inbox.put((state, out))
        )
        return state


class _Running:
    """A request at work: gathers vLLM's outputs into samples."""

    def __init__(self, request_id: str, request: Request, prompt_tokens: int, opened_thought: str) -> None:
        self.id = request_id
        self.request = request
        self.done = False
        self.last_delta = ""
        self.last_logprobs: tuple[TokenLogprobs, ...] = ()
        self.refused = ""
        self._prompt_tokens = prompt_tokens
        self._opened_thought = opened_thought
        self._started = time.perf_counter()
        self._first: dict[int, float] = {}
        self._text: dict[int, str] = {}
        self._tokens: dict[int, int] = {}
        self._open = set(range(request.params.n))

    def take(self, output: Any) -> list[Sample]:
        """The samples that an output has finished. Raises EngineError where the engine died."""
        self.last_delta, self.last_logprobs = "", ()
        if isinstance(output, EngineError):
            raise output
        if isinstance(output, ValueError):  # this request can't be answered: counted, the others go on
            finished = [self._sample(i, "error") for i in sorted(self._open)]
            self._open.clear()
            self.refused = str(output)
        else:
            finished = [sample for part in output.outputs if (sample := self._part(part))]
        self.done = not self._open
        return finished

    def _part(self, part: Any) -> Sample | None:
        """A CompletionOutput: in DELTA kind text and token_ids hold what is new."""
        if part.index not in self._open:
            return None
        self.last_delta = part.text
        self.last_logprobs = tuple(map(_told, part.token_ids, part.logprobs or ()))
        if part.index not in self._first:
            self._first[part.index] = time.perf_counter() - self._started
            self.last_delta = self._opened_thought + part.text
        self._text[part.index] = self._text.get(part.index, "") + self.last_delta
        self._tokens[part.index] = self._tokens.get(part.index, 0) + len(part.token_ids)
        if part.finish_reason is None:
            return None
        self._open.discard(part.index)
        return self._sample(part.index, FINISH.get(part.finish_reason, "error"))

    def _sample(self, index: int, finish_reason: FinishReason) -> Sample:
        text = self._text.get(index, "")
        response = respond(
            text,
            finish_reason,
            prompt_tokens=self._prompt_tokens,
            completion_tokens=self._tokens.get(index, 0),
            seconds=time.perf_counter() - self._started,
            first_token_seconds=self._first.get(index),
        )
        return Sample(self.request.id, index, response)


def _told(token: int, there: Any) -> TokenLogprobs:
    """there: vLLM's Logprob by token id, of the chosen one and the likeliest."""
    ranked = sorted(there.values(), key=lambda one: one.rank or 0)
    top = tuple((one.decoded_token or "", float(one.logprob)) for one in ranked)
    return TokenLogprobs(there[token].decoded_token or "", float(there[token].logprob), top)


FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length", "abort": "abort", "error": "error"}


def bare_params(params: SamplingParams, **more: Any) -> Any:
    """vLLM's own SamplingParams."""
    from vllm import SamplingParams as VLLMParams

    return VLLMParams(**params.to_dict(), **more)


def _vllm_params(request: Request, batch: bool, on_cpu: bool) -> Any:
    from vllm.sampling_params import RequestOutputKind

    params = request.params
    if on_cpu and params.seed is None:
        # vLLM compiles its sampler for unseeded requests, which costs a CPU seconds and a C++ compiler at the first.
        params = replace(params, seed=secrets.randbits(31))
    told = {} if batch or not request.logprobs else {"logprobs": request.logprobs}
    return bare_params(
        params, output_kind=RequestOutputKind.DELTA, stream_interval=_NO_STREAM if batch else None, **told
    )


def available() -> bool:
    """Whether vLLM is installed (for a GPU or for a CPU)."""
    return find_spec("vllm") is not None


def import_vllm() -> None:
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")  # its progress is ours to tell
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")  # stdout is for what was asked for
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    if not available():
        raise MissingExtraError("vllm", "vllm", "the vLLM engine")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            import vllm.engine.arg_utils  # noqa: F401
        except (ImportError, OSError) as error:
            raise BrokenVLLMError(
                f"vLLM is installed and can't be imported ({first_line(error)}): "
                "mend its installation, or give --backend transformers"
            ) from error


def start_core(ref: ModelRef, settings: EngineSettings) -> Core:
    """A running vLLM, `import_vllm` having been called. UserError where it can't load the model."""
    from vllm.platforms import current_platform

    on_cpu = current_platform.is_cpu()
    one_device = settings.tensor_parallel_size == settings.data_parallel_size == 1
    in_process = (on_cpu and one_device) if settings.in_process is None else settings.in_process
    if in_process and not one_device:
        raise UserError("in_process serves one device: leave it out with tensor or data parallelism")
    try:
        _check(ref, settings)
        arguments = _engine_args(ref, settings, on_cpu)
        return InProcessCore(arguments) if in_process else ProcessCore(arguments)
    except (ValueError, OSError, RuntimeError, TypeError) as error:  # what vLLM raises for models it can't load or fit
        raise UserError(f"vLLM cannot load {ref.name!r} ({ref.path}): {_reason(error)}") from error


def _check(ref: ModelRef, settings: EngineSettings) -> None:
    """What vLLM would say a minute later, and in its log alone. Raises UserError."""
    if settings.dtype not in _DTYPES:
        raise UserError(f"--dtype is {settings.dtype!r}: {nearest(settings.dtype, _DTYPES, 'it')}")
    size = settings.tensor_parallel_size
    if size > 1:
        from transformers import AutoConfig

        trust = settings.trust_remote_code
        config = AutoConfig.from_pretrained(ref.path, revision=ref.hub_revision, trust_remote_code=trust)
        heads = getattr(config.get_text_config(), "num_attention_heads", None)
        if heads and heads % size:
            raise UserError(f"-tp {size} can't divide the {heads} attention heads of {ref.name}: choose another")


def _reason(error: Exception) -> str:
    """vLLM's configs are pydantic's, whose first line only counts the errors."""
    told = getattr(error, "errors", None)
    found: Any = told() if callable(told) else ()
    if found:
        return first_line(str(found[0].get("msg", error)).removeprefix("Value error, "))
    return first_line(error)


def _engine_args(ref: ModelRef, settings: EngineSettings, on_cpu: bool) -> Any:
    from vllm.engine.arg_utils import AsyncEngineArgs

    arguments = engine_arguments(ref.hub_revision, settings) | (cpu_arguments(ref.path, settings) if on_cpu else {})
    quiet = {"disable_log_stats": True, "use_tqdm_on_load": sys.stderr.isatty()}
    return AsyncEngineArgs(model=ref.path, **quiet, **(arguments | dict(settings.extra)))


def engine_arguments(revision: str | None, settings: EngineSettings) -> dict[str, Any]:
    """vLLM's engine arguments for our settings, on any device."""
    return {
        "revision": revision,
        "tokenizer_revision": revision,
        "dtype": settings.dtype,
        "max_model_len": settings.max_model_len,
        "max_num_seqs": settings.max_num_seqs,
        "gpu_memory_utilization": settings.gpu_memory_utilization,
        "tensor_parallel_size": settings.tensor_parallel_size,
        "data_parallel_size": settings.data_parallel_size,
        "quantization": settings.quantization,
        "trust_remote_code": settings.trust_remote_code,
        "enforce_eager": settings.enforce_eager or False,
        "enable_prefix_caching": True,
    }


def cpu_arguments(path: str, settings: EngineSettings) -> dict[str, Any]:
    """What a CPU needs: compiling costs minutes there, and a seeded request whose prefill is split kills the engine."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(path, trust_remote_code=settings.trust_remote_code).get_text_config()
    context = settings.max_model_len or min(
        _CPU_CONTEXT, getattr(config, "max_position_embeddings", None) or _CPU_CONTEXT
    )
    gib = settings.kv_cache_gib or float(os.environ.get("VLLM_CPU_KVCACHE_SPACE") or 0)
    return {
        "enforce_eager": True if settings.enforce_eager is None else settings.enforce_eager,
        "max_model_len": context,
        "max_num_batched_tokens": max(context, 2048),
        "enable_chunked_prefill": False,
        "block_size": 32,  # of the prefix cache: with the default of 128 the samples of a short prompt share nothing
        "kv_cache_memory_bytes": int(gib * _GIB) or max(_CPU_CACHE_TOKENS, 2 * context) * _cache_bytes(config),
    }


def _cache_bytes(config: Any) -> int:
    """Bytes of key-value cache a token takes in bf16."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return 2 * config.num_hidden_layers * heads * head_dim * 2
