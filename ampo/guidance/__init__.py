"""The multi-guidance pool, the comprehension score, and the choice among teachers (paper, section 3)."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ampo.guidance.formats import PoolEntry
    from ampo.guidance.pool import GuidancePool

__all__ = ["GuidancePool", "PoolEntry"]

_HOMES = {"GuidancePool": "pool", "PoolEntry": "formats"}  # loaded on first use: not every part needs torch


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"ampo.guidance.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'ampo.guidance' has no attribute {name!r}")
