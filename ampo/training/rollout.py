"""Sampling from the policy that is being trained: batched, with a key/value cache, each response as it finishes.

The decode loop is the transformers engine's (`ampo.engines.transformers.decoding`), over the live model. Sample i of a
prompt in a step has a seed made of the run's seed, the step, the prompt's id and i alone.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from ampo.engines.transformers import Decoder, Row, new_row
from ampo.types import FinishReason, SamplingParams


class Finished(NamedTuple):
    """Response `index` to prompt number `prompt`: its tokens (with the end token, where there is one) and its text.

    log_probs: of the tokens, where whoever sampled them tells.
    """

    prompt: int
    index: int
    ids: tuple[int, ...]
    text: str
    finish_reason: FinishReason
    log_probs: tuple[float, ...] = ()


class Rollouts(Protocol):
    """Whatever samples from the policy."""

    def sample(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[int], params: SamplingParams
    ) -> Iterator[Finished]:
        """params.n responses to each prompt, as they finish. seeds: of each prompt's sample 0."""
        ...

    def weights_changed(self) -> None:
        """The policy is another than it was."""

    def close(self) -> None:
        """Nothing more is asked for."""


class Sampler:
    """See the module's docstring.

    Args:
        model: The policy, which learns between two calls.
        tokenizer: Its own.
        stop_ids: Tokens that end a response.
        batch_size: Responses at the same time.
    """

    def __init__(self, model: Any, tokenizer: Any, stop_ids: frozenset[int], batch_size: int) -> None:
        self._model, self._tokenizer, self._stop_ids = model, tokenizer, stop_ids
        self._batch_size = batch_size

    def sample(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[int], params: SamplingParams
    ) -> Iterator[Finished]:
        """params.n responses to each prompt, as they finish. seeds: of each prompt's sample 0."""
        training = self._model.training
        self._model.eval()
        try:
            yield from self._sample(prompts, seeds, params)
        finally:
            self._model.train(training)

    def weights_changed(self) -> None:
        """It samples from the live model."""

    def close(self) -> None:
        """It holds nothing."""

    def _sample(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[int], params: SamplingParams
    ) -> Iterator[Finished]:
        waiting = deque((p, i) for p in range(len(prompts)) for i in range(params.n))
        decoder = Decoder(self._model)
        running: dict[Row, tuple[int, int]] = {}
        while waiting or running:
            joining: list[Row] = []
            while waiting and len(running) < self._batch_size:
                prompt, index = waiting.popleft()
                row = self._row(prompts[prompt], seeds[prompt], index, params)
                running[row] = (prompt, index)
                joining.append(row)
            for row in decoder.step(joining):
                if row.finish is not None:
                    yield self._finished(row, *running.pop(row))

    def _row(self, prompt: Sequence[int], seed: int, index: int, params: SamplingParams) -> Row:
        limit = params.max_tokens or 1
        return new_row(prompt, replace(params, seed=seed), self._stop_ids, limit, index)

    def _finished(self, row: Row, prompt: int, index: int) -> Finished:
        text = self._tokenizer.decode(row.tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Finished(prompt, index, tuple(row.tokens), text, row.finish or "error")


def rollout_seed(seed: int, step: int, prompt_id: str, purpose: str = "rollout") -> int:
    """The seed of a prompt's sample 0 in a step; sample i has that plus i.

    Args:
        seed: Of the run.
        step: Of the run, from 1.
        prompt_id: Whose samples.
        purpose: What they are for; samples of two purposes are independent.
    """
    digest = hashlib.sha256(f"{seed}/{purpose}/{step}/{prompt_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 2**62
