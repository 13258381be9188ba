"""A checkpoint of the local backend: weights, optimiser, and what else the next step goes by."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from ampo.algorithm.rewards import DeviationFilter
from ampo.engines.loading import Loaded

_FILE = "trainer.pt"


@dataclass
class State:
    """What a checkpoint keeps besides weights and optimiser."""

    step: int = 0
    deviations: DeviationFilter | None = None
    best: float | None = None
    samples: int = 0
    tokens: int = 0


def save(folder: Path, loaded: Loaded, optimizer: torch.optim.Optimizer, state: State) -> None:
    """Write all of it; the weights as a Hugging Face folder, of adapters where the model has them."""
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    torch.save(asdict(state) | {"optimizer": optimizer.state_dict()}, folder / _FILE)


def load(folder: Path, loaded: Loaded, optimizer: torch.optim.Optimizer, *, adapters: bool) -> State:
    """Put weights and optimiser back, and give the rest. adapters: whether they alone are trained."""
    if adapters:
        from ampo.training import lora

        lora.load(loaded.model, folder)
    else:
        from transformers import AutoModelForCausalLM

        saved: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        loaded.model.load_state_dict(saved.state_dict())
    kept = torch.load(folder / _FILE, map_location=loaded.model.device, weights_only=True)
    optimizer.load_state_dict(kept.pop("optimizer"))
    deviations = kept.pop("deviations")
    return State(**kept, deviations=DeviationFilter(**deviations) if deviations else None)
