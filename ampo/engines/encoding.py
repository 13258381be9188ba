"""A prompt as tokens, in the one way of all that hold a tokenizer: the engines that load a model, and training."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from ampo import prompts
from ampo.types import Message


def encode(prompt: Sequence[Message] | str, tokenizer: Any) -> tuple[list[int], str]:
    """A prompt's tokens, and what of the thought its chat template has written.

    A chat template writes the special tokens itself; a bare string and a base model's prompt get the tokenizer's own.
    """
    bare = isinstance(prompt, str)
    text = prompt if isinstance(prompt, str) else prompts.render(prompt, tokenizer)
    special = bare or not getattr(tokenizer, "chat_template", None)
    return tokenizer.encode(text, add_special_tokens=special), "" if bare else prompts.opened_thought(text)


def template_sha256(tokenizer: Any) -> str | None:
    """By which a record tells one chat template from another; None where there is none. Some models have several."""
    template = getattr(tokenizer, "chat_template", None)
    text = template if isinstance(template, str) else repr(template)
    return hashlib.sha256(text.encode()).hexdigest() if template else None
