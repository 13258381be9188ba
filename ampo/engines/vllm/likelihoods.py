"""How likely vLLM's model finds given texts: vLLM reports the log-probabilities of a prompt itself."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Iterable, Iterator
from typing import Any

from ampo.engines.likelihood import Likelihood, Text
from ampo.engines.vllm.core import Core
from ampo.errors import EngineError

_IDS = itertools.count()


def likelihoods(core: Core, texts: Iterable[Text]) -> Iterator[Likelihood]:
    """Each text's, in the order in which vLLM finishes them. Raises EngineError where it refuses one."""
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
