"""Any OpenAI-compatible endpoint as an engine: vLLM's server (`ampo serve`), llama.cpp, a gateway, OpenAI itself.

`generate` asks for whole responses, so that a busy server costs no work of ours per token; only `stream` streams.
Nothing that a server answers ends a run of `generate`, as long as something still succeeds:

- What can pass (408, 409, 5xx, a lost connection, a reply that is none) is asked again, `max_retries` times; where
  requests come too often (429), until `timeout` has passed. Waits double, and are what the server's Retry-After says.
- A sample that still fails, or that is refused (400, 413, 422), is a response with finish_reason "error", counted by
  its reason. It is held back until another sample succeeds: where nothing does any more, the run ends with an error
  and those samples are asked again when it is resumed.
- A parameter that the endpoint doesn't take is learnt from the first refusal (see `ampo.engines.openai.learnt`).
- A refused key, an unknown path or model and an empty account end the run at once (401 to 405).

A prompt longer than the context is a PromptTooLongError in `stream`. A stream that breaks after its start is an
EngineError: what was shown can't be taken back. How our types map to the protocol stands in `wire`.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import closing
from importlib.metadata import version
from typing import Any

import aiohttp

from ampo.console import say as to_stderr
from ampo.engines.background import BackgroundLoop, LoopEndedError
from ampo.engines.base import Engine
from ampo.engines.halt import Halt
from ampo.engines.openai import faults
from ampo.engines.openai.client import Client
from ampo.engines.openai.endpoint import Endpoint, Endpoints, FailedError, RefusedError
from ampo.engines.openai.models import find_model
from ampo.engines.openai.sampler import Result, Sampler
from ampo.engines.openai.secrets import secret
from ampo.errors import EngineError, UserError
from ampo.types import Delta, Request, Sample

log = logging.getLogger(__name__)

_ENOUGH = 16  # samples that fail one after the other, with no success between them: nothing succeeds any more
_THEIRS = (FailedError, RefusedError, LoopEndedError, CancelledError, asyncio.CancelledError)


class OpenAIEngine(Engine):
    """See the module's docstring.

    Raises UserError where no endpoint can be reached, one refuses the key, or does not have the model.
    """

    backend = "openai"

    def __init__(
        self,
        model: str | None,
        base_url: str | Sequence[str],
        *,
        api_key: str | None = None,
        concurrency: int = 32,
        max_retries: int = 3,
        timeout: float = 600.0,
        headers: Mapping[str, str] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        """Connect.

        Args:
            model: as the endpoint names it; None takes the only one that the endpoint has.
            base_url: up to and with the version, as in http://localhost:8000/v1. Of several, each request goes to the
                least busy one.
            api_key: "@FILE", "env:NAME" or the key itself; default $OPENAI_API_KEY. Never logged nor recorded.
            concurrency: samples asked for at once, over all endpoints and threads.
            max_retries: how often a failed request is asked again.
            timeout: seconds for one whole response, without retries.
            headers: sent with each request; values may be "@FILE" or "env:NAME". Only their names are recorded.
            extra_body: further fields of each request; they win over ours.
            say: takes each note, as of a parameter that is refused; default is stderr.
        """
        if concurrency < 1:
            raise UserError(f"concurrency is {concurrency}: it must be at least 1")
        urls = [base_url] if isinstance(base_url, str) else list(base_url)
        self._say = say or to_stderr
        key = secret(api_key, "OPENAI_API_KEY")
        self.concurrency, self.max_retries, self.timeout = concurrency, max_retries, timeout
        self._extra, self._header_names = dict(extra_body or {}), sorted(headers or {})
        sent = {name: secret(value) for name, value in (headers or {}).items()}
        self._endpoints = Endpoints([Endpoint(url, key, sent, timeout, self._say) for url in urls], self._say)
        self.base_url = self._endpoints.where
        self._closing, self._closed = threading.Lock(), False
        self._loop = BackgroundLoop("ampo-openai")
        try:
            self._connect(model)
        except BaseException:
            self.close()
            raise

    def _connect(self, model: str | None) -> None:
        self._session = self._loop.run(_session())
        self._served = self._loop.run(find_model(self._endpoints, self._session, model, self._say))
        self.model = self._served.model
        self._client = Client(
            self._endpoints,
            self._session,
            self._served,
            max_retries=self.max_retries,
            timeout=self.timeout,
            extra=self._extra,
        )
        self._sampler = Sampler(self._client, self.concurrency, self.base_url)

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """See Engine.generate. At most `concurrency` samples are asked for at once, over all threads."""
        before = self._sampler.unanswered.copy()
        try:
            with closing(self._results(requests)) as results:
                yield from self._held_back(results)
        finally:
            if lost := self._sampler.unanswered - before:
                reasons = ", ".join(f"{n} {reason}" for reason, n in lost.most_common())
                self._say(f"note: {lost.total()} samples have no response: {reasons}")

    def _results(self, requests: Iterable[Request]) -> Generator[Result]:
        """Each sample as it comes. Raises what ends the run, after what had finished before."""
        samples = ((request, index) for request in requests for index in range(request.params.n))
        try:
            yield from self._loop.as_completed(self._sampler.sample, samples, self.concurrency)
        except _THEIRS as error:
            raise self._translated(error) from error

    def _held_back(self, results: Iterable[Result]) -> Iterator[Sample]:
        """The samples; those that have failed wait for a sign that the endpoint works. Raises where none comes."""
        held: list[Result] = []
        answered, fault = False, None
        for result in results:
            if result.fault is None:
                answered = True
                yield from self._let_go(held)
                yield result.sample
                continue
            held.append(result)
            fault = result.fault
            if len(held) >= _ENOUGH:
                break
        if held and fault is not None:
            if not answered or len(held) >= _ENOUGH or faults.is_lost(fault):
                raise self._translated(fault) from fault
            yield from self._let_go(held)

    def _let_go(self, held: list[Result]) -> Iterator[Sample]:
        for sample, fault in held:
            assert fault is not None
            self._sampler.unanswered[faults.reason(fault)] += 1
            log.warning("%s#%d has no response: %s", *sample[:2], fault)
            yield sample
        held.clear()

    def stream(self, request: Request, halt: Halt | None = None) -> Iterator[Delta]:
        """See Engine.stream. Raises PromptTooLongError for a prompt that is longer than the server's context."""
        pieces: queue.SimpleQueue[Delta | None] = queue.SimpleQueue()
        try:
            future = self._loop.submit(self._sampler.stream(request, pieces))
        except LoopEndedError as error:
            raise self._translated(error) from error
        future.add_done_callback(lambda _: pieces.put(None))
        if halt is not None:
            halt.on(future.cancel)
        try:
            while (delta := pieces.get()) is not None:
                yield delta
            if halt is not None and halt.is_set():
                return
            if (error := future.exception() if not future.cancelled() else CancelledError()) is not None:
                raise self._translated(error) from error
        finally:
            future.cancel()

    def activity(self) -> str:
        """See Engine.activity."""
        return self._sampler.activity()

    def _translated(self, error: BaseException) -> BaseException:
        """An error of the client as ours; any other is returned as it is."""
        if isinstance(error, LoopEndedError):
            return EngineError(f"the engine for {self.base_url} has been closed")
        if isinstance(error, (CancelledError, asyncio.CancelledError)):
            return EngineError(f"the engine for {self.base_url} was closed while it was working")
        if isinstance(error, RefusedError):
            return faults.refusal(error, self.base_url, listed=self._served.listed)
        if isinstance(error, FailedError):
            tried = f"still no response after {self.max_retries} retries: " if self.max_retries else ""
            return EngineError(f"{tried}{error}")
        return error

    def describe(self) -> dict[str, Any]:
        """See Engine.describe. An endpoint tells nothing of devices, templates and defaults: these stay empty.

        `requests` is about the work so far: samples without token counts, samples without a response by reason,
        retries; `refused_parameters` are those that the endpoint doesn't take, and what was done instead.
        """
        told = {"vllm": self._served.version} if self._served.version else {}
        return {
            "backend": self.backend,
            "model": self.model,
            "revision": None,
            "versions": {"aiohttp": version("aiohttp")} | told,
            "devices": [],
            "chat_template_sha256": None,
            "generation_defaults": {},
            "settings": self._settings(),
            "refused_parameters": {o.url: o.learnt.refused for o in self._endpoints.members if o.learnt.refused},
            "requests": {
                "without_token_counts": self._sampler.without_usage,
                "without_response": dict(self._sampler.unanswered),
                "retries": self._client.retries,
            },
        }

    def _settings(self) -> dict[str, Any]:
        urls = [one.url for one in self._endpoints.members]
        card = self._served.card
        return {
            "base_url": urls[0] if len(urls) == 1 else urls,
            "server": "vllm" if self._served.vllm else "unknown",
            "model_card": {k: card[k] for k in ("owned_by", "root", "max_model_len") if k in card},
            "concurrency": self.concurrency,
            "max_retries": self.max_retries,
            "timeout": self.timeout,
            "extra_body": self._extra,
            "headers": self._header_names,
        }

    def close(self) -> None:
        """See Engine.close."""
        with self._closing:
            if not self._closed:
                self._closed = True
                session = getattr(self, "_session", None)
                self._loop.close(session.close() if session else None)


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
