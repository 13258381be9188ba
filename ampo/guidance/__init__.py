"""The multi-guidance pool, the comprehension score, and the choice among teachers (paper, section 3)."""

from typing import TYPE_CHECKING

from ampo.lazy import on_first_use

if TYPE_CHECKING:
    from ampo.guidance.comprehension import comprehension_scores
    from ampo.guidance.formats import PoolEntry
    from ampo.guidance.pool import GuidancePool
    from ampo.guidance.selection import select_guidance

__all__ = ["GuidancePool", "PoolEntry", "comprehension_scores", "select_guidance"]

__getattr__ = on_first_use(  # a pool's files take other packages than the selection
    __name__,
    {
        "GuidancePool": "pool",
        "PoolEntry": "formats",
        "comprehension_scores": "comprehension",
        "select_guidance": "selection",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
