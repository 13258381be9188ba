"""Other weights for a vLLM that runs: those of a policy that is trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def give_weights(worker: Any, weights: Iterator[tuple[str, Tensor]]) -> None:
    """All weights of a model, by their names in its checkpoint, to one of vLLM's workers.

    vLLM packs weights for a CPU's kernels as it loads them. It packs anew what is loaded anew, but not an output layer
    that is tied to the embeddings, which would go on with the old ones.
    """
    worker.reload_weights(weights_iterator=weights)
    head = getattr(worker.model_runner.get_model(), "lm_head", None)
    if (method := getattr(head, "quant_method", None)) is not None:
        method.process_weights_after_loading(head)
