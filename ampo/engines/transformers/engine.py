"""transformers as an engine: continuous batching and streaming for machines without vLLM.

The work is divided: `decoding` makes tokens, `scheduler` decides whose, `text` turns them into text. Here a model is
loaded, requests become rows, and rows become responses.

A prompt longer than the context is one Response with finish_reason "error" in `generate` (the run goes on) and a
PromptTooLongError in `stream`, as in the other engines.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from ampo.engines.base import Engine
from ampo.engines.encoding import encode, template_sha256
from ampo.engines.halt import Halt
from ampo.engines.likelihood import Likelihood, Text
from ampo.engines.response import respond, without_answer
from ampo.engines.settings import EngineSettings
from ampo.errors import PromptTooLongError, UserError, nearest
from ampo.types import Delta, FinishReason, Message, Request, Response, Sample, SamplingParams, TokenLogprobs

if TYPE_CHECKING:
    from ampo.engines.transformers.sampling import Told
    from ampo.engines.transformers.scheduler import Job

log = logging.getLogger(__name__)

_MAX_ROWS = 32
_DEFAULTS = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")


class TransformersEngine(Engine):
    """See the module's docstring.

    dtype "auto" is bfloat16 (float16 where a GPU lacks it), but float32 on a CPU without instructions for it. With them
    (avx512_bf16) bfloat16 was as fast as float32 at one row and 1.3 to 2.2 times as fast at 8 and 32 rows, on two busy
    cores (perf/transformers_engine.py). In bfloat16 rounding lets a row depend on its neighbours where a draw is
    close; float32 all but ends that.

    Args:
        model: The name that the user gave.
        path: A local folder or a hub id.
        revision: Of the hub id.
        settings: dtype, max_model_len, max_num_seqs (rows at once, 32 by default; halved by itself where memory runs
            out) and trust_remote_code count here; `extra` may hold the names that follow.
        device: "cpu", "cuda", "cuda:1"; None takes the first GPU where there is one.
        attn_implementation: As transformers names them; None leaves it the choice.
        max_prefill_tokens: Prompts that join together may have so many tokens.

    Raises:
        MissingExtraError: torch or transformers is missing.
        UserError: The model can't be loaded, or a setting is of no use here.
    """

    backend = "transformers"

    def __init__(
        self,
        model: str,
        path: str,
        *,
        revision: str | None = None,
        settings: EngineSettings | None = None,
        device: str | None = None,
        attn_implementation: str | None = None,
        max_prefill_tokens: int = 2048,
    ) -> None:
        self.settings = settings = settings or EngineSettings()
        if settings.quantization:
            raise UserError(
                f"quantization = {settings.quantization!r} is vLLM's: give --backend vllm, or leave it out "
                "(a checkpoint that is quantised is loaded as it is)"
            )
        own = {"device": device, "attn_implementation": attn_implementation, "max_prefill_tokens": max_prefill_tokens}
        for name in settings.extra:
            if name not in own:
                raise UserError(f"the transformers engine has no setting {name!r}: {nearest(name, own, 'a setting')}")
        own |= settings.extra
        rows = _MAX_ROWS if settings.max_num_seqs is None else settings.max_num_seqs
        if rows < 1:
            raise UserError(f"max_num_seqs is {rows}: it must be at least 1")
        from ampo.engines.transformers.loading import load  # brings torch and transformers, or MissingExtraError

        loaded = load(path, revision, settings, own["device"], own["attn_implementation"])
        from ampo.engines.transformers.decoding import Decoder
        from ampo.engines.transformers.scheduler import Scheduler

        self.model = model
        self.tokenizer = loaded.tokenizer
        self._module: Any = loaded.model
        self._encoding = threading.Lock()
        positions = getattr(self._module.config.get_text_config(), "max_position_embeddings", None)
        self.context: int = _context(model, positions, settings.max_model_len)
        self._stop_ids = loaded.stop_ids
        config = self._module.config
        self._revision = revision or getattr(config, "_commit_hash", None)
        self._devices = [_device_name(self._module.device)]
        self._chosen = {
            "dtype": str(self._module.dtype).removeprefix("torch."),
            "max_model_len": self.context,
            "extra": own | {"attn_implementation": getattr(config, "_attn_implementation", None)},
        }
        given = self._module.generation_config.to_diff_dict()
        self._defaults = {name: given[name] for name in _DEFAULTS if given.get(name) is not None}
        self._scheduler = Scheduler(Decoder(self._module), rows, int(own["max_prefill_tokens"]))

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """See Engine.generate. Requests are drawn until one batch runs and another one waits."""
        finished: queue.SimpleQueue[Job] = queue.SimpleQueue()
        live: dict[Job, tuple[Request, int]] = {}
        source = iter(requests)

        def tell(job: Job, _: str) -> None:
            if job.done:
                finished.put(job)

        try:
            while True:
                drawn: list[Job] = []  # handed over at once, so that they share one prefill
                while len(live) < 2 * self._scheduler.max_batch_size and (request := next(source, None)) is not None:
                    try:
                        jobs = self._jobs(request, request.params.n, tell)
                    except PromptTooLongError as error:
                        log.warning("request %s: %s", request.id, error)
                        refused = without_answer()
                        yield from (Sample(request.id, i, refused) for i in range(request.params.n))
                        continue
                    live |= {job: (request, i) for i, job in enumerate(jobs)}
                    drawn += jobs
                if drawn:
                    self._scheduler.submit(drawn)
                if not live:
                    return
                yield from _results(finished, live)
        finally:
            self._scheduler.abort(live)

    def stream(self, request: Request, halt: Halt | None = None) -> Iterator[Delta]:
        """See Engine.stream. Goes before what `generate` has queued. Raises PromptTooLongError."""
        pieces: queue.SimpleQueue[tuple[str, bool] | None] = queue.SimpleQueue()
        [job] = self._jobs(request, 1, lambda job, piece: pieces.put((piece, job.done)), urgent=True)
        try:
            self._scheduler.submit([job])
            if halt is not None:
                halt.on(lambda: pieces.put(None))
            done, seen = False, 0
            while not done:
                if (came := pieces.get()) is None:  # halted
                    return
                piece, done = came
                if job.error is not None:
                    raise job.error
                told = self._told(job.row.told[seen:])
                seen += len(told)
                if piece or told:
                    yield Delta(piece, None, told)
            yield Delta("", _response(job))
        finally:
            self._scheduler.abort([job])

    def _jobs(self, request: Request, n: int, tell: Any, *, urgent: bool = False) -> list[Job]:
        """The jobs of a request's first n samples."""
        from ampo.engines.transformers.decoding import new_row
        from ampo.engines.transformers.scheduler import Job
        from ampo.engines.transformers.text import TextStream

        tokens, opened = self._encode(request.prompt)
        room = self.context - len(tokens)
        if room < 1:
            raise PromptTooLongError(
                f"the prompt has {len(tokens)} tokens and the context of {self.model} holds {self.context}"
            )
        limit = min(request.params.max_tokens or room, room)
        rows = [new_row(tokens, request.params, self._stop_ids, limit, index) for index in range(n)]
        for row in rows:
            row.logprobs = request.logprobs if urgent else 0
        stop = request.params.stop
        return [Job(row, TextStream(self._decode, tokens, stop, opened), tell, urgent) for row in rows]

    def _encode(self, prompt: tuple[Message, ...] | str) -> tuple[list[int], str]:
        with self._encoding:  # a fast tokenizer must not be changed by one thread while another one uses it
            tokens, opened = encode(prompt, self.tokenizer)
        if not tokens:
            raise UserError("the prompt is empty: it has no tokens")
        return tokens, opened

    def _decode(self, tokens: list[int]) -> str:
        return self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)

    def _told(self, told: Sequence[Told]) -> tuple[TokenLogprobs, ...]:
        """Tokens in words."""

        def one(token: int) -> str:
            return self.tokenizer.decode([token], clean_up_tokenization_spaces=False)

        return tuple(TokenLogprobs(one(t.token), t.logprob, tuple((one(i), p) for i, p in t.top)) for t in told)

    def default_sampling_params(self) -> SamplingParams:
        """See Engine.default_sampling_params: what generation_config sets, as vLLM reads it (do_sample has no say)."""
        return SamplingParams(**self._defaults)

    def describe(self) -> dict[str, Any]:
        """See Engine.describe."""
        return {
            "backend": self.backend,
            "model": self.model,
            "revision": self._revision,
            "versions": {name: version(name) for name in ("torch", "transformers")},
            "devices": self._devices,
            "chat_template_sha256": template_sha256(self.tokenizer),
            "generation_defaults": self._defaults,
            "settings": self.settings.to_dict() | self._chosen | {"max_num_seqs": self._scheduler.max_batch_size},
        }

    def likelihoods(self, texts: Iterable[Text]) -> Iterator[Likelihood]:
        """See Engine.likelihoods."""
        from ampo.engines.transformers.likelihoods import likelihoods

        return likelihoods(self._module, texts)

    @property
    def unfinished(self) -> int:
        """Samples that wait or run."""
        return self._scheduler.unfinished

    def close(self) -> None:
        """See Engine.close."""
        self._scheduler.close()
        if self._module is not None:
            module, self._module = self._module, None
            _release(module)


