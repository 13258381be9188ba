"""Our requests as vLLM's, and vLLM's outputs as our samples."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import Any

from ampo.engines.response import respond
from ampo.errors import EngineError
from ampo.types import FinishReason, Request, Sample, SamplingParams, TokenLogprobs

_NO_STREAM = 1 << 30  # tokens between two messages: none but the first and the last

FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length", "abort": "abort", "error": "error"}


def bare_params(params: SamplingParams, **more: Any) -> Any:
    """vLLM's own SamplingParams."""
    from vllm import SamplingParams as VLLMParams

    return VLLMParams(**params.to_dict(), **more)


def request_params(request: Request, *, batch: bool, on_cpu: bool) -> Any:
    """vLLM's SamplingParams for a request. batch: nobody reads along, so that no token is told by itself."""
    from vllm.sampling_params import RequestOutputKind

    params = request.params
    if on_cpu and params.seed is None:
        # vLLM compiles its sampler for unseeded requests, which costs a CPU seconds and a C++ compiler at the first.
        params = replace(params, seed=secrets.randbits(31))
    told = {} if batch or not request.logprobs else {"logprobs": request.logprobs}
    return bare_params(
        params, output_kind=RequestOutputKind.DELTA, stream_interval=_NO_STREAM if batch else None, **told
    )


class Running:
    """A request at work: gathers vLLM's outputs into samples.

    Args:
        request_id: As vLLM knows it.
        request: What was asked.
        prompt_tokens: How many the prompt has.
        opened_thought: What of the thought the chat template has written.
    """

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
