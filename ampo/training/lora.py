"""LoRA through peft (arXiv 2106.09685): the weights stay, and small matrices beside the linear layers learn.

Checkpoints hold the adapters alone; the folders for evaluation, final/ and best/, hold whole weights with the adapters
added to them. The live weights are never merged and split again, which would wear them away in bfloat16.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ampo.engines.transformers import Loaded
from ampo.errors import MissingExtraError, UserError
from ampo.files import first_line
from ampo.training.config import Lora

try:
    import peft
    from peft.tuners.lora import LoraLayer
except ImportError as error:
    raise MissingExtraError("peft", "train", "lora.rank") from error


def with_adapters(loaded: Loaded, settings: Lora, seed: int) -> Loaded:
    """The model with adapters, which alone have gradients. seed: of what they begin with."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return replace(loaded, model=adapted(loaded.model, settings))


def adapted(model: Any, settings: Lora) -> Any:
    """A model with adapters around it; one on no device gets some that are on none.

    Raises:
        UserError: It has no layers of the names that are to have some.
    """
    config = peft.LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.rank,
        lora_alpha=settings.alpha,  # type: ignore[arg-type]  # a number, whole or not
        lora_dropout=settings.dropout,
        target_modules=list(settings.targets) or "all-linear",
    )
    try:
        return peft.get_peft_model(model, config, low_cpu_mem_usage=model.device.type == "meta")
    except ValueError as error:
        raise UserError(f"lora.targets = {list(settings.targets)}: {first_line(error)}") from error


def read(folder: Path, device: torch.device) -> dict[str, Tensor]:
    """The adapters of a checkpoint. device: where they are put."""
    return peft.load_peft_weights(str(folder), device=str(device))


def put(model: Any, weights: dict[str, Tensor]) -> None:
    """Adapters that were read into a model that has some."""
    peft.set_peft_model_state_dict(model, weights)


def merged(model: Any) -> tuple[Any, dict[str, Tensor]]:
    """(the model without adapters, its weights with theirs added, by the names that it has alone)."""
    return model.get_base_model(), dict(merged_weights(model))


def merged_weights(model: Any) -> Iterator[tuple[str, Tensor]]:
    """Those weights one by one, so that no second model need stand in memory."""
    base = model.get_base_model()
    adapted: dict[str, Any] = {
        f"{name}.base_layer.weight": m for name, m in base.named_modules() if isinstance(m, LoraLayer)
    }
    for name, weight in base.state_dict().items():
        if ".lora_" in name:
            continue
        if layer := adapted.get(name):
            weight = weight.float() + layer.get_delta_weight("default").float()
        yield name.replace(".base_layer.", "."), weight
