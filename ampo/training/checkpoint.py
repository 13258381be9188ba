"""A checkpoint of the local backend: weights, optimiser, and what else the next step goes by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
        UserError: Where a file of it is missing, damaged, or of another version.
    """
    _put_back(folder, loaded, adapters)
    with _reading(folder):
        kept = torch.load(folder / _FILE, map_location=loaded.model.device, weights_only=True)
    try:
        moments, deviations = kept.pop("optimizer"), kept.pop("deviations")
        state = State(**kept, deviations=DeviationFilter(**deviations) if deviations else None)
    except (KeyError, TypeError) as error:
        raise UserError(
            f"the checkpoint {folder} was written by another version ({first_line(error)}): go on with that one, or "
            "give another --output-dir"
        ) from error
    optimizer.load_state_dict(moments)
    return state


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """What a file's reader stumbles upon becomes UserError: the errors of pickle, zip and safetensors have no one kind.

    What is done with what was read stays outside: an error there is no damage, and the checkpoint is good.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        raise UserError(
            f"the checkpoint {folder} is damaged ({first_line(error)}): delete that folder, and the same command goes "
            "on from the one before it, or from the beginning"
        ) from error


def _put_back(folder: Path, loaded: Loaded, adapters: bool) -> None:
    if adapters:
        from ampo.training import lora

        with _reading(folder):
            weights = lora.read(folder, loaded.model.device)
        lora.put(loaded.model, weights)
        return
    from transformers import AutoModelForCausalLM

    with _reading(folder):
        saved: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    loaded.model.load_state_dict(saved.state_dict())
