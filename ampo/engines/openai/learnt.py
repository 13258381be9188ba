"""Parameters that an endpoint refuses, learnt from its refusals: said once, then left out or given by another name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ampo.engines.openai.wire import code, said

_RENAMED = {"max_tokens": "max_completion_tokens"}
_LEFT_OUT = (
    "seed", "temperature", "top_p", "stop", "n", "logprobs", "top_logprobs", "presence_penalty", "frequency_penalty",
    "top_k", "min_p", "repetition_penalty", "stream_options",
)  # fmt: skip
_PREFIX = "assistant's last message"
_NO = re.compile(
    r"unsupported|not.{0,12}(support|permit|allow|recogni|accept)|does(n't| not) (support|accept|allow)|unknown"
    r"|unexpected|unrecogni|extra.{0,12}(input|field|forbidden)|invalid (parameter|argument|field)|only the default"
    r"|cannot both|deprecated|no such (parameter|field)",
    re.IGNORECASE,
)


class Learnt:
    """What one endpoint doesn't take. say: takes the line about each."""

    def __init__(self, where: str, say: Callable[[str], None]) -> None:
        self._where, self._say = where, say
        self.refused: dict[str, str] = {}  # parameter: what is done instead

    def apply(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields of a request as this endpoint takes them."""
        if not self.refused:
            return fields
        if _PREFIX in self.refused:
            *earlier, last = fields.get("messages") or [{}]
            begun = last.get("role") == "assistant"
            fields = fields | {"messages": [*earlier, last | {"prefix": True}]} if begun else fields
        named = {_RENAMED.get(n, n) if n in self.refused else n: v for n, v in fields.items()}
        return {n: v for n, v in named.items() if n not in self.refused}

    def learn(self, status: int, data: Any, sent: Mapping[str, Any]) -> bool:
        """Whether a refusal is of a parameter that can be done without: then the request may be sent again."""
        if _wants_prefix(status, data, sent):
            already = _PREFIX in self.refused
            self.refused[_PREFIX] = "sent as prefix"
            return not already
        name = _named(status, data, sent)
        if name is None:
            return False
        if name not in self.refused:
            instead = f"sent as {_RENAMED[name]}" if name in _RENAMED else "left out, the endpoint's own value holds"
            self.refused[name] = instead
            self._say(f"note: {self._where} refuses {name} ({said(data)}): {instead} from here on")
        return True


def _wants_prefix(status: int, data: Any, sent: Mapping[str, Any]) -> bool:
    """Whether an answer that is to be gone on with must be marked so (Mistral, DeepSeek)."""
    messages = sent.get("messages")
    begun = isinstance(messages, list) and bool(messages) and messages[-1].get("role") == "assistant"
    return begun and status in (400, 422) and "prefix" in said(data).lower()


def _named(status: int, data: Any, sent: Mapping[str, Any]) -> str | None:
    """The parameter that a refusal is about, if it was sent and is one of those that may be left out."""
    if status not in (400, 422):
        return None
    text = f"{said(data)} {code(data)}"
    if "max_tokens" in sent and "max_completion_tokens" in text:
        return "max_tokens"
    if not _NO.search(text):
        return None
    candidates = [name for name in _LEFT_OUT if name in sent]
    error = data.get("error", data) if isinstance(data, Mapping) else {}
    param = error.get("param") if isinstance(error, Mapping) else None
    if param in candidates:
        return param
    found = [(m.start(), name) for name in candidates if (m := re.search(rf"\b{name}\b", text))]
    return min(found)[1] if found else None
