"""What an update takes of memory, found without doing it: a forward pass over tensors that have shapes and no content.

What a model keeps for its backward pass depends on how it is written; so it is counted, tensor by tensor, rather than
guessed by a formula (perf/train_memory.py compares it with what is measured).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ampo.files import first_line
from ampo.training import chunked
from ampo.training.config import Lora

_NONE = Lora()


class UncountableError(Exception):
    """The memory of a model can't be counted: its code is not one for tensors without content."""


@dataclass(frozen=True, slots=True)
class Update:
    """Bytes. states: weights, gradients and AdamW's two moments. activations: what a micro-batch's
    forward pass keeps. passing: what comes and goes in its backward pass. logits: of a chunk."""

    parameters: int
    states: int
    activations: int
    passing: int
    logits: int

    @property
    def peak(self) -> int:
        return self.states + self.activations + self.passing + self.logits


def of_update(
    model_config: Any,
    rows: int,
    prompt: int,
    response: int,
    *,
    dtype: torch.dtype,
    checkpointing: bool,
    lora: Lora = _NONE,
    moments: int = 8,
) -> Update:
    """A micro-batch of so many rows, each of so many prompt and response tokens.

    Args:
        model_config: transformers' config of the model.
        rows: Of the micro-batch.
        prompt: Tokens of a prompt.
        response: Tokens of a response.
        dtype: Of the passes; the weights are float32.
        checkpointing: Whether layers are computed again in the backward pass.
        lora: Adapters, beside weights that are then in dtype; of rank 0, all weights learn.
        moments: Bytes that AdamW's two take a parameter.

    Raises:
        UncountableError: The model's own code takes no tensors without content.
    """
    model, weights, parameters, kept = _forward(model_config, rows, prompt + response, dtype, lora)
    learning = sum(p.numel() for p in model.parameters() if p.requires_grad)
    layer = model.get_output_embeddings().weight
    width = model_config.get_text_config().hidden_size
    layers = model_config.get_text_config().num_hidden_layers
    size = torch.empty((), dtype=dtype).element_size()
    states = (weights if lora.rank else 0) + (8 + moments) * learning
    tokens = rows * response
    hidden = tokens * width * (size + 4)  # the states that go to the logits, in the precision of the passes too
    one_layer = kept // layers
    activations = (rows * (prompt + response) * width * 4 * layers + one_layer if checkpointing else kept) + hidden
    logits = min(chunked.CHUNK, tokens * layer.shape[0] * size)
    pieces = 3 * 4 * (logits // size) // chunked.PIECES
    output = layer.numel() * size if layer.dtype != dtype else 0  # a copy for the passes
    output += 4 * layer.numel() if layer.requires_grad else 0  # a gradient on its way
    return Update(parameters, states, activations, one_layer // 2 + output, logits + logits // 8 + pieces)


def _forward(model_config: Any, rows: int, tokens: int, dtype: torch.dtype, lora: Lora) -> tuple[Any, int, int, int]:
    """(the model, on no device; bytes of its weights; its parameters; bytes that a forward pass keeps)."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        with _of_the_model():
            model: Any = AutoModelForCausalLM.from_config(model_config, dtype=dtype if lora.rank else torch.float32)
        model.train()
        weights = sum(p.untyped_storage().nbytes() for p in model.parameters())
        parameters = sum(p.numel() for p in model.parameters())
        if lora.rank:
            from ampo.training.lora import adapted

            adapted(model, lora)
    with FakeTensorMode():
        _without_content(model)
        with _of_the_model():
            kept = _kept(model, rows, tokens, dtype)
    return model, weights, parameters, kept


@contextmanager
def _of_the_model() -> Iterator[None]:
    """Around a model's own code, which may stumble upon tensors without content in any way."""
    try:
        yield
    except Exception as error:
        raise UncountableError(first_line(error)) from error


def _without_content(model: torch.nn.Module) -> None:
    """Parameters and buffers of a model on no device become the mode's: of a CPU, with shapes alone."""
    made: dict[Tensor, Tensor] = {}  # tied ones stay one
    for module in model.modules():
        for held in (module._parameters, module._buffers):
            for name, old in held.items():
                if old is not None and old not in made:
                    new = torch.empty(old.shape, dtype=old.dtype)
                    made[old] = torch.nn.Parameter(new, old.requires_grad) if held is module._parameters else new
                held[name] = None if old is None else made[old]  # type: ignore[assignment]


def _kept(model: Any, rows: int, tokens: int, dtype: torch.dtype) -> int:
    """Bytes that a forward pass through the model's body keeps for its gradients, the weights aside."""
    own = {p.untyped_storage()._cdata for p in model.parameters()}
    found: dict[int, tuple[Tensor, int]] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            found[storage._cdata] = (tensor, storage.nbytes())  # held, so that no other gets its name
        return tensor

    ids = torch.zeros(rows, tokens, dtype=torch.long)
    cast = torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32)
    with cast, torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = model.get_decoder()(input_ids=ids, use_cache=False)
    del output
    return sum(nbytes for _, nbytes in found.values())
