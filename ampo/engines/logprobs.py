"""How likely a model finds a given text: log-probabilities of tokens that are there, not generated.

Multiple-choice and perplexity tasks of other harnesses need it; nothing of ours does. vLLM reports the prompt's
log-probabilities itself; with transformers it is a forward pass. An endpoint's API has no standard way to ask.
"""

from __future__ import annotations

import itertools
import queue
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ampo.errors import EngineError

if TYPE_CHECKING:
    from ampo.engines.vllm_core import Core

_IDS = itertools.count()
_BATCH_TOKENS = 4096
_BATCH_LOGITS = 1 << 27  # elements; half a GiB in float32


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


def by_vllm(core: Core, texts: Iterable[Text]) -> Iterator[Likelihood]:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    params = SamplingParams(
        temperature=0, max_tokens=1, prompt_logprobs=1, detokenize=False, output_kind=RequestOutputKind.FINAL_ONLY
    )
    inbox: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    window, waiting, running = 2 * core.config.scheduler_config.max_num_seqs, iter(texts), {}
    try:
        while True:
            with core.together():
                for text in itertools.islice(waiting, max(0, window - len(running))):
                    name = f"likelihood-{next(_IDS)}"
                    running[name] = text
                    core.submit(name, list(text.tokens), params, lambda out, name=name: inbox.put((name, out)))
            if not running:
                return
            name, output = inbox.get()
            if isinstance(output, EngineError):
                raise output
            if isinstance(output, Exception):
                raise EngineError(f"vLLM refused to score a text of {len(running[name].tokens)} tokens: {output}")
            if output.finished:
                yield _of_prompt(running.pop(name), output.prompt_logprobs)
    finally:
        for name in running:
            core.abort(name)


def _of_prompt(text: Text, logprobs: Any) -> Likelihood:
    """logprobs: for each position but the first a map of tokens, the actual and the likeliest one, to Logprobs."""
    scored = [logprobs[i][text.tokens[i]] for i in range(text.start, len(text.tokens))]
    return Likelihood(text.id, float(sum(s.logprob for s in scored)), all(s.rank == 1 for s in scored))


def by_transformers(module: Any, texts: Iterable[Text]) -> Iterator[Likelihood]:
    """Long texts first, so that neighbours are of a length and memory runs out at once if at all."""
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
    import torch

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
