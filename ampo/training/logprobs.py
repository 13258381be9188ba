"""Log-probabilities under a transformers model, for many rows of different lengths.

Only the positions that are asked for go through the output layer. Rows are cut before their last token, aligned at
their ends, and batched with their neighbours up to a budget of tokens; sort them by length before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from ampo.guidance.comprehension import LogProbFn, ScoringRow

_LOGITS = 2**28  # floats of logits at most at once: 1 GiB


def log_prob_fn(model: Any, *, token_budget: int = 8192) -> LogProbFn:
    """The LogProbFn of a transformers causal language model. token_budget: of a batch, padding included.

    On a CPU rows go alone: a batch gains nothing there, and the mask that its padding needs costs half as much again
    (measured, perf/comprehension.py).
    """
    budget = 1 if model.device.type == "cpu" else token_budget

    def log_probs(rows: Sequence[ScoringRow]) -> list[list[float]]:
        return answer_log_probs(model, rows, token_budget=budget)

    return log_probs


@torch.no_grad()
def answer_log_probs(model: Any, rows: Sequence[ScoringRow], *, token_budget: int = 8192) -> list[list[float]]:
    """log p(ids[i] | ids[:i]) for i from `start`, of each row, in nats: the logits in float32, at temperature 1.

    Raises ValueError for a row whose start is 0: nothing precedes its first token.
    """
    if any(row.start < 1 for row in rows):
        raise ValueError("the first token of a row has no probability: start must be at least 1")
    training = model.training
    model.eval()
    try:
        vocabulary = model.get_output_embeddings().weight.shape[0]
        return [
            values for batch in _batches(rows, token_budget, vocabulary) for values in _batch_log_probs(model, batch)
        ]
    finally:
        model.train(training)


def _batches(rows: Sequence[ScoringRow], token_budget: int, vocabulary: int) -> Iterator[list[ScoringRow]]:
    """Runs of neighbours within the budgets. A row that is over them alone goes alone."""
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