def _results(finished: queue.SimpleQueue[Job], live: dict[Job, tuple[Request, int]]) -> Iterator[Sample]:
    """What has finished, at least one; an error is raised after the samples that finished before it."""
    error = None
    while error is None or not finished.empty():
        job = finished.get()
        request, index = live.pop(job, (None, 0))
        if job.error is not None:
            error = job.error
        elif request is not None:
            yield Sample(request.id, index, _response(job))
        if error is None and finished.empty():
            return
    if error is not None:
        raise error


def _response(job: Job) -> Response:
    assert job.ended is not None
    finish: FinishReason = job.row.finish or "error"
    return respond(
        job.text.text,
        finish,
        prompt_tokens=len(job.row.prompt),
        completion_tokens=len(job.row.tokens),
        seconds=job.ended - job.started,
        first_token_seconds=None if job.first is None else job.first - job.started,
    )


def _context(model: str, own: int | None, asked: int | None) -> int:
    if asked is not None and asked < 2:
        raise UserError(f"max_model_len is {asked}: it must be at least 2")
    if asked is not None and own is not None and asked > own:
        raise UserError(f"max_model_len is {asked}, and {model} was made for {own} tokens: lower it")
    return asked or own or 4096  # models without positions (ALiBi) name no limit


def _device_name(device: Any) -> str:
    if device.type != "cuda":
        return str(device)
    import torch

    return f"{device} ({torch.cuda.get_device_name(device)})"


def _release(module: Any) -> None:
    import torch

    on_gpu = module.device.type == "cuda"
    del module
    if on_gpu:
        torch.cuda.empty_cache()
