"""The multi-guidance pool, the comprehension score, and the choice among teachers (paper, section 3)."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ampo.guidance.comprehension import comprehension_scores
    from ampo.guidance.formats import PoolEntry
    from ampo.guidance.pool import GuidancePool
    from ampo.guidance.selection import select_guidance

__all__ = ["GuidancePool", "PoolEntry", "comprehension_scores", "select_guidance"]

_HOMES = {  # loaded on first use: a pool's files take other packages than the selection
    "GuidancePool": "pool",
    "PoolEntry": "formats",
    "comprehension_scores": "comprehension",
    "select_guidance": "selection",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"ampo.guidance.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'ampo.guidance' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
