"""Colours in hexadecimal as a kind of answer: the example of docs/verifier-equality.md."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ampo.verify.kinds.reader import Reader
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting
from ampo.verify.text.phrases import plain

_COLOUR = re.compile(r"#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")


@dataclass(frozen=True, slots=True)
class Colour:
    """rgb: six digits, in lower case."""

    rgb: str


def _read(text: str, reader: Reader) -> Colour | None:
    del reader  # for the parts of an answer, which a colour has none of
    found = _COLOUR.fullmatch(plain(text))
    if found is None:
        return None
    digits = found[1].lower()
    return Colour(digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def _same(gold: object, answer: object, setting: Setting, equal: Equal) -> bool | None:
    del setting, equal
    return gold == answer if isinstance(gold, Colour) and isinstance(answer, Colour) else None


KIND = Kind(order=25, same=_same, read=_read)
