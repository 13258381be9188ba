"""Seeds of a run's samples: made from the run's seed, the problem's id and the sample's number alone."""

from __future__ import annotations

import hashlib

_SEEDS = 2**31 - 2**16  # below every endpoint's limit, with room for the sample's number


def problem_seed(seed: int | None, problem_id: str) -> int | None:
    """The seed of a problem's sample 0; sample i has that plus i.

    Args:
        seed: The run's; None leaves the samples to chance.
        problem_id: Of the problem, or of a request.
    """
    if seed is None:
        return None
    digest = hashlib.sha256(f"{seed}/{problem_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _SEEDS
