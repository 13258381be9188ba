"""How long a solution is, in tokens: by a model's tokenizer where one is named, else as recorded, else estimated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ampo.models import locate, resolve
from ampo.pretrained import tokenizer_of
from ampo.types import Solution

_CHARACTERS = 4  # to a token, about: reasoning in English with formulas has 3 to 4 under the common tokenizers

Measure = Callable[[Sequence[Solution]], list[int]]
"""Lengths in tokens, in the order of the solutions."""


def measure_of(model: str | None) -> tuple[Measure, str]:
    """The measure, and what it is in words. Raises UserError for a model that has no tokenizer to be found."""
    if model is None:
        return _recorded, f"as recorded, else estimated (characters / {_CHARACTERS})"
    return measure_by(tokenizer_of(locate(resolve(model)))), f"by the tokenizer of {model}"


def measure_by(tokenizer: Any) -> Measure:
    """The measure of a tokenizer."""

    def measure(solutions: Sequence[Solution]) -> list[int]:
        if not solutions:
            return []
        encoded = tokenizer([s.content for s in solutions], add_special_tokens=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    return measure


def _recorded(solutions: Sequence[Solution]) -> list[int]:
    return [-(-len(s.content) // _CHARACTERS) if s.tokens is None else s.tokens for s in solutions]
