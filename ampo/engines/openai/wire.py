"""What goes over the wire to an OpenAI-compatible endpoint, and what comes back: pure functions on plain data.

Where endpoints differ from our types, these rules hold.

- A conversation goes to /chat/completions, a bare string to /completions.
- `n` is n requests with seed + i: the meaning of `n` together with a seed is left open by the protocol, and so every
  sample finishes, is retried and is resumed by itself. (vLLM's prefix cache still computes the prompt once.)
- vLLM's own names (top_k, min_p, repetition_penalty) travel in the body only where they differ from the defaults:
  other servers refuse them. A vLLM server gets every value, since it fills in what is absent from the model's
  generation_config, and a run would not be sampled as its record says.
- A thought that the server has taken out of the text (`reasoning`, `reasoning_content`, or a part of the content) is
  put back as <think>. A server that leaves thoughts in the text sends nothing of what its chat template wrote: where
  that has opened the thought, only the closing tag tells it, so such a server should be started with its reasoning
  parser.
- A reply that is HTTP 200 and no response (no choices, an error, content that is a number) is a BrokenReplyError.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ampo import prompts
from ampo.files import well_formed
from ampo.pieces import Pieces
from ampo.types import FinishReason, Request, SamplingParams

_OURS = ("top_k", "min_p", "repetition_penalty")
_FINISH: dict[str | None, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "stop",
    "function_call": "stop",
    "abort": "abort",
}
_OVERFLOW = re.compile(
    r"context.{0,3}length|context.{0,3}window|context_size|max_model_len|maximum.{0,40}tokens|too long", re.IGNORECASE
)
_MODERATED = re.compile(
    r"content.?(filter|policy|management)|moderat|responsible.?ai|safety|flagged|prohibited", re.IGNORECASE
)
_SYSTEM_ROLE = re.compile(
    r"system.{0,3}(role|message|prompt|instruction)s?.{0,40}(not|n't|un)|role.{0,10}system.{0,30}(not|invalid|un)"
    r"|(unsupported|invalid|unknown).{0,20}role.{0,10}system|only user and assistant roles",
    re.IGNORECASE,
)
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_SHOWN = 400  # characters of a server's own words


class BrokenReplyError(Exception):
    """The server answered HTTP 200, and not with a response."""


class Usage(NamedTuple):
    """Token counts as the server told them; None where it did not."""

    prompt: int | None = None
    completion: int | None = None


class Reply(NamedTuple):
    """A whole response. finish: the server's own word."""

    text: str
    finish: str | None
    usage: Usage


def body(request: Request, index: int, model: str, max_tokens: int | None, *, vllm: bool) -> dict[str, Any]:
    """What is sent for a sample of a request.

    Args:
        request: What is asked.
        index: Which sample, from 0; a seeded request's has the seed plus it.
        model: The name that the server knows.
        max_tokens: None leaves it to the server.
        vllm: Whether vLLM serves, which takes parameters that others refuse.
    """
    params = request.params
    fields: dict[str, Any] = {"model": model, "temperature": params.temperature, "top_p": params.top_p}
    if isinstance(request.prompt, str):
        fields["prompt"] = request.prompt
    else:
        fields["messages"] = [dict(message) for message in request.prompt]
    optional = {
        "max_tokens": max_tokens,
        "stop": list(params.stop) or None,
        "seed": None if params.seed is None else params.seed + index,
        "presence_penalty": _changed(params, "presence_penalty", vllm),
        "frequency_penalty": _changed(params, "frequency_penalty", vllm),
        **{name: _changed(params, name, vllm) for name in _OURS},
    }
    fields |= {name: value for name, value in optional.items() if value is not None}
    return fields | _continued(request, vllm)


def _continued(request: Request, vllm: bool) -> dict[str, bool]:
    """A conversation that ends in the assistant's words is to be gone on with; vLLM has to be told."""
    if not vllm or isinstance(request.prompt, str) or not request.prompt or request.prompt[-1]["role"] != "assistant":
        return {}
    return {"continue_final_message": True, "add_generation_prompt": False}


def _changed(params: SamplingParams, name: str, always: bool) -> Any:
    value = getattr(params, name)
    return value if always or value != getattr(SamplingParams(), name) else None


