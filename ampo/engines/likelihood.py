"""How likely a model finds a given text: log-probabilities of tokens that are there, not generated.

Multiple-choice and perplexity tasks of other harnesses need it; nothing of ours does. vLLM reports the prompt's
log-probabilities itself; with transformers it is a forward pass. An endpoint's API has no standard way to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Text(NamedTuple):
    """tokens[start:] are to be scored, each given all before it; 1 <= start <= len(tokens)."""

    id: str
    tokens: Sequence[int]
    start: int


class Likelihood(NamedTuple):
    """logprob: natural logarithm, summed over the scored tokens. greedy: whether each was the likeliest there."""

    id: str
    logprob: float
    greedy: bool
