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

    @property
    def physical(self) -> bool:
        """Whether it measures nature: sums of money are counted."""
        return self.known and not _MONEY & {name for name, _ in self.dims}


_MONEY = frozenset({"dollar", "euro", "rupee", "yen", "sterling"})
RADIAN = Unit((("rad", 1),))
CELSIUS, FAHRENHEIT = Unit((("celsius", 1),)), Unit((("fahrenheit", 1),))  # an offset apart: never converted
_MASS = Fraction(45359237, 100000000)  # a pound
_JOULE = {"kg": 1, "m": 2, "s": -2}
_VOLT = {"kg": 1, "m": 2, "s": -3, "A": -1}
_ELECTRONVOLT = Fraction(1602176634, 10**28)
# symbol, name, what it measures, to base units, the prefixes that it is met with
_SI = (
    ("m", "meter", {"m": 1}, Fraction(1), "pnumcdkMG"),
    ("m", "metre", {"m": 1}, Fraction(1), ""),
    ("s", "second", {"s": 1}, Fraction(1), "pnumkM"),
    ("g", "gram", {"kg": 1}, Fraction(1, 1000), "numkMG"),
    ("mol", "mole", {"mol": 1}, Fraction(1), "numk"),
    ("A", "ampere", {"A": 1}, Fraction(1), "pnumkM"),
    ("A", "amp", {"A": 1}, Fraction(1), ""),
    ("K", "kelvin", {"K": 1}, Fraction(1), "um"),
    ("N", "newton", {"kg": 1, "m": 1, "s": -2}, Fraction(1), "numkM"),
    ("J", "joule", _JOULE, Fraction(1), "numkMGT"),
    ("eV", "electronvolt", _JOULE, _ELECTRONVOLT, "mkMGT"),
    ("Wh", "watthour", _JOULE, Fraction(3600), "kMGT"),
    ("cal", "calorie", _JOULE, Fraction(4184, 1000), "k"),
    ("W", "watt", {"kg": 1, "m": 2, "s": -3}, Fraction(1), "numkMGT"),
    ("Pa", "pascal", {"kg": 1, "m": -1, "s": -2}, Fraction(1), "mhkMG"),
    ("Hz", "hertz", {"s": -1}, Fraction(1), "mkMGT"),
    ("V", "volt", _VOLT, Fraction(1), "numkM"),
    ("F", "farad", {"kg": -1, "m": -2, "s": 4, "A": 2}, Fraction(1), "pnum"),
    ("ohm", "ohm", {"kg": 1, "m": 2, "s": -3, "A": -2}, Fraction(1), "mkMG"),
    ("L", "liter", {"m": 3}, Fraction(1, 1000), "numcdh"),
    ("l", "litre", {"m": 3}, Fraction(1, 1000), "umcdh"),
    ("pc", "parsec", {"m": 1}, Fraction(30856775814913673), "kMG"),
)
_PREFIXES = {
    "p": ("pico", -12), "n": ("nano", -9), "u": ("micro", -6), "m": ("milli", -3), "c": ("centi", -2),
    "d": ("deci", -1), "h": ("hecto", 2), "k": ("kilo", 3), "M": ("mega", 6), "G": ("giga", 9), "T": ("tera", 12),
}  # fmt: skip
_OTHERS = (
    ({"m": 1}, {"in inch inche": "127/5000", "ft foot feet": "381/1250", "yd yard": "1143/1250",
                "mi mile": "201168/125", "angstrom": "1/10000000000", "micron": "1/1000000"}),
    ({"s": 1}, {"sec": "1", "min minute": "60", "h hr hour": "3600", "day": "86400", "week": "604800",
                "month": "2629746", "yr year": "31556952"}),
    ({"kg": 1}, {"lb lbs pound": str(_MASS), "ton tonne": "1000", "oz ounce": str(_MASS / 16)}),
    ({"dollar": 1}, {"dollar usd buck": "1", "cent": "1/100", "dime": "1/10", "nickel": "1/20"}),
    ({"euro": 1}, {"euro": "1"}),
    ({"rupee": 1}, {"rupee": "1"}),
    ({"yen": 1}, {"yen": "1"}),
    ({"rad": 1}, {"rad radian": "1"}),
    ({"A": 1, "s": 1}, {"coulomb": "1"}),
    (_JOULE, {"erg": "1/10000000", "Nm": "1"}),
    ({"m": 1, "s": -1}, {"mph": "201168/450000", "kph kmh": "5/18"}),
)  # fmt: skip


def _table() -> dict[str, tuple[dict[str, int], Fraction]]:
    """Every unit by its symbol, in the case that it has (mW, MW), and by its name."""
    found: dict[str, tuple[dict[str, int], Fraction]] = {}
    for dims, names in _OTHERS:
        for words, factor in names.items():
            found.update(dict.fromkeys(words.split(), (dims, Fraction(factor))))
    for symbol, name, dims, factor, prefixes in _SI:
        found[symbol] = found[name] = (dims, factor)
        for letter, (word, power) in _PREFIXES.items():
            scaled = (dims, factor * Fraction(10) ** power)
            found[word + name] = scaled
            if letter in prefixes:
                found[letter + symbol] = scaled
            if letter == "M" and letter in prefixes and len(symbol) > 1:
                found |= {"M" + symbol.lower(): scaled, "M" + symbol.upper(): scaled}
    found |= {"kilohm": found["kiloohm"], "megohm": found["megaohm"]}
    # In another case only where no other unit is written so: KM and Ghz, but not Mw.
    lower: dict[str, set[str]] = {}
    for word in found:
        lower.setdefault(word.lower(), set()).add(word)
    return {low: found[next(iter(words))] for low, words in lower.items() if len(words) == 1} | found


_UNITS = _table()
_NO_UNITS = frozenset("afjklnvw")  # alone, these are names: their units are capitals
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
    """Symbols as they are written (N, not n; mW, not MW); words in any case, in the plural too."""
    if len(word) == 1:
        return _UNITS.get(word) if word not in _NO_UNITS else None
    plural = word.lower().removesuffix("s") if len(word) > 2 else ""
    return _UNITS.get(word) or _UNITS.get(word.lower()) or _UNITS.get(plural)


def scale(gold: Unit | None, answer: Unit | None) -> Fraction | None:
    """By what to multiply the answer's number to have it in the gold's unit; None where they measure other things."""
    if gold is None or answer is None or not gold.known or not answer.known:
        return Fraction(1)
    return answer.factor / gold.factor if gold.dims == answer.dims else None
