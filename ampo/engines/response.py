"""A response from what an engine has made: the one place where text becomes a `Response`."""

from __future__ import annotations

from ampo import prompts
from ampo.types import FinishReason, Response
from ampo.verify.find.extract import final_answer


def respond(
    text: str,
    finish_reason: FinishReason,
    *,
    prompt_tokens: int | None,
    completion_tokens: int | None,
    seconds: float,
    first_token_seconds: float | None = None,
) -> Response:
    """A response with its thought and its answer.

    Args:
        text: all of it, what the chat template has opened included.
        finish_reason: why it ended.
        prompt_tokens: None where nobody counted them, as are completion_tokens.
        completion_tokens: those that were generated.
        seconds: from the request's start in the engine to its end.
        first_token_seconds: likewise to the first token.
    """
    parts = prompts.split(text)
    return Response(
        text=text,
        thought=parts.thought,
        answer=final_answer(text, finish_reason),
        finish_reason=finish_reason,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        seconds=seconds,
        first_token_seconds=first_token_seconds,
    )


def without_answer(seconds: float = 0.0) -> Response:
    """The response to a request that can't be answered: it is counted, and the others go on."""
    return Response("", finish_reason="error", seconds=seconds)
