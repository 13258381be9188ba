"""A quantity in several units of one kind: 2 hours 30 minutes, 5 ft 10 in, 5'10'', 3 dollars and 20 cents."""

from __future__ import annotations

import re
from fractions import Fraction

from ampo.verify.formula.tree import num
from ampo.verify.kinds.answers import Value
from ampo.verify.kinds.reader import Reader
from ampo.verify.text.phrases import plain
from ampo.verify.text.units import Unit, unit

_PIECE = re.compile(r"\s*(\d{1,15}(?:\.\d{1,15})?)\s*([a-zA-Z]{1,12})\.?(?:\s*,\s*and(?![a-z])|\s*,|\s+and(?![a-z]))?")
_HEIGHT = re.compile(r"(\d{1,3})\s*'\s*(\d{1,2}(?:\.\d{1,9})?)\s*(?:''|\")?")
_MOST = 4
_TIME = (("s", 1),)


def mixed_units(text: str, reader: Reader) -> Value | None:
    """The quantity in its first unit; None for a text that is no such sum."""
    del reader
    if not (text[:1].isdigit() and re.search(r"\d[^\d]*[a-zA-Z'][^\d]*\d", text)):
        return None
    height = _HEIGHT.fullmatch(text)
    pieces = [(height[1], "ft"), (height[2], "in")] if height else _pieces(plain(text))
    found = [(Fraction(number), _unit(word, pieces[0][1])) for number, word in pieces]
    return _sum(found) if 2 <= len(found) <= _MOST else None


def _pieces(text: str) -> list[tuple[str, str]]:
    """The numbers and the words after them; none where the text has anything else, or ends in an "and"."""
    found, at = [], 0
    while at < len(text) and len(found) <= _MOST:
        m = _PIECE.match(text, at)
        if m is None:
            return []
        found.append((m[1], m[2]))
        at = m.end()
    return found


def _unit(word: str, first: str) -> Unit | None:
    """The unit of a word; m is a minute beside hours."""
    leading = unit(first)
    return unit("minute") if word == "m" and leading and leading.dims == _TIME else unit(word)


def _sum(pieces: list[tuple[Fraction, Unit | None]]) -> Value | None:
    """Of units of one kind, each smaller than the one before, and not more of it than would make one of that."""
    whole, unit_before = pieces[0]
    if unit_before is None or not unit_before.known:
        return None
    first = unit_before
    for number, measure in pieces[1:]:
        if measure is None or measure.dims != first.dims or not number * measure.factor < unit_before.factor:
            return None
        whole, unit_before = whole + number * measure.factor / first.factor, measure
    return Value(num(whole), first)
