"""Samples of an OpenAI-compatible endpoint: each a response, or none and why; what becomes of them is counted."""

from __future__ import annotations

import asyncio
import itertools
import logging
import queue
import time
from collections import Counter
from typing import NamedTuple

from ampo.engines.openai import faults, wire
from ampo.engines.openai.client import Client
from ampo.engines.openai.endpoint import FailedError, RefusedError
from ampo.engines.openai.stream import StreamReader
from ampo.engines.response import respond, without_answer
from ampo.errors import PromptTooLongError
from ampo.types import Delta, Request, Sample

log = logging.getLogger(__name__)


class Result(NamedTuple):
    """A sample. fault: why it has no response, where the endpoint may be at fault and not the request."""

    sample: Sample
    fault: faults.Fault | None = None


class Sampler:
    """Asks for samples, `concurrency` at once.

    Attributes:
        without_usage: samples whose tokens the endpoint did not count.
        unanswered: samples without a response, by reason.
    """

    def __init__(self, client: Client, concurrency: int, base_url: str) -> None:
        self.without_usage, self.unanswered = 0, Counter[str]()
        self._client, self._base_url = client, base_url
        self._slots = asyncio.Semaphore(concurrency)
        self._started: dict[int, float] = {}
        self._ids = itertools.count()

    def activity(self) -> str:
        """What is under way, in a few words."""
        started = list(self._started.values())
        parts = [f"{len(started)} in flight"]
        if started:
            parts.append(f"the oldest for {time.monotonic() - min(started):.0f} s")
        if self._client.retries:
            parts.append(f"{self._client.retries} retries, the last error: {self._client.last_error}")
        return ", ".join(parts)

    async def sample(self, request: Request, index: int) -> Result:
        """Sample `index` of a request. Raises what ends the run."""
        async with self._slots:
            name, started = next(self._ids), time.monotonic()
            self._started[name] = started
            try:
                reply = await self._client.reply(request, index)
            except (PromptTooLongError, FailedError, RefusedError) as error:
                return self._failed(Sample(request.id, index, without_answer(_since(started))), error)
            finally:
                self._started.pop(name, None)
        self.without_usage += reply.usage.completion is None
        if reply.finish == "content_filter":
            self.unanswered["moderated"] += 1
        response = respond(
            reply.text,
            wire.finish_reason(reply.finish),
            prompt_tokens=reply.usage.prompt,
            completion_tokens=reply.usage.completion,
            seconds=_since(started),
        )
        return Result(Sample(request.id, index, response))

    def _failed(self, sample: Sample, error: PromptTooLongError | faults.Fault) -> Result:
        """A sample without a response; counted where that is its own fault. Raises what ends the run."""
        if isinstance(error, PromptTooLongError):
            why = "too long for the context"
        elif faults.ends_run(error):
            raise error
        else:
            why = faults.own_fault(error)
            if not why:
                return Result(sample, error)
        self.unanswered[why] += 1
        log.warning("request %s: %s", sample.request_id, error)
        return Result(sample)

    async def stream(self, request: Request, pieces: queue.SimpleQueue[Delta | None]) -> None:
        """Put the pieces of one sample into a queue as they come; the last one carries the response."""
        async with self._slots:
            reader = StreamReader(request, self._base_url)
            async for data in self._client.stream(request):
                if (delta := reader.read(data)) is not None:
                    pieces.put(delta)
        response = reader.response()
        self.without_usage += reader.usage.completion is None
        pieces.put(Delta("", response))


def _since(started: float) -> float:
    return time.monotonic() - started
