"""Log-probabilities under a transformers model, for many rows of different lengths.

Only the positions that are asked for go through the output layer, and rows are cut before their last token. On a GPU
they are aligned at their ends and batched with their neighbours up to a budget of tokens; sort them by length before.
On a CPU, where a batch gains nothing and the mask that its padding needs costs half as much again, they go alone, and
what a row has in common with the one before it (system prompt, question) is computed once (perf/comprehension.py).

The model computes in the precision of its weights: float32 on the local backend, also where it trains under bfloat16
(which moves scores by up to 0.02 and makes ties of near ones); on OpenRLHF the precision that it trains in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ampo.engines.transformers import fast_linear
from ampo.guidance.comprehension import LogProbFn, ScoringRow
from ampo.training.attention import causal_over_cache

_LOGITS = 2**28  # floats of logits at most at once: 1 GiB
_PIECE = 2048  # tokens of a row that pass through the model at once, on a CPU: it bounds the memory for logits


def log_prob_fn(model: Any, *, token_budget: int = 8192) -> LogProbFn:
    """The LogProbFn of a transformers causal language model. token_budget: of a batch on a GPU, padding included."""

    def log_probs(rows: Sequence[ScoringRow]) -> list[list[float]]:
        # A stateful model (Mamba's kind) keeps no past that could be cut back to what two rows share.
        if model.device.type == "cpu" and not getattr(model, "_is_stateful", False):
            return answer_log_probs_in_turn(model, rows)
        return answer_log_probs(model, rows, token_budget=token_budget)

    return log_probs


@torch.no_grad()
def answer_log_probs(model: Any, rows: Sequence[ScoringRow], *, token_budget: int = 8192) -> list[list[float]]:
    """log p(ids[i] | ids[:i]) for i from `start`, of each row: the logits in float32, at temperature 1.

    Args:
        model: A transformers causal language model.
        rows: Tokens, and from which one their probabilities are asked.
        token_budget: Tokens of a batch at most, padding included.

    Returns:
        A list a row, in their order, in nats.

    Raises:
        ValueError: A row's start is 0: nothing precedes its first token.
    """
    _check(rows)
    with _evaluating(model):
        vocabulary = model.get_output_embeddings().weight.shape[0]
        return [
            values for batch in row_batches(rows, token_budget, vocabulary) for values in _batch_log_probs(model, batch)
        ]


@torch.no_grad()
def answer_log_probs_in_turn(model: Any, rows: Sequence[ScoringRow]) -> list[list[float]]:
    """The same, a row at a time over a key/value cache, in an order in which neighbours begin alike."""
    from transformers import DynamicCache

    _check(rows)
    values: list[list[float]] = [[]] * len(rows)
    with _evaluating(model), causal_over_cache(model), fast_linear(model):
        cache, held = DynamicCache(), ()
        for i in sorted((i for i, row in enumerate(rows) if row.start < len(row.ids)), key=lambda i: rows[i].ids):
            ids, start = rows[i]
            # The position before the answer passes through the model whatever is cached: its logits are wanted.
            common = min(_shared(held, ids), start - 1)
            if common < len(held):
                cache.crop(common - len(held))
            values[i] = _continued(model, cache, ids, common, start)
            held = ids[:-1]
    return values


def _continued(model: Any, cache: Any, ids: Sequence[int], cached: int, start: int) -> list[float]:
    """log p of ids[start:], where the cache holds ids[:cached] and afterwards ids[:-1]. Piece by piece,
    which bounds the memory for logits and attention."""
    found: list[float] = []
    for begin in range(cached, len(ids) - 1, _PIECE):
        end = min(begin + _PIECE, len(ids) - 1)
        wanted = max(0, end - max(begin, start - 1))
        inputs = torch.tensor([ids[begin:end]], device=model.device)
        logits = model(input_ids=inputs, past_key_values=cache, use_cache=True, logits_to_keep=max(wanted, 1)).logits[0]
        if wanted:
            targets = torch.tensor(ids[end - wanted + 1 : end + 1], device=model.device)[:, None]
            logits = logits.float()
            found += (logits.gather(-1, targets)[:, 0] - logits.logsumexp(-1)).tolist()
    return found


def _shared(a: Sequence[int], b: Sequence[int]) -> int:
    """How many ids two rows begin with alike."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _check(rows: Sequence[ScoringRow]) -> None:
    if any(row.start < 1 for row in rows):
        raise ValueError("the first token of a row has no probability: start must be at least 1")


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """Without dropout; afterwards the model is in the mode it was in."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def row_batches(rows: Sequence[ScoringRow], token_budget: int, vocabulary: int) -> Iterator[list[ScoringRow]]:
    """Runs of neighbours within the budgets of tokens and logits. A row that is over them alone goes alone."""
    batch: list[ScoringRow] = []
    width = answers = 0
    for row in rows:
        new_width, new_answers = max(width, len(row.ids)), max(answers, len(row.ids) - row.start)
        n = len(batch) + 1
        if batch and (n * new_width > token_budget or n * new_answers * vocabulary > _LOGITS):
            yield batch
            batch, new_width, new_answers = [], len(row.ids), len(row.ids) - row.start
        batch.append(row)
        width, answers = new_width, new_answers
    if batch:
        yield batch


def _batch_log_probs(model: Any, rows: list[ScoringRow]) -> list[list[float]]:
    answers = max(len(row.ids) - row.start for row in rows)
    if answers == 0:
        return [[] for _ in rows]
    inputs, mask = _aligned_at_end([row.ids[:-1] for row in rows], model.device)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    padding = {} if bool(mask.all()) else {"attention_mask": mask, "position_ids": positions}
    logits = model(input_ids=inputs, logits_to_keep=answers, use_cache=False, **padding).logits.float()  # B A V
    targets, _ = _aligned_at_end([row.ids[row.start :] for row in rows], model.device)
    chosen = (logits.gather(-1, targets[..., None])[..., 0] - logits.logsumexp(-1)).tolist()  # B A
    return [values[answers - len(row.ids) + row.start :] for row, values in zip(rows, chosen, strict=True)]


def _aligned_at_end(rows: Sequence[Sequence[int]], device: Any) -> tuple[Tensor, Tensor]:
    """(ids, mask) of B rows and T tokens, padded on the left with 0."""
    width = max(map(len, rows))
    ids = torch.tensor([[0] * (width - len(row)) + list(row) for row in rows], device=device)
    lengths = torch.tensor([len(row) for row in rows], device=device)
    return ids, (torch.arange(width, device=device) >= width - lengths[:, None]).long()
