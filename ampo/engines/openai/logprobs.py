"""Token probabilities over the wire of an OpenAI-compatible endpoint: how they are asked for, and what comes back.

A chat tells them in one form (`content`: a list of objects), a completion in another one (lists side by side). Servers
that don't tell them send nothing, or null; what has another form is passed over, since the text is there all the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from ampo.files import well_formed
from ampo.types import Request, TokenLogprobs

MOST = 20  # alternatives, with OpenAI and as vLLM is started by default


def fields(request: Request) -> dict[str, Any]:
    """What is sent to be told them."""
    if not request.logprobs:
        return {}
    count = min(request.logprobs, MOST)
    return {"logprobs": count} if isinstance(request.prompt, str) else {"logprobs": True, "top_logprobs": count}


def told(data: Mapping[str, Any]) -> tuple[TokenLogprobs, ...]:
    """Those in a piece of a stream."""
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    found = choice.get("logprobs") if isinstance(choice, Mapping) else None
    if not isinstance(found, Mapping):
        return ()
    if isinstance(content := found.get("content"), list):
        return tuple(one for entry in content if (one := _of_chat(entry)) is not None)
    columns = (found.get(name) or () for name in ("tokens", "token_logprobs", "top_logprobs"))
    rows = zip_longest(*(column if isinstance(column, list) else () for column in columns))
    return tuple(one for row in rows if (one := _of_completion(*row)) is not None)


def _of_chat(entry: Any) -> TokenLogprobs | None:
    one = _pair(entry)
    if one is None:
        return None
    top = entry.get("top_logprobs")
    pairs = [pair for other in (top if isinstance(top, list) else ()) if (pair := _pair(other)) is not None]
    return TokenLogprobs(*one, _ranked(pairs))


def _of_completion(token: Any, logprob: Any, top: Any) -> TokenLogprobs | None:
    one = _pair({"token": token, "logprob": logprob})
    if one is None:
        return None
    others = top.items() if isinstance(top, Mapping) else ()
    pairs = [pair for name, value in others if (pair := _pair({"token": name, "logprob": value})) is not None]
    return TokenLogprobs(*one, _ranked(pairs))


def _pair(entry: Any) -> tuple[str, float] | None:
    if not isinstance(entry, Mapping):
        return None
    token, logprob = entry.get("token"), entry.get("logprob")
    if not isinstance(token, str) or isinstance(logprob, bool) or not isinstance(logprob, int | float):
        return None
    return None if math.isnan(logprob) else (well_formed(token), float(logprob))


def _ranked(pairs: list[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(pairs, key=lambda pair: -pair[1])[:MOST])
