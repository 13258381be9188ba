"""From logits to tokens, each row by its own sampling parameters and its own random numbers.

The filters are transformers' own, in vLLM's order: penalties, temperature, min_p, top_k, top_p. A row draws one uniform
number a token from a generator of its own and inverts the cumulative distribution, so that what it draws depends on
nothing but its seed and its logits: not on its neighbours, nor on the device.

Shapes: B rows, V tokens of the vocabulary.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from ampo.types import SamplingParams

GREEDY_BELOW = 1e-5  # vLLM's: a lower temperature is greedy rather than a division by next to nothing


class Sampled(Protocol):
    """What a row must know for its next token to be drawn."""

    prompt: Sequence[int]
    tokens: list[int]
    params: SamplingParams
    generator: torch.Generator


class Told(NamedTuple):
    """A token's log-probability before temperature and filters, and the likeliest tokens there with theirs."""

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...]


def tell(logits_V: Tensor, token: int, count: int) -> Told:  # noqa: N803  (the suffix names the shape)
    """What there is to know of one token."""
    logprobs_V = logits_V.float().log_softmax(-1)  # noqa: N806
    values, tokens = logprobs_V.topk(min(count, len(logprobs_V)))
    top = tuple(zip(tokens.tolist(), values.tolist(), strict=True))
    return Told(token, float(logprobs_V[token]), top)


def generator(seed: int | None) -> torch.Generator:
    """A row's own source of random numbers, always on the CPU; fresh where seed is None."""
    source = torch.Generator()
    if seed is None:
        source.seed()
    else:
        source.manual_seed(seed)
    return source


def pick(logits_B_V: Tensor, rows: Sequence[Sampled]) -> list[int]:  # noqa: N803  (the suffix names the shape)
    """The next token of each row. Draws once from the generator of each row that is not greedy."""
    scores_B_V = logits_B_V.to(torch.float32, copy=True)  # noqa: N806
    for i, row in enumerate(rows):
        _penalise(scores_B_V[i], row)
    chosen = scores_B_V.argmax(-1)
    for key, members in _alike(rows).items():
        index = torch.tensor(members, device=scores_B_V.device)
        filtered = _filters(*key)(None, scores_B_V[index])  # type: ignore[arg-type]  (these never look at the ids)
        chosen[index] = _draw(filtered, [rows[i].generator for i in members])
    return chosen.tolist()


def _alike(rows: Sequence[Sampled]) -> dict[tuple[float, float, int, float], list[int]]:
    """Rows that sample, by their filters: one call filters all rows that share them."""
    groups: defaultdict[tuple[float, float, int, float], list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        params = row.params
        if params.temperature >= GREEDY_BELOW:
            groups[params.temperature, params.min_p, params.top_k, params.top_p].append(i)
    return groups


@lru_cache(maxsize=64)
def _filters(temperature: float, min_p: float, top_k: int, top_p: float) -> LogitsProcessorList:
    filters = LogitsProcessorList([TemperatureLogitsWarper(float(temperature))])
    if min_p > 0:
        filters.append(MinPLogitsWarper(min_p))
    if top_k > 0:
        filters.append(TopKLogitsWarper(top_k))
    if top_p < 1:
        filters.append(TopPLogitsWarper(top_p))
    return filters


def _penalise(scores_V: Tensor, row: Sampled) -> None:  # noqa: N803
    """In place, as vLLM: repetition over prompt and output, then frequency and presence over the output alone."""
    params = row.params
    if params.repetition_penalty != 1.0:
        ids = torch.tensor([[*row.prompt, *row.tokens]], device=scores_V.device)
        scores_V[:] = RepetitionPenaltyLogitsProcessor(params.repetition_penalty)(ids, scores_V[None])[0]  # type: ignore[arg-type]
    if row.tokens and (params.frequency_penalty or params.presence_penalty):
        ids, counts = torch.tensor(row.tokens, device=scores_V.device).unique(return_counts=True)
        scores_V[ids] -= params.frequency_penalty * counts + params.presence_penalty


def _draw(scores_B_V: Tensor, generators: Sequence[torch.Generator]) -> Tensor:  # noqa: N803
    """One token a row [B]. In float64: rounding in a sum over 150,000 tokens would otherwise reach the rare ones."""
    cumulative_B_V = scores_B_V.softmax(-1, dtype=torch.float64).cumsum(-1)  # noqa: N806
    uniform_B = torch.stack([torch.rand((), generator=g, dtype=torch.float64) for g in generators])  # noqa: N806
    target = uniform_B.to(scores_B_V.device)[:, None] * cumulative_B_V[:, -1:]
    tokens = torch.searchsorted(cumulative_B_V, target, right=True)  # right: past the tokens without probability
    return tokens.clamp(max=scores_B_V.shape[-1] - 1)[:, 0]
