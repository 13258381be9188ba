"""The special tokens of a run's tokenizer, which don't belong to the texts that are judged.

OpenRLHF leaves them in, the local backend drops them, and an answer with one stuck to it is read another way. They are
an engine process's: the engine, which is given the tokenizer, tells them before its first response; the reward, which
OpenRLHF loads from its file under a name of its own, drops them here.
"""

from __future__ import annotations

import re
from typing import Any

_told: re.Pattern[str] | None = None


def tell(tokenizer: Any) -> None:
    """Once a process; again it changes nothing."""
    global _told
    if _told is None:
        added = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
        longest_first = sorted(added.union(tokenizer.all_special_tokens), key=len, reverse=True)
        _told = re.compile("|".join(map(re.escape, longest_first))) if longest_first else re.compile("(?!)")


def dropped(text: str) -> str:
    """The text without them."""
    return _told.sub("", text) if _told else text
