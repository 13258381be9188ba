"""Units: which words are units, what they measure, and by which factor they differ.

A quantity whose unit was left out is right if its number is; one in another unit of the same kind is right if the
values agree (100 cm for 1 m); one in a unit of another kind is wrong. A word that is no unit known here ("apples",
"ways") names what was counted and is not compared.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple


class Unit(NamedTuple):
    """dims: base units and their powers, empty where the word is unknown. factor: to the base units."""

    dims: tuple[tuple[str, int], ...]
    factor: Fraction = Fraction(1)

    @property
    def known(self) -> bool:
        return bool(self.dims)


RADIAN = Unit((("rad", 1),))
_TABLE = """
m:1 meter:1 metre:1 cm:1/100 centimeter:1/100 centimetre:1/100 mm:1/1000 millimeter:1/1000 km:1000 kilometer:1000
kilometre:1000 nm:1/1000000000 nanometer:1/1000000000 in:127/5000 inch:127/5000 inche:127/5000 ft:381/1250 foot:381/1250
feet:381/1250 yd:1143/1250 yard:1143/1250 mile:201168/125 mi:201168/125 dm:1/10 pc:30856775814913673
angstrom:1/10000000000
> s:1 sec:1 second:1 min:60 minute:60 h:3600 hr:3600 hour:3600 day:86400 week:604800 month:2629746 yr:31556952
year:31556952 ms:1/1000
> g:1/1000 gram:1/1000 kg:1 kilogram:1 mg:1/1000000 lb:45359237/100000000 pound:45359237/100000000
lbs:45359237/100000000
ton:1000 tonne:1000 oz:45359237/1600000000 ounce:45359237/1600000000
> dollar:1 usd:1 buck:1 cent:1/100 dime:1/10 nickel:1/20 euro@euro:1 rupee@rupee:1 yen@yen:1
> K:1 kelvin:1
> mol:1 mole:1
> A:1 ampere:1 amp:1
> radian:1 rad:1
"""
_BASES = ("m", "s", "kg", "dollar", "K", "mol", "A", "rad")
_DERIVED = {
    ("n", "newton"): ({"kg": 1, "m": 1, "s": -2}, Fraction(1)),
    ("j", "joule"): ({"kg": 1, "m": 2, "s": -2}, Fraction(1)),
    ("kj",): ({"kg": 1, "m": 2, "s": -2}, Fraction(1000)),
    ("erg",): ({"kg": 1, "m": 2, "s": -2}, Fraction(1, 10**7)),
    ("ev",): ({"kg": 1, "m": 2, "s": -2}, Fraction(1602176634, 10**28)),
    ("kev",): ({"kg": 1, "m": 2, "s": -2}, Fraction(1602176634, 10**25)),
    ("mev",): ({"kg": 1, "m": 2, "s": -2}, Fraction(1602176634, 10**22)),
    ("w", "watt"): ({"kg": 1, "m": 2, "s": -3}, Fraction(1)),
    ("pa", "pascal"): ({"kg": 1, "m": -1, "s": -2}, Fraction(1)),
    ("hz", "hertz"): ({"s": -1}, Fraction(1)),
    ("v", "volt"): ({"kg": 1, "m": 2, "s": -3, "A": -1}, Fraction(1)),
    ("coulomb",): ({"A": 1, "s": 1}, Fraction(1)),
    ("ohm",): ({"kg": 1, "m": 2, "s": -3, "A": -2}, Fraction(1)),
    ("l", "liter", "litre"): ({"m": 3}, Fraction(1, 1000)),
    ("ml", "milliliter"): ({"m": 3}, Fraction(1, 10**6)),
    ("mph",): ({"m": 1, "s": -1}, Fraction(201168, 450000)),
    ("kph", "kmh"): ({"m": 1, "s": -1}, Fraction(5, 18)),
}


def _words() -> dict[str, tuple[dict[str, int], Fraction]]:
    words: dict[str, tuple[dict[str, int], Fraction]] = {}
    for base, group in zip(_BASES, _TABLE.split(">"), strict=True):
        for entry in group.split():
            name, factor = entry.split(":")
            name, _, own = name.partition("@")
            words[name] = ({own or base: 1}, Fraction(factor))
    for names, value in _DERIVED.items():
        words.update(dict.fromkeys(names, value))
    return words


_UNITS = _words()
_SILENT_WORDS = {
    "of",
    "the",
    "in",
    "a",
    "an",
    "per",
    "square",
    "sq",
    "cubic",
    "cu",
    "unit",
    "squared",
    "cubed",
    "base",
    "and",
    "each",
}
_PIECE = re.compile(r"\s*([*/·.]|\\cdot|per\b)?\s*\(?\\?([a-zA-Z]+)\)?\s*(?:\^?\s*\{?\s*(-?\d)\s*\}?)?")


@lru_cache(maxsize=4096)
def unit(text: str) -> Unit | None:
    """The unit that a text names; dims are empty for words that are no unit; None where the text is no word at all."""
    text = (
        re.sub(r"\\(?:text|mathrm|mbox|operatorname|rm)\b", " ", text)
        .replace("{", " ")
        .replace("}", " ")
        .replace("-", " -")
    )
    text = re.sub(r"\^\s*(-?)\s*(\d)", r"^\1\2", text).strip(" .")
    dims: dict[str, int] = {}
    factor, sign, power, at = Fraction(1), 1, 1, 0
    while at < len(text):
        m = _PIECE.match(text, at)
        if m is None:
            return None
        at = m.end()
        sign = -1 if m[1] in ("/", "per") else sign if m[1] in ("*", "·", "\\cdot", ".") or sign == -1 else 1
        word = m[2]
        if word in ("per",):
            sign = -1
        elif word in ("square", "sq"):
            power = 2
        elif word in ("cubic", "cu"):
            power = 3
        elif word in ("squared", "cubed"):
            return Unit(()) if not dims else unit(f"{'square' if word == 'squared' else 'cubic'} {text[: m.start(2)]}")
        else:
            known = _known(word)
            if known is None:
                return Unit(())
            exponent = sign * power * (int(m[3]) if m[3] else 1)
            for base, p in known[0].items():
                dims[base] = dims.get(base, 0) + p * exponent
            factor *= known[1] ** exponent
            power = 1
    kept = tuple(sorted((b, p) for b, p in dims.items() if p))
    return Unit(kept, factor)


def is_unit_word(word: str) -> bool:
    """Whether a single word is a unit known here."""
    return _known(word) is not None


def _known(word: str) -> tuple[dict[str, int], Fraction] | None:
    """Single letters are units as they are written (N, not n); words in any case, in the plural too."""
    if len(word) == 1:
        return _UNITS.get(word if word not in "njvwl" else "") or _UNITS.get(word.lower() if word in "NJVWL" else "")
    return _UNITS.get(word) or _UNITS.get(word.lower()) or _UNITS.get(word.lower().removesuffix("s"))


def scale(gold: Unit | None, answer: Unit | None) -> Fraction | None:
    """By what to multiply the answer's number to have it in the gold's unit; None where they measure other things."""
    if gold is None or answer is None or not gold.known or not answer.known:
        return Fraction(1)
    return answer.factor / gold.factor if gold.dims == answer.dims else None
