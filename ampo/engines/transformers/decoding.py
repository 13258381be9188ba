"""The decode loop: token ids in, token ids out, over rows that join and leave between two tokens.

Nothing here knows of text, threads or requests, so that a training backend can sample with it too:

    decoder = Decoder(model)
    rows = [new_row(prompt, params, stop_ids, limit) for prompt in prompts]
    decoder.step(rows)
    while any(row.finish is None for row in rows):
        decoder.step()

Rows are left-padded to one length. A row's outputs depend on its neighbours through rounding alone.

Shapes: B rows, U different prompts, L tokens, V vocabulary.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ampo.engines.transformers import kvcache
from ampo.engines.transformers.sampling import Told, generator, pick, tell
from ampo.errors import EngineError
from ampo.types import FinishReason, SamplingParams


@dataclass(eq=False, slots=True)
class Row:
    """One sample in the making.

    tokens: what has been generated so far, the stop token included.
    stop_ids: tokens that end it.
    limit: tokens at most.
    finish: None while it runs. Whoever sets it takes the row out of the batch before the next token.
    logprobs: how many alternatives of each token are told; told: them, a token each.
    """

    prompt: Sequence[int]
    params: SamplingParams
    stop_ids: Collection[int]
    limit: int
    generator: torch.Generator
    tokens: list[int] = field(default_factory=list)
    finish: FinishReason | None = None
    logprobs: int = 0
    told: list[Told] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.prompt) + len(self.tokens)

    def take(self, token: int) -> None:
        """Append a token, and finish where it is the last one."""
        self.tokens.append(token)
        if self.finish is None:
            self.finish = "stop" if token in self.stop_ids else "length" if len(self.tokens) >= self.limit else None


def new_row(
    prompt: Sequence[int], params: SamplingParams, stop_ids: Collection[int], limit: int, index: int = 0
) -> Row:
    """A row for a sample of a request.

    Args:
        prompt: Its tokens.
        params: How tokens are drawn; with a seed, by seed + index.
        stop_ids: Tokens that end the response.
        limit: Tokens it may have.
        index: Which sample of the request, from 0.
    """
    seed = None if params.seed is None else (params.seed + index) % 2**63
    return Row(prompt, params, stop_ids, limit, generator(seed))


class Decoder:
    """A batch of rows over a causal language model of transformers, in eval mode. Not thread-safe."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._device = model.device
        self._last_only = (
            {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
        )
        self.rows: list[Row] = []
        self._cache = kvcache.new_cache()

    @torch.inference_mode()
    def step(self, joining: Sequence[Row] = ()) -> list[Row]:
        """Give every unfinished row, and every joining one, its next token; the rows that took one.

        Finished rows leave first. A joining row may have tokens already. No row has changed where the model raises.
        """
        self.prune()
        logits: list[Tensor] = []
        if self.rows:
            logits.append(self._decode())
        if joining:
            cache, first = self._prefill(joining)
            logits.append(first)
            if self.rows:
                kvcache.merge(self._cache, cache)
            else:
                self._cache = cache
            self.rows.extend(joining)
        if self.rows:
            both = torch.cat(logits)
            for i, (row, token) in enumerate(zip(self.rows, pick(both, self.rows), strict=True)):
                if row.logprobs:
                    row.told.append(tell(both[i], token, row.logprobs))
                row.take(token)
        return list(self.rows)

    @torch.inference_mode()
    def prune(self) -> None:
        """Take the finished rows out of the batch, and free what they held."""
        keep = [i for i, row in enumerate(self.rows) if row.finish is None]
        if not keep:
            self.reset()
        elif len(keep) < len(self.rows):
            self.rows = [self.rows[i] for i in keep]
            longest = max(map(len, self.rows)) - 1  # the last token is not in the cache yet
            kvcache.select(self._cache, keep, start=kvcache.columns(self._cache) - longest)

    def reset(self) -> list[Row]:
        """Forget the batch; its rows, which may join again."""
        rows, self.rows, self._cache = self.rows, [], kvcache.new_cache()
        return rows

    def _decode(self) -> Tensor:
        """Logits [B V] after each row's last token."""
        ids = torch.tensor([[row.tokens[-1]] for row in self.rows])
        lengths = torch.tensor([len(row) for row in self.rows])
        return self._forward(ids, lengths, self._cache)

    def _prefill(self, rows: Sequence[Row]) -> tuple[Any, Tensor]:
        """A cache of the joining rows, and their logits [B V]. Rows of the same tokens are computed once."""
        contents = [(*row.prompt, *row.tokens) for row in rows]
        unique = {tokens: i for i, tokens in enumerate(dict.fromkeys(contents))}
        lengths = torch.tensor([len(tokens) for tokens in unique])
        ids = torch.zeros((len(unique), int(lengths.max())), dtype=torch.long)  # U L; the padding is never looked at
        for i, tokens in enumerate(unique):
            ids[i, -len(tokens) :] = torch.tensor(tokens)
        cache = kvcache.new_cache()
        logits = self._forward(ids, lengths, cache)
        order = [unique[tokens] for tokens in contents]
        if order != list(range(len(unique))):
            kvcache.select(cache, order)
        return cache, logits[order]

    def _forward(self, ids: Tensor, lengths: Tensor, cache: Any) -> Tensor:
        """Logits [B V] at the last column. ids: [B L], left-padded; lengths: [B] with what the cache holds."""
        total = kvcache.columns(cache) + ids.shape[1]
        starts = (total - lengths)[:, None]
        mask = torch.arange(total)[None] >= starts
        positions = (torch.arange(total - ids.shape[1], total)[None] - starts).clamp(min=0)
        output = self._model(
            input_ids=ids.to(self._device),
            attention_mask=mask.long().to(self._device),
            position_ids=positions.to(self._device),
            past_key_values=cache,
            use_cache=True,
            **self._last_only,
        )
        if output.past_key_values is not cache or kvcache.columns(cache) != total:
            raise EngineError(
                f"{type(self._model).__name__} keeps a state that is not a key/value cache: use the vllm backend"
            )
        return output.logits[:, -1]