def parsed(content: bytes) -> dict[str, Any]:
    """A reply's body. Raises BrokenReplyError for what is no JSON object, with what it is."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BrokenReplyError(f"no JSON: {shortened(content) or 'an empty reply'}") from error
    if not isinstance(data, dict):
        raise BrokenReplyError(f"no JSON object: {shortened(content)}")
    return data


def reply(data: Mapping[str, Any]) -> Reply:
    """A whole response. Raises BrokenReplyError where there is none in it."""
    choice = _first_choice(data)
    joiner = Joiner()
    message = choice.get("message", choice)
    if not isinstance(message, Mapping):
        raise BrokenReplyError(f"no message: {shortened(data)}")
    joiner.add(message)
    return Reply(joiner.text, _finish_of(choice), usage(data))


def _first_choice(data: Mapping[str, Any]) -> Mapping[str, Any]:
    if data.get("error"):
        raise BrokenReplyError(said(data))
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise BrokenReplyError(f"no choices: {shortened(data)}")
    return choices[0]


def _finish_of(choice: Mapping[str, Any]) -> str | None:
    finish = choice.get("finish_reason")
    return finish if isinstance(finish, str) else None


def chunk(data: Mapping[str, Any], joiner: Joiner) -> tuple[str, str | None]:
    """The new text and the finish reason in a piece of a stream. Raises BrokenReplyError."""
    if not data.get("choices") and not data.get("error"):
        return "", None  # the piece with the usage, or a sign of life
    choice = _first_choice(data)
    delta = choice.get("delta", choice)
    text = joiner.add(delta) if isinstance(delta, Mapping) else ""
    return text, _finish_of(choice)


def usage(data: Mapping[str, Any]) -> Usage:
    """Token counts. Some servers write them as text."""
    told = data.get("usage")
    if not isinstance(told, Mapping):
        return Usage()
    return Usage(_count(told.get("prompt_tokens")), _count(told.get("completion_tokens")))


def _count(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53 and value == int(value)
    return int(value) if fits else None


def finish_reason(finish: str | None) -> FinishReason:
    """The server's word as ours."""
    return _FINISH.get(finish, "error")


class Joiner:
    """Joins the pieces of thought and text that arrive apart."""

    def __init__(self) -> None:
        self._all = Pieces()
        self._thinking = False
        self._half = ""  # of a character whose other half comes with the next piece

    def add(self, piece: Mapping[str, Any]) -> str:
        """The new text in a message, a delta or a completion's choice. A thought without text after it stays open."""
        new = ""
        for thought, text in _spoken(piece):
            if not text:
                continue
            if thought != self._thinking:
                new += prompts.THINK_OPEN if thought else prompts.THINK_CLOSE
                self._thinking = thought
            new += text
        new, self._half = self._half + new, ""
        if new and "\ud800" <= new[-1] <= "\udbff":
            new, self._half = new[:-1], new[-1]
        new = well_formed(new)
        self._all.add(new)
        return new

    @property
    def text(self) -> str:
        """All of it so far."""
        return self._all.text

    def whole(self, text: str) -> None:
        """What has come is all, in one."""
        self._all = Pieces()
        self._all.add(text)


def _spoken(piece: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    """(is a thought, text) in order."""
    yield True, _flat(piece.get("reasoning") or piece.get("reasoning_content") or "")
    content = piece.get("content")
    content = piece.get("text") if content is None else content
    content = piece.get("refusal") if content is None else content
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, Mapping):
            thought = part.get("thinking") or part.get("reasoning")
            yield (True, _flat(thought)) if thought else (False, _flat(part.get("text") or part.get("refusal") or ""))
        else:
            yield False, _flat(part or "")


def _flat(content: Any) -> str:
    """Text, or the text of a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        return _flat(content.get("text") or "")
    if isinstance(content, list):
        return "".join(map(_flat, content))
    raise BrokenReplyError(f"content that is no text: {shortened(content)}")


def said(data: Any, secret: str = "") -> str:
    """What the server wrote in an error, on one line, without the key."""
    for _ in range(3):
        if isinstance(data, Mapping):
            data = data.get("error") or data.get("message") or data.get("detail") or data.get("msg") or dict(data)
            if isinstance(data, dict) and not {"error", "message", "detail", "msg"} & data.keys():
                break
    return shortened(data, secret)


def shortened(data: Any, secret: str = "") -> str:
    """Anything on one line. A page of HTML is its words."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False, default=str)
    if "<" in text[:200] and ">" in text:
        text = _TAGS.sub(" ", text[:20_000])
    line = " ".join(text.split())
    line = line.replace(secret, "[key]") if secret else line
    return line if len(line) <= _SHOWN else line[:_SHOWN] + " ..."


def code(data: Any) -> str:
    """The error's own code, where the server has one."""
    error = data.get("error", data) if isinstance(data, Mapping) else None
    found = error.get("code") or error.get("type") if isinstance(error, Mapping) else None
    return found if isinstance(found, str) else ""


def overflowed(data: Any) -> bool:
    """Whether a refusal (HTTP 400) is of one prompt that is too long, and not of how we ask."""
    return code(data) == "context_length_exceeded" or _OVERFLOW.search(said(data)) is not None


def own_fault(status: int, data: Any) -> str:
    """Why a request is refused for what it says itself, in a word or two; "" where it isn't."""
    if status == 413:
        return "too large (HTTP 413)"
    if status in (400, 422) and _MODERATED.search(f"{code(data)} {said(data)}"):
        return "moderated"
    return ""


def no_system_role(data: Any) -> bool:
    """Whether the model behind the endpoint takes no system prompt."""
    return _SYSTEM_ROLE.search(said(data)) is not None
