"""The special tokens of a run's tokenizer: which of them end a response, and which don't belong to what is judged.

OpenRLHF leaves them in its texts, the local backend drops them, and an answer with one stuck to it is read another way.
A response that doesn't end with one of the tokens at which generation stops was cut off. They are an engine process's:
the engine, which is given the tokenizer, tells them before its first response; the reward, which OpenRLHF loads from
its file under a name of its own, asks here.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Literal, NamedTuple


class _Told(NamedTuple):
    every: re.Pattern[str]
    ends: tuple[str, ...]


_told: _Told | None = None


def tell(tokenizer: Any, stop_ids: Collection[int]) -> None:
    """Once a process; again it changes nothing. stop_ids: tokens at which generation stops."""
    global _told
    if _told is None:
        added = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
        longest_first = sorted(added.union(tokenizer.all_special_tokens), key=len, reverse=True)
        every = re.compile("|".join(map(re.escape, longest_first))) if longest_first else re.compile("(?!)")
        _told = _Told(every, tuple(tokenizer.decode([i], skip_special_tokens=False) for i in sorted(stop_ids)))


def dropped(text: str) -> str:
    """The text without them."""
    return _told.every.sub("", text) if _told else text


def finish_reason(text: str) -> Literal["stop", "length"] | None:
    """Whether a response, with its special tokens, was ended by the model or cut off; None where nothing was told."""
    if _told is None:
        return None
    return "stop" if text.endswith(_told.ends) else "length"
