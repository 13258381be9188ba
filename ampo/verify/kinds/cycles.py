r"""Permutations as products of cycles: (1\,3\,5)(2\,4) is (2 4)(5 1 3)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ampo.verify.kinds.reader import Reader
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting

_CYCLES = re.compile(r"(?:\(\d{1,3}(?: \d{1,3}){1,40}\) ?){1,40}")
_CYCLE = re.compile(r"\(([\d ]+)\)")


@dataclass(frozen=True, slots=True)
class Permutation:
    """Where each number that is moved goes, in order."""

    images: tuple[tuple[int, int], ...]


def _read(text: str, reader: Reader) -> Permutation | None:
    """Cycles without commas; they may share numbers, and the one on the right acts first."""
    del reader
    if len(text) > 400 or not _CYCLES.fullmatch(text):
        return None
    cycles = [[int(n) for n in inside.split()] for inside in _CYCLE.findall(text)]
    if any(len(set(cycle)) < len(cycle) for cycle in cycles):
        return None
    moved = sorted({n for cycle in cycles for n in cycle})
    images = [(n, _image(n, cycles)) for n in moved]
    return Permutation(tuple((n, to) for n, to in images if n != to))


def _image(n: int, cycles: list[list[int]]) -> int:
    for cycle in reversed(cycles):
        if n in cycle:
            n = cycle[(cycle.index(n) + 1) % len(cycle)]
    return n


def _same(gold: object, answer: object, setting: Setting, equal: Equal) -> bool | None:
    """Products of cycles that share numbers are read from the right; where only one side has such, nothing is shown."""
    del setting, equal
    return gold == answer if isinstance(gold, Permutation) and isinstance(answer, Permutation) else None


KIND = Kind(order=16, same=_same, read=_read)
