"""Requests to the endpoints of one model: asked again where that may help, and fitted into the context.

What is tried again, for how long, and what ends a run stands in `engine`.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any

import aiohttp

from ampo.engines.openai import logprobs, wire
from ampo.engines.openai.endpoint import Endpoint, Endpoints, FailedError, RefusedError
from ampo.engines.openai.models import Served
from ampo.errors import PromptTooLongError, UserError
from ampo.types import Request

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 8.0  # seconds before a request is asked again


class Client:
    """See the module's docstring. All of it runs in the event loop of `session`.

    Args:
        endpoints: those that are asked.
        session: what they are asked with.
        served: the model.
        max_retries: how often a failed request is asked again.
        timeout: seconds within which a request that comes too often is asked again.
        extra: further fields of each request; they win over ours.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        session: aiohttp.ClientSession,
        served: Served,
        *,
        max_retries: int,
        timeout: float,
        extra: Mapping[str, Any],
    ) -> None:
        self.retries, self.last_error = 0, ""
        self._endpoints, self._session, self._served = endpoints, session, served
        self._max_retries, self._timeout, self._extra = max_retries, timeout, dict(extra)

    async def reply(self, request: Request, index: int) -> wire.Reply:
        """Sample `index` of a request, whole.

        Where prompt and max_tokens together are too much, ask again for what the context leaves: in-process engines
        end such a response at the context's end, and vLLM's server refuses it.

        Raises:
            PromptTooLongError: where the prompt alone is more than the context holds.
            FailedError: where it has failed too often.
            RefusedError: where it is refused.
        """
        bare, limit = isinstance(request.prompt, str), request.params.max_tokens
        if not bare or limit is not None:
            try:
                return await self._whole(request, index, limit)
            except PromptTooLongError:
                if limit is None or (bare and not self._served.vllm):
                    raise
        return await self._whole(request, index, await self._room(request) if bare else None)

    async def stream(self, request: Request) -> AsyncIterator[dict[str, Any]]:
        """The pieces of a streamed response; asked again as `reply` does as long as nothing has come."""
        bare, limit = isinstance(request.prompt, str), request.params.max_tokens
        room = await self._room(request) if bare and limit is None else limit
        for last in (False, True):
            try:
                first, rest = await self._started(request, room)
                break
            except PromptTooLongError:
                if last or room is None or (bare and not self._served.vllm):
                    raise
                room = await self._room(request) if bare else None
        async with aclosing(rest):
            yield first
            async for data in rest:
                yield data

    async def _whole(self, request: Request, index: int, limit: int | None) -> wire.Reply:
        async def call(one: Endpoint, fields: dict[str, Any]) -> wire.Reply:
            try:
                return wire.reply(await one.post(self._session, _path(request), fields))
            except wire.BrokenReplyError as error:
                raise one.broken(error) from error

        return await self._tried(call, self._fields(request, index, limit))

    async def _started(self, request: Request, limit: int | None) -> tuple[Any, AsyncGenerator]:
        """The first piece of a stream, and the others."""

        async def call(one: Endpoint, fields: dict[str, Any]) -> tuple[Any, AsyncGenerator]:
            events = one.events(self._session, _path(request), fields)
            first = await anext(events, None)
            if first is None:
                raise one.broken(wire.BrokenReplyError("a stream with nothing in it"))
            return first, events

        fields = self._fields(request, 0, limit)
        fields |= {"stream": True, "stream_options": {"include_usage": True}} | logprobs.fields(request)
        return await self._tried(call, fields)

    def _fields(self, request: Request, index: int, limit: int | None) -> dict[str, Any]:
        return wire.body(request, index, self._served.model, limit, vllm=self._served.vllm) | self._extra

    async def _room(self, request: Request) -> int:
        """How many tokens the context leaves after a bare string.

        /completions stops after 16 tokens where it is not told; only vLLM offers a way to count.
        """
        model = self._served.model
        if not self._served.vllm:
            raise UserError(f"{self._endpoints.where} would stop after 16 tokens of a bare prompt: give max_tokens")
        counting = {"model": model, "prompt": request.prompt}
        reply = await self._tried(lambda one, sent: one.post(self._session, "/tokenize", sent), counting)
        context, length = int(reply["max_model_len"]), int(reply["count"])
        if length >= context:
            raise PromptTooLongError(f"the prompt has {length} tokens and the context of {model} holds {context}")
        return context - length

    async def _tried(self, call: Callable[[Endpoint, dict[str, Any]], Any], fields: dict[str, Any]) -> Any:
        """Call until it succeeds, is refused, or has failed too often. Raises as `reply` does."""
        deadline, tries = time.monotonic() + self._timeout, 0
        while True:
            one = self._endpoints.pick()
            sent = one.learnt.apply(fields)
            one.in_flight += 1
            try:
                reply = await call(one, sent)
                self._endpoints.succeeded(one)
                return reply
            except RefusedError as error:
                _learn(one, error, sent)
                continue
            except FailedError as error:
                self._endpoints.failed(one, error)
                self.last_error = str(error)
                tries += not error.busy
                if tries > self._max_retries or (error.busy and time.monotonic() > deadline):
                    raise
                wait = _backoff(tries) if error.wait is None else error.wait
            finally:
                one.in_flight -= 1
            self.retries += 1
            await self._endpoints.pause(one, wait)


def _path(request: Request) -> str:
    return "completions" if isinstance(request.prompt, str) else "chat/completions"


def _learn(one: Endpoint, error: RefusedError, sent: dict[str, Any]) -> None:
    """Return where the refusal tells how to ask instead; raise it where it doesn't."""
    if error.status in (400, 422) and one.learnt.learn(error.status, error.data, sent):
        return
    if error.status == 400 and wire.overflowed(error.data):
        raise PromptTooLongError(f"refused the prompt: {error}") from error
    raise error


def _backoff(tries: int) -> float:
    return min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(tries, 6)) * random.uniform(0.75, 1)
