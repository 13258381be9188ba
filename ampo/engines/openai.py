"""Any OpenAI-compatible endpoint as an engine: vLLM's server (`ampo serve`), llama.cpp, a gateway, OpenAI itself.

The openai package's asynchronous client runs in one background event loop. It retries what can pass (408, 409, 429,
5xx, lost connections) with exponential backoff, jitter and the server's Retry-After; it never retries a refusal.

`generate` asks for whole responses, so that a busy server costs no work of ours per token; only `stream` streams.
A prompt that the server finds longer than its context is one Response with finish_reason "error" in `generate` (the
run goes on) and a PromptTooLongError in `stream`. A stream that breaks after its start is an EngineError: what was
shown can't be taken back. How our types map to the protocol stands in `ampo.engines.openai_wire`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Future
from importlib.metadata import version
from itertools import islice
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ampo.engines import openai_wire as wire
from ampo.engines.background import BackgroundLoop
from ampo.engines.base import Engine
from ampo.engines.halt import Halt
from ampo.errors import EngineError, PromptTooLongError, UserError, nearest
from ampo.types import Delta, Request, Response, Sample

log = logging.getLogger(__name__)

_PROBE_SECONDS = 5.0  # long enough for a far gateway, short enough for a person who mistyped a port


class OpenAIEngine(Engine):
    """See the module's docstring.

    model: as the endpoint names it; empty takes the only one that the endpoint has.
    base_url: up to and with the version, as in http://localhost:8000/v1.
    api_key: default $OPENAI_API_KEY; never logged nor recorded.
    timeout: seconds for one whole response, without retries.

    Raises UserError where the endpoint can't be reached, refuses the key, or does not have the model.
    """

    backend = "openai"

    def __init__(
        self,
        model: str | None,
        base_url: str,
        *,
        api_key: str | None = None,
        concurrency: int = 32,
        max_retries: int = 8,
        timeout: float = 1800.0,
    ) -> None:
        import openai

        if urlsplit(base_url).scheme not in {"http", "https"} or not urlsplit(base_url).netloc:
            raise UserError(f"base URL {base_url!r} is no web address: give one like http://localhost:8000/v1")
        if concurrency < 1:
            raise UserError(f"concurrency is {concurrency}: it must be at least 1")
        self._key = api_key or os.environ.get("OPENAI_API_KEY") or ""
        self._url = base_url.rstrip("/")
        self.base_url = _without_login(self._url)
        self.concurrency, self.max_retries, self.timeout = concurrency, max_retries, timeout
        self._slots = asyncio.Semaphore(concurrency)
        self._closing, self._closed = threading.Lock(), False
        self._without_usage = 0
        self._client = openai.AsyncOpenAI(
            base_url=self._url,
            api_key=self._key or "none",  # the package insists on one; local servers ignore it
            max_retries=max_retries,
            timeout=openai.Timeout(timeout, connect=10.0),
        )
        self._loop = BackgroundLoop("ampo-openai")
        try:
            self._cards = self._loop.run(self._models())
            self.model = self._choose(model or "")
            self._card = self._cards.get(self.model, {})
            self._vllm = self._card.get("owned_by") == "vllm"
            self._server_version = self._loop.run(self._version())
        except BaseException:
            self.close()
            raise

    async def _models(self) -> dict[str, dict[str, Any]]:
        """The endpoint's models by name; empty where it doesn't list them."""
        import openai

        try:
            page = await self._client.with_options(max_retries=0, timeout=_PROBE_SECONDS).models.list()
            return {card.id: card.model_dump() for card in page.data or []}
        except openai.APIConnectionError as error:
            cause = " ".join(str(error.__cause__ or "no answer").split())
            raise UserError(
                f"cannot reach {self.base_url}: is the server running? (`ampo serve` starts one; {cause})"
            ) from error
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise self._translated(error) from error
        except (openai.APIError, AttributeError, TypeError, ValueError) as error:
            log.debug("%s does not list its models: %s", self.base_url, wire.said(error, self._key))
            return {}  # the list is a courtesy: some servers have none, or one of another form

    def _choose(self, model: str) -> str:
        if model and (not self._cards or model in self._cards):
            return model
        if model:
            raise UserError(f"{self.base_url} has no model {model!r}: {nearest(model, self._cards, 'the model')}")
        if len(self._cards) == 1:
            return next(iter(self._cards))
        if self._cards:
            raise UserError(f"{self.base_url} has several models: name one of {', '.join(self._cards)}")
        raise UserError(f"{self.base_url} does not list its models: name the one to ask")

    async def _version(self) -> str | None:
        """vLLM's own version; other servers have no common way to tell theirs."""
        if not self._vllm:
            return None
        try:
            return (await self._beside("version", _PROBE_SECONDS)).get("version")
        except EngineError:
            return None

    async def _beside(self, path: str, timeout: float, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask one of vLLM's own paths, which lie beside /v1. Raises EngineError where that fails."""
        import openai

        url = f"{self._url.removesuffix('/v1')}/{path}"
        client = self._client.with_options(timeout=timeout)
        try:
            call = client.get(url, cast_to=object) if body is None else client.post(url, body=body, cast_to=object)
            reply = await call
        except openai.APIError as error:
            raise EngineError(f"{_without_login(url)}: {wire.said(error, self._key)}") from error
        return reply if isinstance(reply, dict) else {}

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """See Engine.generate. At most `concurrency` samples are asked for at once, over all threads."""
        pending = ((request, index) for request in requests for index in range(request.params.n))
        finished: queue.SimpleQueue[Future[Sample]] = queue.SimpleQueue()
        running: set[Future[Sample]] = set()
        try:
            while True:
                for request, index in islice(pending, self.concurrency - len(running)):
                    running.add(future := self._submit(self._sample(request, index)))
                    future.add_done_callback(finished.put)
                if not running:
                    return
                running.discard(future := finished.get())
                if (error := future.exception() if not future.cancelled() else CancelledError()) is not None:
                    yield from _good(finished)  # what others had finished before is not lost
                    raise self._translated(error) from error
                yield future.result()
        finally:
            for future in running:
                future.cancel()

    def stream(self, request: Request, halt: Halt | None = None) -> Iterator[Delta]:
        """See Engine.stream. Raises PromptTooLongError for a prompt that is longer than the server's context."""
        pieces: queue.SimpleQueue[Delta | None] = queue.SimpleQueue()
        future = self._submit(self._pieces(request, pieces))
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

    def _submit(self, coroutine: Any) -> Future[Any]:
        try:
            return self._loop.submit(coroutine)
        except RuntimeError as error:
            raise EngineError(f"the engine for {self.base_url} has been closed") from error

    async def _sample(self, request: Request, index: int) -> Sample:
        async with self._slots:
            started = time.perf_counter()
            try:
                reply = await self._create(request, index)
            except PromptTooLongError as error:
                log.warning("request %s: %s", request.id, error)
                return Sample(request.id, index, Response("", finish_reason="error", seconds=_since(started)))
        if not getattr(reply, "choices", None):
            raise EngineError(f"{self.base_url} answered without a response: {wire.said(reply, self._key)}")
        joiner = wire.Joiner()
        choice = reply.choices[0]
        joiner.add(getattr(choice, "message", choice))
        self._without_usage += reply.usage is None
        response = wire.response(joiner.text, choice.finish_reason, reply.usage, _since(started))
        return Sample(request.id, index, response)

    async def _pieces(self, request: Request, pieces: queue.SimpleQueue[Delta | None]) -> None:
        async with self._slots:
            started, first = time.perf_counter(), None
            joiner, finish, usage = wire.Joiner(), None, None
            chunks = await self._create(request, 0, stream=True, stream_options={"include_usage": True})
            async with chunks:
                async for chunk in chunks:
                    usage = getattr(chunk, "usage", None) or usage
                    for choice in chunk.choices or ():
                        finish = choice.finish_reason or finish
                        if text := joiner.add(getattr(choice, "delta", choice)):
                            first = first or _since(started)
                            pieces.put(Delta(text))
        if finish is None:
            raise EngineError(f"{self.base_url} ended a stream before the response was finished")
        self._without_usage += usage is None
        pieces.put(Delta("", wire.response(joiner.text, finish, usage, _since(started), first)))

    async def _create(self, request: Request, index: int, **options: Any) -> Any:
        """Ask. Raises PromptTooLongError where the prompt alone is more than the context holds.

        Where prompt and max_tokens together are too much, ask again for what the context leaves: in-process engines
        end such a response at the context's end, and vLLM's server refuses it.
        """
        bare, limit = isinstance(request.prompt, str), request.params.max_tokens
        if not bare or limit is not None:
            try:
                return await self._ask(request, index, limit, options)
            except PromptTooLongError:
                if limit is None or (bare and not self._vllm):
                    raise
        return await self._ask(request, index, await self._room(request) if bare else None, options)

    async def _ask(self, request: Request, index: int, limit: int | None, options: dict[str, Any]) -> Any:
        import openai

        api = self._client.completions if isinstance(request.prompt, str) else self._client.chat.completions
        fields: dict[str, Any] = wire.body(request, index, self.model, limit, vllm=self._vllm) | options
        try:
            return await api.create(**fields)
        except openai.BadRequestError as error:
            if not wire.overflowed(error):
                raise
            raise PromptTooLongError(f"{self.base_url} refused the prompt: {wire.said(error, self._key)}") from error

    async def _room(self, request: Request) -> int:
        """How many tokens the context leaves after a bare string.

        /completions stops after 16 tokens where it is not told; only vLLM offers a way to count.
        """
        if not self._vllm:
            raise UserError(f"{self.base_url} would stop after 16 tokens of a bare prompt: give max_tokens")
        reply = await self._beside("tokenize", self.timeout, {"model": self.model, "prompt": request.prompt})
        context, length = int(reply["max_model_len"]), int(reply["count"])
        if length >= context:
            raise PromptTooLongError(f"the prompt has {length} tokens and the context of {self.model} holds {context}")
        return context - length

    def _translated(self, error: BaseException) -> BaseException:
        """An error of the client as ours; any other is returned as it is."""
        import openai

        if isinstance(error, (CancelledError, asyncio.CancelledError)):
            return EngineError(f"the engine for {self.base_url} was closed while it was working")
        if isinstance(error, openai.APIStatusError):
            status, text = error.status_code, wire.said(error, self._key)
            if status in {408, 409, 429} or status >= 500:
                return EngineError(
                    f"{self.base_url} still fails after {self.max_retries} retries (HTTP {status}): {text}"
                )
            return UserError(f"{self.base_url} refused the request (HTTP {status}): {text}{self._hint(status)}")
        if isinstance(error, openai.APIConnectionError):
            cause = " ".join(str(error.__cause__ or error.message).split())
            return EngineError(f"lost the connection to {self.base_url} ({self.max_retries} retries): {cause}")
        if isinstance(error, (openai.APIError, *_transport_errors())):
            return EngineError(f"{self.base_url} broke off its response: {wire.said(error, self._key)}")
        return error

    def _hint(self, status: int) -> str:
        if status == 401:
            return " (the key is taken from OPENAI_API_KEY)"
        if status == 404 and not self._cards and not self._url.endswith("/v1"):
            return f" (is it {self.base_url}/v1?)"
        return ""

    def describe(self) -> dict[str, Any]:
        """See Engine.describe. An endpoint tells nothing of devices, templates and defaults: these stay empty.

        `responses_without_usage` have token counts of 0 because the server told none.
        """
        versions = {"openai": version("openai")} | ({"vllm": self._server_version} if self._server_version else {})
        return {
            "backend": self.backend,
            "model": self.model,
            "revision": None,
            "versions": versions,
            "devices": [],
            "chat_template_sha256": None,
            "generation_defaults": {},
            "settings": {
                "base_url": self.base_url,
                "server": "vllm" if self._vllm else "unknown",
                "model_card": {k: self._card[k] for k in ("owned_by", "root", "max_model_len") if k in self._card},
                "concurrency": self.concurrency,
                "max_retries": self.max_retries,
                "timeout": self.timeout,
                "responses_without_usage": self._without_usage,
            },
        }

    def close(self) -> None:
        """See Engine.close."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._loop.close(self._client.close())


def _since(started: float) -> float:
    return time.perf_counter() - started


def _good(finished: queue.SimpleQueue[Future[Sample]]) -> Iterator[Sample]:
    while not finished.empty():
        future = finished.get()
        if not future.cancelled() and future.exception() is None:
            yield future.result()


def _without_login(url: str) -> str:
    """A URL without the user name and password that it may carry."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _transport_errors() -> tuple[type[BaseException], ...]:
    """What reading a stream may raise: the package lets its HTTP library's errors through there."""
    import sys

    modules = (sys.modules.get("httpx2"), sys.modules.get("httpx"))
    return tuple(module.TransportError for module in modules if module is not None)
