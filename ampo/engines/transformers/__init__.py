"""transformers as an engine, and its parts, which training takes as well.

engine       the engine: requests in, samples out
loading      a model from a folder or the hub, or one line about why not
decoding     rows -> their next tokens; sampling: the choice of each; kvcache: what is kept between steps
scheduler    whose tokens come next
text         tokens -> text
likelihoods  log-probabilities of given texts
onednn       a faster way through linear layers on some CPUs
"""

from typing import TYPE_CHECKING

from ampo.lazy import on_first_use

if TYPE_CHECKING:
    from ampo.engines.transformers.decoding import Decoder, Row, new_row
    from ampo.engines.transformers.engine import TransformersEngine
    from ampo.engines.transformers.loading import Loaded, load, stop_ids
    from ampo.engines.transformers.onednn import fast_linear

__all__ = ["Decoder", "Loaded", "Row", "TransformersEngine", "fast_linear", "load", "new_row", "stop_ids"]

__getattr__ = on_first_use(  # all but the engine's class need torch
    __name__,
    {
        "Decoder": "decoding",
        "Loaded": "loading",
        "Row": "decoding",
        "TransformersEngine": "engine",
        "fast_linear": "onednn",
        "load": "loading",
        "new_row": "decoding",
        "stop_ids": "loading",
    },
)
