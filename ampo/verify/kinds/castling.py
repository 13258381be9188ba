"""Castling, in letters or in digits: O-O is 0-0, and neither is O-O-O, nor the number that 0-0 would be."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ampo.verify.kinds.reader import Reader
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting
from ampo.verify.text.phrases import plain

_CASTLED = re.compile(r"(O-O(?:-O)?|0-0(?:-0)?)([+#]?)")


@dataclass(frozen=True, slots=True)
class Castling:
    """long: on the queen's side. check: its sign, or none."""

    long: bool
    check: str


def _read(text: str, reader: Reader) -> Castling | None:
    del reader
    m = _CASTLED.fullmatch(plain(text))
    return m and Castling(len(m[1]) > len("O-O"), m[2])


def _same(gold: object, answer: object, setting: Setting, equal: Equal) -> bool | None:
    del setting, equal
    return gold == answer if isinstance(gold, Castling) and isinstance(answer, Castling) else None


KIND = Kind(order=19, same=_same, read=_read)
