"""Replacement, advantages, rewards and losses: pure functions on tensors and plain data, shared by every backend.

What needs torch is imported at its first use, so that a config can be read without it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ampo.algorithm.presets import Algorithm, load_preset, preset_names
from ampo.algorithm.replacement import ReplacementPlan, plan_replacement
from ampo.algorithm.rewards import reward

if TYPE_CHECKING:
    from ampo.algorithm.advantages import group_advantages
    from ampo.algorithm.losses import BatchTotals, LossOutput, mixed_policy_loss, sft_loss

__all__ = [
    "Algorithm",
    "BatchTotals",
    "LossOutput",
    "ReplacementPlan",
    "group_advantages",
    "load_preset",
    "mixed_policy_loss",
    "plan_replacement",
    "preset_names",
    "reward",
    "sft_loss",
]

_WITH_TORCH = {
    "group_advantages": "advantages",
    "BatchTotals": "losses",
    "LossOutput": "losses",
    "mixed_policy_loss": "losses",
    "sft_loss": "losses",
}


def __getattr__(name: str) -> Any:
    if name not in _WITH_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_WITH_TORCH[name]}"), name)
    except ModuleNotFoundError as error:
        from ampo.errors import MissingExtraError

        raise MissingExtraError(error.name or "torch", "train", f"ampo.algorithm.{name}") from error


def __dir__() -> list[str]:
    return sorted(__all__)
