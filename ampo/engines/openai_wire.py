"""What goes over the wire to an OpenAI-compatible endpoint, and what comes back: pure functions on plain data.

Where endpoints differ from our types, these rules hold.

- A conversation goes to /chat/completions, a bare string to /completions.
- `n` is n requests with seed + i: the meaning of `n` together with a seed is left open by the protocol, and so every
  sample finishes, is retried and is resumed by itself. (vLLM's prefix cache still computes the prompt once.)
- vLLM's own names (top_k, min_p, repetition_penalty) travel in the body only where they differ from the defaults:
  other servers refuse them. A vLLM server gets every value, since it fills in what is absent from the model's
  generation_config, and a run would not be sampled as its record says.
- A thought that the server has taken out of the text (`reasoning`, or `reasoning_content`) is put back as <think>.
  A server that leaves thoughts in the text sends nothing of what its chat template wrote: where that has opened the
  thought, only the closing tag tells it, so such a server should be started with its reasoning parser.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ampo import prompts
from ampo.types import FinishReason, Request, Response, SamplingParams
from ampo.verify.find.extract import final_answer

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


def body(request: Request, index: int, model: str, max_tokens: int | None, *, vllm: bool) -> dict[str, Any]:
    """The keyword arguments of `create` for sample `index` of a request; max_tokens None leaves it to the server."""
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
        "extra_body": _continued(request, vllm)
        | {name: value for name in _OURS if (value := _changed(params, name, vllm)) is not None}
        or None,
    }
    return fields | {name: value for name, value in optional.items() if value is not None}


def _continued(request: Request, vllm: bool) -> dict[str, bool]:
    """A conversation that ends in the assistant's words is to be gone on with; vLLM has to be told."""
    if not vllm or isinstance(request.prompt, str) or not request.prompt or request.prompt[-1]["role"] != "assistant":
        return {}
    return {"continue_final_message": True, "add_generation_prompt": False}


def _changed(params: SamplingParams, name: str, always: bool) -> Any:
    value = getattr(params, name)
    return value if always or value != getattr(SamplingParams(), name) else None


class Joiner:
    """Joins the pieces of thought and text that arrive apart. `text` is all of it so far."""

    def __init__(self) -> None:
        self.text = ""
        self._thinking = False

    def add(self, piece: Any) -> str:
        """The new text in a message, a delta or a completion's choice. A thought without text after it stays open."""
        thought = getattr(piece, "reasoning", None) or getattr(piece, "reasoning_content", None) or ""
        content = getattr(piece, "content", None) or getattr(piece, "text", None) or ""
        new = ""
        if thought:
            new = thought if self._thinking else prompts.THINK_OPEN + thought
            self._thinking = True
        if content:
            new += prompts.THINK_CLOSE + content if self._thinking else content
            self._thinking = False
        self.text += new
        return new


def response(text: str, finish: str | None, usage: Any, seconds: float, first: float | None = None) -> Response:
    """A Response from what the server said. Token counts are 0 where it did not report them."""
    parts = prompts.split(text)
    reason: FinishReason = _FINISH.get(finish, "error")
    return Response(
        text=text,
        thought=parts.thought,
        answer=final_answer(text, reason),
        finish_reason=reason,
        prompt_tokens=getattr(usage, "prompt_tokens", None) or 0,
        completion_tokens=getattr(usage, "completion_tokens", None) or 0,
        seconds=seconds,
        first_token_seconds=first,
    )


def said(error: Any, secret: str = "") -> str:
    """What the server wrote in an error, on one line, without the key."""
    content = getattr(error, "body", None)
    if isinstance(content, Mapping):
        content = content.get("message") or content.get("detail") or content.get("error") or content
    line = " ".join(str(content or getattr(error, "message", "") or error).split())
    line = line.replace(secret, "[key]") if secret else line
    return line if len(line) <= 400 else line[:400] + " ..."


def overflowed(error: Any) -> bool:
    """Whether a refusal (HTTP 400) is of one prompt that is too long, and not of how we ask."""
    content = getattr(error, "body", None)
    code = content.get("code") if isinstance(content, Mapping) else None
    return code == "context_length_exceeded" or _OVERFLOW.search(said(error)) is not None
