r"""Directions of the compass with an angle: 30^\circ north of east is N 60^\circ E, and not 30^\circ east of north."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ampo.verify.formula.tree import Tree, num
from ampo.verify.kinds.answers import Value
from ampo.verify.kinds.reader import Reader
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting
from ampo.verify.text.phrases import plain

_FROM_NORTH = {"n": 0, "e": 90, "s": 180, "w": 270}
_POINT = r"(north|south|east|west|[NSEW])"
_ANGLE = r"(\d{1,3}(?:\.\d{1,12})?)\s?(?:\^\s?\{?\s?\\circ\s?\}?|degrees?\b)"
_OFF = re.compile(rf"{_ANGLE}\s?{_POINT}\s?of\s?{_POINT}", re.IGNORECASE)
_TOWARDS = re.compile(rf"{_POINT}\s?{_ANGLE}\s?{_POINT}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Direction:
    """bearing: in degrees from north by east. angle: as it was written. words: which way it is measured."""

    bearing: Value
    angle: Value
    words: str


def _read(text: str, reader: Reader) -> Direction | None:
    said = plain(text) if len(text) <= 200 and any(c in text for c in "nNsS eE wW") else ""
    if m := _OFF.fullmatch(said):
        angle, towards, start = m[1], m[2], m[3]
    elif m := _TOWARDS.fullmatch(said):
        start, angle, towards = m[1], m[2], m[3]
    else:
        return None
    base, turn = (_FROM_NORTH[point[0].lower()] for point in (start, towards))
    sign = {90: 1, 270: -1}.get((turn - base) % 360)
    value = reader.single(f"{angle}^\\circ")
    if sign is None or not isinstance(value, Value):
        return None
    number = reader.single(angle)
    assert isinstance(number, Value)
    change = number.tree if sign > 0 else Tree("neg", (number.tree,))
    whole = 360 if base == 0 and sign < 0 else base
    return Direction(replace(number, tree=Tree("add", (num(whole), change))), value, f"{towards} of {start}".lower())


def _same(gold: Direction | Value, answer: Direction | Value, setting: Setting, equal: Equal) -> bool | None:
    """A bare angle is a direction where the question says how it is measured."""
    if isinstance(gold, Direction) and isinstance(answer, Direction):
        return equal(gold.bearing, answer.bearing, setting)
    if isinstance(gold, Direction) and isinstance(answer, Value):
        return gold.words in setting.question.lower() and equal(gold.angle, answer, setting)
    if isinstance(answer, Direction) and isinstance(gold, Value):
        return equal(gold, answer.angle, setting)
    return None


KIND = Kind(order=15, same=_same, read=_read)
