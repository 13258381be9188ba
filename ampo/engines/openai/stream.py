"""A streamed response of an OpenAI-compatible endpoint, read piece by piece."""

from __future__ import annotations

import time
from typing import Any

from ampo.engines.openai import logprobs, wire
from ampo.engines.response import respond
from ampo.errors import EngineError
from ampo.types import Delta, Request, Response


class StreamReader:
    """The pieces that arrive as deltas, and in the end the whole response. base_url: whose it is, for errors."""

    def __init__(self, request: Request, base_url: str) -> None:
        self.usage = wire.Usage()
        self._request, self._base_url = request, base_url
        self._joiner = wire.Joiner()
        self._finish: str | None = None
        self._started, self._first = time.monotonic(), None

    def read(self, data: dict[str, Any]) -> Delta | None:
        """What a piece brings; None where it has neither text nor probabilities. EngineError for a broken one."""
        if (told := wire.usage(data)).completion is not None:
            self.usage = told
        text, ended = self._text(data)
        self._finish = ended or self._finish
        tokens = logprobs.told(data) if self._request.logprobs else ()
        if text:
            self._first = self._first or self._seconds()
        return Delta(text, None, tokens) if text or tokens else None

    def _text(self, data: dict[str, Any]) -> tuple[str, str | None]:
        """The new text, and the reason of the end where this is it."""
        try:
            if isinstance(data.get("choices"), list) and data["choices"] and "message" in data["choices"][0]:
                whole = wire.reply(data)  # a server that does not stream
                self._joiner.whole(whole.text)
                return whole.text, whole.finish
            return wire.chunk(data, self._joiner)
        except (wire.BrokenReplyError, TypeError) as error:
            raise EngineError(f"{self._base_url} broke off its response: {error}") from error

    def response(self) -> Response:
        """All of it. EngineError where the stream ended before the response did."""
        if self._finish is None:
            raise EngineError(f"{self._base_url} ended a stream before the response was finished")
        return respond(
            self._joiner.text,
            wire.finish_reason(self._finish),
            prompt_tokens=self.usage.prompt,
            completion_tokens=self.usage.completion,
            seconds=self._seconds(),
            first_token_seconds=self._first,
        )

    def _seconds(self) -> float:
        return time.monotonic() - self._started
