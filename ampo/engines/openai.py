"""Any OpenAI-compatible endpoint as an engine: vLLM's server (`ampo serve`), llama.cpp, a gateway, OpenAI itself.

`generate` asks for whole responses, so that a busy server costs no work of ours per token; only `stream` streams.
Nothing that a server answers ends a run of `generate`, as long as something still succeeds:

- What can pass (408, 409, 5xx, a lost connection, a reply that is none) is asked again, `max_retries` times; where
  requests come too often (429), until `timeout` has passed. Waits double, and are what the server's Retry-After says.
- A sample that still fails, or that is refused (400, 413, 422), is a response with finish_reason "error", counted by
  its reason. It is held back until another sample succeeds: where nothing does any more, the run ends with an error
  and those samples are asked again when it is resumed.
- A parameter that the endpoint doesn't take is learnt from the first refusal (see `ampo.engines.learnt`).
- A refused key, an unknown path or model and an empty account end the run at once (401 to 405).

A prompt longer than the context is a PromptTooLongError in `stream`. A stream that breaks after its start is an
EngineError: what was shown can't be taken back. How our types map to the protocol stands in `openai_wire`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import queue
import random
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import aclosing
from importlib.metadata import version
from itertools import islice
from typing import Any, NamedTuple

import aiohttp

from ampo.console import say as to_stderr
from ampo.engines import openai_logprobs as logprobs
from ampo.engines import openai_wire as wire
from ampo.engines.background import BackgroundLoop
from ampo.engines.base import Engine
from ampo.engines.endpoint import Endpoint, Endpoints, FailedError, RefusedError
from ampo.engines.halt import Halt
from ampo.engines.response import respond, without_answer
from ampo.engines.secrets import secret
from ampo.errors import EngineError, PromptTooLongError, UserError, nearest
from ampo.types import Delta, Request, Sample

log = logging.getLogger(__name__)

_PROBE_SECONDS = 5.0  # long enough for a far gateway, short enough for a person who mistyped a port
_ENOUGH = 16  # samples that fail one after the other, with no success between them: nothing succeeds any more
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 8.0  # seconds before a request is asked again


class _Result(NamedTuple):
    """A sample; error: why it has no response."""

    sample: Sample
    error: FailedError | RefusedError | None = None


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
        self.base_url = ", ".join(one.url for one in self._endpoints.members)
        self._slots = asyncio.Semaphore(concurrency)
        self._closing, self._closed = threading.Lock(), False
        self._without_usage, self._retries, self._last_error = 0, 0, ""
        self._unanswered: Counter[str] = Counter()
        self._started: dict[int, float] = {}
        self._ids = itertools.count()
        self._loop = BackgroundLoop("ampo-openai")
        try:
            self._session = self._loop.run(self._open())
            self._cards = self._loop.run(self._models())
            self.model = self._choose(model or "")
            self._card = self._cards.get(self.model, {})
            self._vllm = self._card.get("owned_by") == "vllm"
            self._server_version = self._loop.run(self._version())
        except BaseException:
            self.close()
            raise

    async def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def _models(self) -> dict[str, dict[str, Any]]:
        """The models that the endpoints have, by name; empty where none lists them.

        Several endpoints must have a model in common. One that can't be reached is left out until it can.
        """
        found: list[dict[str, dict[str, Any]]] = []
        lost: list[FailedError] = []
        for one in self._endpoints.members:
            try:
                page = await one.get(self._session, "models", _PROBE_SECONDS)
                cards = page.get("data")
                listed = {card["id"]: card for card in cards if isinstance(card, dict) and card.get("id")}  # type: ignore[union-attr]
                found.append(listed)
            except RefusedError as error:
                if error.status in (401, 402, 403):
                    raise self._translated(error) from error
                log.debug("no list of models: %s", error)  # a courtesy: some servers have none, or of another form
            except FailedError as error:
                if error.lost:
                    lost.append(error)
                    self._endpoints.failed(one, error)
            except TypeError:
                log.debug("%s: a list of models of another form", one.url)
        if len(lost) == len(self._endpoints.members):
            raise UserError(
                f"cannot reach {self.base_url}: is the server running? (`ampo serve` starts one; {lost[0]})"
            ) from lost[0]
        for error in lost:
            self._say(f"note: {error}; it is left out until it answers")
        found = [cards for cards in found if cards]
        return {name: card for name, card in found[0].items() if all(name in cards for cards in found)} if found else {}

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
            page = await self._endpoints.pick().get(self._session, "/version", _PROBE_SECONDS)
            return str(page.get("version"))
        except (FailedError, RefusedError):
            return None

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """See Engine.generate. At most `concurrency` samples are asked for at once, over all threads."""
        before = self._unanswered.copy()
        held: list[_Result] = []  # failures that wait for a sign that the endpoint works
        answered = False
        try:
            for result in self._results(requests):
                if result.error is None:
                    answered = True
                    yield from self._let_go(held)
                    yield result.sample
                    continue
                held.append(result)
                if len(held) >= _ENOUGH:
                    break
            if held:
                error = held[-1].error
                assert error is not None
                if not answered or len(held) >= _ENOUGH or getattr(error, "lost", False):
                    raise self._translated(error) from error
                yield from self._let_go(held)
        finally:
            if lost := self._unanswered - before:
                reasons = ", ".join(f"{n} {reason}" for reason, n in lost.most_common())
                self._say(f"note: {lost.total()} samples have no response: {reasons}")

    def _let_go(self, held: list[_Result]) -> Iterator[Sample]:
        for result in held:
            self._unanswered[_reason(result.error)] += 1
            log.warning("%s#%d has no response: %s", *result.sample[:2], result.error)
            yield result.sample
        held.clear()

    def _results(self, requests: Iterable[Request]) -> Iterator[_Result]:
        """Each sample as it comes. Raises what ends the run, after what had finished before."""
        pending = ((request, index) for request in requests for index in range(request.params.n))
        finished: queue.SimpleQueue[Future[_Result]] = queue.SimpleQueue()
        running: set[Future[_Result]] = set()
        done: list[Future[_Result]] = []
        try:
            while True:
                more = list(islice(pending, self.concurrency - len(running)))
                for future in self._submit_all([self._sample(*one) for one in more]):
                    running.add(future)
                    future.add_done_callback(finished.put)
                yield from map(Future.result, done)  # while the endpoint is at work on others
                if not running:
                    return
                done = [finished.get(), *_there(finished)]
                running.difference_update(done)
                if error := next(filter(None, map(_error_of, done)), None):
                    yield from _good([*done, *_there(finished)])  # what others had finished before is not lost
                    raise self._translated(error) from error
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

    def activity(self) -> str:
        """See Engine.activity."""
        started = list(self._started.values())
        parts = [f"{len(started)} in flight"]
        if started:
            parts.append(f"the oldest for {time.monotonic() - min(started):.0f} s")
        if self._retries:
            parts.append(f"{self._retries} retries, the last error: {self._last_error}")
        return ", ".join(parts)

    def _submit(self, coroutine: Any) -> Future[Any]:
        try:
            return self._loop.submit(coroutine)
        except RuntimeError as error:
            raise EngineError(f"the engine for {self.base_url} has been closed") from error

    def _submit_all(self, coroutines: Sequence[Any]) -> list[Future[Any]]:
        try:
            return self._loop.submit_all(coroutines) if coroutines else []
        except RuntimeError as error:
            raise EngineError(f"the engine for {self.base_url} has been closed") from error

    async def _sample(self, request: Request, index: int) -> _Result:
        async with self._slots:
            name, started = next(self._ids), time.monotonic()
            self._started[name] = started
            try:
                reply = await self._fitting(request, index)
            except PromptTooLongError as error:
                self._unanswered["too long for the context"] += 1
                log.warning("request %s: %s", request.id, error)
                return _Result(Sample(request.id, index, without_answer(_since(started))))
            except (FailedError, RefusedError) as error:
                fatal = isinstance(error, RefusedError) and error.status not in (400, 413, 415, 422)
                if fatal or (isinstance(error, RefusedError) and wire.no_system_role(error.data)):
                    raise
                failed = Sample(request.id, index, without_answer(_since(started)))
                if isinstance(error, RefusedError) and (why := wire.own_fault(error.status, error.data)):
                    self._unanswered[why] += 1
                    log.warning("request %s: %s", request.id, error)
                    return _Result(failed)
                return _Result(failed, error)
            finally:
                self._started.pop(name, None)
        self._without_usage += reply.usage.completion is None
        if reply.finish == "content_filter":
            self._unanswered["moderated"] += 1
        response = respond(
            reply.text,
            wire.finish_reason(reply.finish),
            prompt_tokens=reply.usage.prompt,
            completion_tokens=reply.usage.completion,
            seconds=_since(started),
        )
        return _Result(Sample(request.id, index, response))

    async def _pieces(self, request: Request, pieces: queue.SimpleQueue[Delta | None]) -> None:
        async with self._slots:
            started, first = time.monotonic(), None
            joiner, finish, usage = wire.Joiner(), None, wire.Usage()
            async for data in self._streamed(request):
                usage = told if (told := wire.usage(data)).completion is not None else usage
                text, ended = self._chunk(data, joiner)
                finish = ended or finish
                told = logprobs.told(data) if request.logprobs else ()
                if text:
                    first = first or _since(started)
                if text or told:
                    pieces.put(Delta(text, None, told))
        if finish is None:
            raise EngineError(f"{self.base_url} ended a stream before the response was finished")
        self._without_usage += usage.completion is None
        response = respond(
            joiner.text,
            wire.finish_reason(finish),
            prompt_tokens=usage.prompt,
            completion_tokens=usage.completion,
            seconds=_since(started),
            first_token_seconds=first,
        )
        pieces.put(Delta("", response))

    def _chunk(self, data: dict[str, Any], joiner: wire.Joiner) -> tuple[str, str | None]:
        try:
            if isinstance(data.get("choices"), list) and data["choices"] and "message" in data["choices"][0]:
                whole = wire.reply(data)  # a server that does not stream
                joiner.text = whole.text
                return whole.text, whole.finish
            return wire.chunk(data, joiner)
        except (wire.BrokenReplyError, TypeError) as error:
            raise EngineError(f"{self.base_url} broke off its response: {error}") from error

    async def _fitting(self, request: Request, index: int) -> wire.Reply:
        """A whole response. Raises PromptTooLongError where the prompt alone is more than the context holds.

        Where prompt and max_tokens together are too much, ask again for what the context leaves: in-process engines
        end such a response at the context's end, and vLLM's server refuses it.
        """
        bare, limit = isinstance(request.prompt, str), request.params.max_tokens
        if not bare or limit is not None:
            try:
                return await self._ask(request, index, limit)
            except PromptTooLongError:
                if limit is None or (bare and not self._vllm):
                    raise
        return await self._ask(request, index, await self._room(request) if bare else None)

    async def _ask(self, request: Request, index: int, limit: int | None) -> wire.Reply:
        fields = wire.body(request, index, self.model, limit, vllm=self._vllm) | self._extra
        path = _path(request)
        return await self._tried(lambda one, sent: self._reply(one, path, sent), fields)

    async def _reply(self, one: Endpoint, path: str, fields: dict[str, Any]) -> wire.Reply:
        try:
            return wire.reply(await one.post(self._session, path, fields))
        except wire.BrokenReplyError as error:
            raise one.broken(error) from error

    async def _tried(self, call: Callable[[Endpoint, dict[str, Any]], Any], fields: dict[str, Any]) -> Any:
        """Call until it succeeds, is refused, or has failed too often. Raises as the module's docstring says."""
        deadline, tries = time.monotonic() + self.timeout, 0
        while True:
            one = self._endpoints.pick()
            sent = one.learnt.apply(fields)
            one.in_flight += 1
            try:
                reply = await call(one, sent)
                self._endpoints.succeeded(one)
                return reply
            except RefusedError as error:
                if error.status in (400, 422) and one.learnt.learn(error.status, error.data, sent):
                    continue
                if error.status == 400 and wire.overflowed(error.data):
                    raise PromptTooLongError(f"refused the prompt: {error}") from error
                raise
            except FailedError as error:
                self._endpoints.failed(one, error)
                self._last_error = str(error)
                tries += not error.busy
                if tries > self.max_retries or (error.busy and time.monotonic() > deadline):
                    raise
                failed = error
            finally:
                one.in_flight -= 1
            self._retries += 1
            own = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(tries, 6)) * random.uniform(0.75, 1)
            await self._endpoints.pause(one, own if failed.wait is None else failed.wait)

    async def _streamed(self, request: Request) -> AsyncIterator[dict[str, Any]]:
        """The pieces of a streamed response; asked again as `_fitting` does as long as nothing has come."""
        bare, limit = isinstance(request.prompt, str), request.params.max_tokens
        room = await self._room(request) if bare and limit is None else limit
        for last in (False, True):
            fields = wire.body(request, 0, self.model, room, vllm=self._vllm) | self._extra
            fields |= {"stream": True, "stream_options": {"include_usage": True}} | logprobs.fields(request)
            try:
                first, rest = await self._tried(lambda one, sent: self._opened(one, _path(request), sent), fields)
                break
            except PromptTooLongError:
                if last or room is None or (bare and not self._vllm):
                    raise
                room = await self._room(request) if bare else None
        async with aclosing(rest):
            yield first
            async for data in rest:
                yield data

    async def _opened(self, one: Endpoint, path: str, fields: dict[str, Any]) -> tuple[Any, AsyncGenerator]:
        """The first piece of a stream, and the others."""
        events = one.events(self._session, path, fields)
        first = await anext(events, None)
        if first is None:
            raise one.broken(wire.BrokenReplyError("a stream with nothing in it"))
        return first, events

    async def _room(self, request: Request) -> int:
        """How many tokens the context leaves after a bare string.

        /completions stops after 16 tokens where it is not told; only vLLM offers a way to count.
        """
        if not self._vllm:
            raise UserError(f"{self.base_url} would stop after 16 tokens of a bare prompt: give max_tokens")
        counting = {"model": self.model, "prompt": request.prompt}
        reply = await self._tried(lambda one, sent: one.post(self._session, "/tokenize", sent), counting)
        context, length = int(reply["max_model_len"]), int(reply["count"])
        if length >= context:
            raise PromptTooLongError(f"the prompt has {length} tokens and the context of {self.model} holds {context}")
        return context - length

    def _translated(self, error: BaseException) -> BaseException:
        """An error of the client as ours; any other is returned as it is."""
        if isinstance(error, (CancelledError, asyncio.CancelledError)):
            return EngineError(f"the engine for {self.base_url} was closed while it was working")
        if isinstance(error, RefusedError):
            return UserError(f"the request was refused by {error}{self._hint(error)}")
        if isinstance(error, FailedError):
            return EngineError(f"still no response after {self.max_retries} retries: {error}")
        return error

    def _hint(self, error: RefusedError) -> str:
        if error.status == 401:
            return " (the key is taken from OPENAI_API_KEY, or --api-key @FILE)"
        if error.status == 404 and not self._cards and not self.base_url.endswith("/v1"):
            return f" (is it {self.base_url}/v1?)"
        if wire.no_system_role(error.data):
            return " (leave out the system prompt: --template plain has none)"
        return ""

    def describe(self) -> dict[str, Any]:
        """See Engine.describe. An endpoint tells nothing of devices, templates and defaults: these stay empty.

        `requests` is about the work so far: samples without token counts, samples without a response by reason,
        retries; `refused_parameters` are those that the endpoint doesn't take, and what was done instead.
        """
        versions = {"aiohttp": version("aiohttp")} | ({"vllm": self._server_version} if self._server_version else {})
        learnt = {one.url: one.learnt.refused for one in self._endpoints.members if one.learnt.refused}
        urls = [one.url for one in self._endpoints.members]
        return {
            "backend": self.backend,
            "model": self.model,
            "revision": None,
            "versions": versions,
            "devices": [],
            "chat_template_sha256": None,
            "generation_defaults": {},
            "settings": {
                "base_url": urls[0] if len(urls) == 1 else urls,
                "server": "vllm" if self._vllm else "unknown",
                "model_card": {k: self._card[k] for k in ("owned_by", "root", "max_model_len") if k in self._card},
                "concurrency": self.concurrency,
                "max_retries": self.max_retries,
                "timeout": self.timeout,
                "extra_body": self._extra,
                "headers": self._header_names,
            },
            "refused_parameters": learnt,
            "requests": {
                "without_token_counts": self._without_usage,
                "without_response": dict(self._unanswered),
                "retries": self._retries,
            },
        }

    def close(self) -> None:
        """See Engine.close."""
        with self._closing:
            if not self._closed:
                self._closed = True
                session = getattr(self, "_session", None)
                self._loop.close(session.close() if session else None)


def _path(request: Request) -> str:
    return "completions" if isinstance(request.prompt, str) else "chat/completions"


def _reason(error: FailedError | RefusedError | None) -> str:
    if isinstance(error, RefusedError):
        return f"refused (HTTP {error.status})"
    return "lost" if error is not None and getattr(error, "lost", False) else "failed at the server"


def _since(started: float) -> float:
    return time.monotonic() - started


def _there(finished: queue.SimpleQueue[Future[_Result]]) -> list[Future[_Result]]:
    """What has finished by now. Nobody else takes from the queue."""
    return [finished.get() for _ in range(finished.qsize())]


def _error_of(future: Future[_Result]) -> BaseException | None:
    return CancelledError() if future.cancelled() else future.exception()


def _good(futures: Iterable[Future[_Result]]) -> Iterator[_Result]:
    return (future.result() for future in futures if _error_of(future) is None)
