"""Lists with dots: 1, 2, ..., 6 is 1, 2, 3, 4, 5, 6. Only whole numbers in equal steps, kept by all terms given."""

from __future__ import annotations

import re
from itertools import pairwise

from ampo.verify.kinds.reader import MAX_ITEMS

_WHOLE = re.compile(r"[-+]?\d{1,9}")


def written_out(parts: list[str]) -> list[str]:
    """The parts of a list with what its one ellipsis leaves out; as they are where that isn't sure."""
    if parts.count("\\ldots") != 1:
        return parts
    at = parts.index("\\ldots")
    before, after = parts[:at], parts[at + 1 :]
    if not before or not after or not all(_WHOLE.fullmatch(p) for p in before + after):
        return _shortened(before) + parts[at:]
    first, last = [int(p) for p in before], [int(p) for p in after]
    steps = {b - a for side in (first, last) for a, b in pairwise(side)} or {1}
    step = next(iter(steps))
    if len(steps) > 1 or step == 0 or (last[0] - first[-1]) % step or (last[0] - first[-1]) // step < 1:
        return parts
    between = range(first[-1] + step, last[0], step)
    return [*before, *map(str, between), *after] if len(between) <= MAX_ITEMS else parts


def _shortened(before: list[str]) -> list[str]:
    """1, 2, 3 before the dots as 1, 2: as many as tell the step."""
    numbers = [int(p) for p in before] if all(map(_WHOLE.fullmatch, before)) else []
    steps = {b - a for a, b in pairwise(numbers)}
    return before[:2] if len(numbers) > 2 and len(steps) == 1 else before
