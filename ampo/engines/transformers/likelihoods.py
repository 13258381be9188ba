"""How likely a model finds given texts, by forward passes over batches of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch

from ampo.engines.likelihood import Likelihood, Text

_BATCH_TOKENS = 4096
_BATCH_LOGITS = 1 << 27  # elements; half a GiB in float32


def likelihoods(module: Any, texts: Iterable[Text]) -> Iterator[Likelihood]:
    """Each text's. Long texts first, so that neighbours are of a length and memory runs out at once if at all."""
    batch: list[Text] = []
    for text in sorted(texts, key=lambda text: (-len(text.tokens), text.start)):
        if batch and not _fits([*batch, text], module.config.get_text_config().vocab_size):
            yield from _forward(module, batch)
            batch = []
        batch.append(text)
    if batch:
        yield from _forward(module, batch)


def _fits(batch: Sequence[Text], vocabulary: int) -> bool:
    width = max(len(text.tokens) for text in batch)
    kept = width - min(text.start for text in batch) + 1
    return len(batch) * width <= _BATCH_TOKENS and len(batch) * kept * vocabulary <= _BATCH_LOGITS


def _forward(module: Any, batch: Sequence[Text]) -> Iterator[Likelihood]:
    """Rows are padded on the right, where a causal model doesn't look; logits are kept for scored positions only."""
    width, first = max(len(text.tokens) for text in batch), min(text.start for text in batch) - 1
    ids = torch.zeros((len(batch), width), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, text in enumerate(batch):
        ids[row, : len(text.tokens)] = torch.tensor(text.tokens)
        mask[row, : len(text.tokens)] = 1
    kept = torch.arange(first, width - 1, device=module.device)  # the logits at i are for the token at i + 1
    with torch.inference_mode():
        logits = module(
            input_ids=ids.to(module.device),
            attention_mask=mask.to(module.device),
            logits_to_keep=kept,
            use_cache=False,
        ).logits
        for row, text in enumerate(batch):
            part = logits[row, text.start - 1 - first : len(text.tokens) - 1 - first].float().log_softmax(-1)
            wanted = torch.tensor(text.tokens[text.start :], device=part.device)
            logprob = part.gather(-1, wanted[:, None]).sum().item()
            yield Likelihood(text.id, logprob, bool((part.argmax(-1) == wanted).all()))
