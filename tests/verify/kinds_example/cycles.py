"""Permutations as cycles: (1 2 3)(4 5) is (5 4)(2 3 1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ampo.verify.kinds.reader import Reader
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting

_CYCLES = re.compile(r"(?:\(\s*\d{1,3}(?:\s+\d{1,3})+\s*\)\s*)+")


@dataclass(frozen=True, slots=True)
class Cycles:
    """Each number and the one that it is mapped to, in order."""

    images: tuple[tuple[int, int], ...]


def _read(text: str, reader: Reader) -> Cycles | None:
    del reader  # for the parts of an answer, which a permutation has none of
    if not _CYCLES.fullmatch(text):
        return None
    cycles = [[int(n) for n in part.split()] for part in re.findall(r"\(([^()]*)\)", text)]
    images = {n: cycle[(i + 1) % len(cycle)] for cycle in cycles for i, n in enumerate(cycle)}
    disjoint = len(images) == sum(map(len, cycles))
    return Cycles(tuple(sorted(images.items()))) if disjoint else None


def _same(gold: Any, answer: Any, setting: Setting, equal: Equal) -> bool | None:
    del setting, equal
    if isinstance(gold, Cycles) or isinstance(answer, Cycles):
        return gold == answer
    return None


KIND = Kind(order=15, same=_same, read=_read)
