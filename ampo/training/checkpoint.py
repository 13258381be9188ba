"""A checkpoint of the local backend: weights, optimiser, and what else the next step goes by."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from ampo.algorithm.rewards import DeviationFilter
from ampo.engines.transformers import Loaded
from ampo.errors import UserError
from ampo.files import first_line

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
    """Write all of it; the weights as a Hugging Face folder, of adapters where the model has them.

    Args:
        folder: There already.
        loaded: The policy and its tokenizer.
        optimizer: Whose moments are kept.
        state: What else the next step goes by.
    """
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    torch.save(asdict(state) | {"optimizer": optimizer.state_dict()}, folder / _FILE)


def load(folder: Path, loaded: Loaded, optimizer: torch.optim.Optimizer, *, adapters: bool) -> State:
    """Put weights and optimiser back, and give the rest.

    Args:
        folder: of a checkpoint.
        loaded: whose weights are put back.
        optimizer: whose state is.
        adapters: whether adapters alone are trained.

    Raises:
        UserError: Where a file of it is missing or damaged.
    """
    try:
        _put_back(folder, loaded, adapters)
        kept = torch.load(folder / _FILE, map_location=loaded.model.device, weights_only=True)
        optimizer.load_state_dict(kept.pop("optimizer"))
        deviations = kept.pop("deviations")
        return State(**kept, deviations=DeviationFilter(**deviations) if deviations else None)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # a torn file raises whatever its reader stumbles upon: pickle's, zip's, safetensors'
        raise UserError(
            f"the checkpoint {folder} is damaged ({first_line(error)}): delete that folder, and the same command goes "
            "on from the one before it, or from the beginning"
        ) from error


def _put_back(folder: Path, loaded: Loaded, adapters: bool) -> None:
    if adapters:
        from ampo.training import lora

        lora.load(loaded.model, folder)
        return
    from transformers import AutoModelForCausalLM

    saved: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    loaded.model.load_state_dict(saved.state_dict())
