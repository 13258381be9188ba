"""Units: which words are units, what they measure, and by which factor they differ.

A quantity whose unit was left out is right if its number is; one in another unit of the same kind is right if the
values agree (100 cm for 1 m); one in a unit of another kind is wrong. A word that is no unit known here ("apples",
"ways") names what was counted: `ampo.verify.kinds.counted`.
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


_MONEY = frozenset({"dollar", "euro", "rupee", "yen", "yuan", "ruble", "sterling"})
RADIAN = Unit((("rad", 1),))
CELSIUS, FAHRENHEIT = Unit((("celsius", 1),)), Unit((("fahrenheit", 1),))  # an offset apart: no factor converts them
_MASS = Fraction(45359237, 100000000)  # a pound
_JOULE = {"kg": 1, "m": 2, "s": -2}
_VOLT = {"kg": 1, "m": 2, "s": -3, "A": -1}
_TESLA = {"kg": 1, "s": -2, "A": -1}
_ELECTRONVOLT = Fraction(1602176634, 10**28)
_GALLON = "473176473/125000000000"
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
_CASED = (  # the same, only as they are written: c and mb are names
    ("C", "coulomb", {"A": 1, "s": 1}, Fraction(1), "pnumk"),
    ("T", "tesla", _TESLA, Fraction(1), "pnum"),
    ("G", "gauss", _TESLA, Fraction(1, 10_000), "mk"),
    ("Wb", "weber", {"kg": 1, "m": 2, "s": -2, "A": -1}, Fraction(1), "num"),
    ("H", "henry", {"kg": 1, "m": 2, "s": -2, "A": -2}, Fraction(1), "num"),
    ("S", "siemens", {"kg": -1, "m": -2, "s": 3, "A": 2}, Fraction(1), "num"),
    ("M", "molar", {"mol": 1, "m": -3}, Fraction(1000), "pnum"),
    ("Ah", "amperehour", {"A": 1, "s": 1}, Fraction(3600), "m"),
    ("bar", "bar", {"kg": 1, "m": -1, "s": -2}, Fraction(100_000), "m"),
    ("Bq", "becquerel", {"decay": 1, "s": -1}, Fraction(1), "kMG"),
    ("Ci", "curie", {"decay": 1, "s": -1}, Fraction(37 * 10**9), "num"),
    ("Gy", "gray", {"gray": 1}, Fraction(1), "um"),
    ("Sv", "sievert", {"sievert": 1}, Fraction(1), "um"),
    ("cd", "candela", {"cd": 1}, Fraction(1), ""),
    ("lm", "lumen", {"lm": 1}, Fraction(1), ""),
    ("lx", "lux", {"lm": 1, "m": -2}, Fraction(1), ""),
    ("dB", "decibel", {"dB": 1}, Fraction(1), ""),
    ("bit", "bit", {"bit": 1}, Fraction(1), "kMGT"),
    ("B", "byte", {"bit": 1}, Fraction(8), "kMGT"),
)
_PREFIXES = {
    "p": ("pico", -12), "n": ("nano", -9), "u": ("micro", -6), "m": ("milli", -3), "c": ("centi", -2),
    "d": ("deci", -1), "h": ("hecto", 2), "k": ("kilo", 3), "M": ("mega", 6), "G": ("giga", 9), "T": ("tera", 12),
}  # fmt: skip
_OTHERS = (
    ({"m": 1}, {"in inch inche": "127/5000", "ft foot feet": "381/1250", "yd yard": "1143/1250",
                "mi mile": "201168/125", "angstrom": "1/10000000000", "micron": "1/1000000", "fm": "1/1000000000000000",
                "AU": "149597870700", "lightyear ly": "9460730472580800", "furlong": "201168/1000"}),
    ({"m": 2}, {"acre": "316160658/78125", "hectare ha": "10000"}),
    ({"m": 3}, {"gallon gal": _GALLON, "quart qt": f"{_GALLON}/4", "pint": f"{_GALLON}/8", "cup": f"{_GALLON}/16",
                "tablespoon tbsp": f"{_GALLON}/256", "teaspoon tsp": f"{_GALLON}/768", "cc": "1/1000000"}),
    ({"s": 1}, {"sec": "1", "min minute": "60", "h hr hour": "3600", "day": "86400", "week": "604800",
                "fortnight": "1209600",
                "kyr": "31556952000", "Myr": "31556952000000", "Gyr": "31556952000000000", "month": "2629746",
                "yr year": "31556952", "decade": "315569520",
                "century centurie": "3155695200", "millennium millennia": "31556952000"}),
    ({"kg": 1}, {"lb lbs pound": str(_MASS), "ton tonne": "1000", "oz ounce": str(_MASS / 16), "carat": "1/5000",
                 "amu dalton": f"166053906660/{10**38}"}),
    ({"kg": 1, "m": 1, "s": -2}, {"lbf": str(_MASS * Fraction(980665, 100000)), "dyne dyn": "1/100000"}),
    ({"kg": 1, "m": -1, "s": -2}, {"atm atmosphere": "101325", "torr mmHg": "101325/760", "psi": "6894757293/1000000"}),
    ({"kg": 1, "m": 2, "s": -3}, {"hp horsepower": "7456998716/10000000"}),
    ({"rev": 1, "s": -1}, {"rpm": "1/60"}),
    ({"rev": 1}, {"rev revolution": "1"}),
    ({"dollar": 1}, {"dollar usd buck": "1", "cent": "1/100", "dime": "1/10", "nickel": "1/20",
                     "penny pennie": "1/100"}),
    ({"euro": 1}, {"euro": "1"}),
    ({"sterling": 1}, {"poundsterling": "1", "pence": "1/100"}),
    ({"rupee": 1}, {"rupee": "1"}),
    ({"yen": 1}, {"yen": "1"}),
    ({"yuan": 1}, {"yuan": "1"}),
    ({"ruble": 1}, {"ruble rouble": "1"}),
    ({"rad": 1}, {"rad radian": "1"}),
    (_JOULE, {"erg": "1/10000000", "Nm": "1"}),
    ({"m": 1, "s": -1}, {"mph": "201168/450000", "kph kmh": "5/18", "knot": "463/900"}),
)  # fmt: skip


def _fraction(text: str) -> Fraction:
    """A fraction whose denominator may be a product's: 1/10/4."""
    first, *others = text.split("/")
    value = Fraction(first)
    for other in others:
        value /= int(other)
    return value


def _table() -> dict[str, tuple[dict[str, int], Fraction]]:
    """Every unit by its symbol, in the case that it has (mW, MW), and by its name."""
    found: dict[str, tuple[dict[str, int], Fraction]] = {}
    for dims, names in _OTHERS:
        for words, factor in names.items():
            found.update(dict.fromkeys(words.split(), (dims, _fraction(factor))))
    for symbol, name, dims, factor, prefixes in _SI + _CASED:
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
    cased = ("AU", *(row[0] for row in _CASED))
    for word in found:
        lower.setdefault(word.lower(), set()).add(word)
    return {
        low: found[word]
        for low, (word, *others) in lower.items()
        if not others and not (len(word) < 4 and word.endswith(cased))
    } | found


_UNITS = _table()
_NO_UNITS = frozenset("afjklnvw")  # alone, these are names: their units are capitals
_SET_AS_UNITS = frozenset(
    ["M", "G", "S", "B", "ha", "ly", "qt", "hp", "cd", "cc", "fm", "lm", "lx", "mM"]
)  # outside of \\text these are names
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
    factor, sign, power, at, known, exponent = Fraction(1), 1, 1, 0, None, 0
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
        else:
            if word in ("squared", "cubed"):  # the word before it alone: meters per second squared
                exponent *= 1 if word == "squared" else 2  # more than it has already
            else:
                known = _known(word)
                exponent = sign * power * (int(m[3]) if m[3] else 1)
            if known is None:
                return Unit(())
            for base, p in known[0].items():
                dims[base] = dims.get(base, 0) + p * exponent
            factor *= known[1] ** exponent
            power = 1
    kept = tuple(sorted((b, p) for b, p in dims.items() if p))
    return Unit(kept, factor)


def times(above: Unit, below: Unit) -> Unit:
    """The product of two units: dollars, and per day."""
    dims = dict(above.dims)
    for base, power in below.dims:
        dims[base] = dims.get(base, 0) + power
    return Unit(tuple(sorted((b, p) for b, p in dims.items() if p)), above.factor * below.factor)


def is_unit_word(word: str) -> bool:
    """Whether a single word is a unit known here, where nothing sets it off as one."""
    return word not in _SET_AS_UNITS and _known(word) is not None


def _known(word: str) -> tuple[dict[str, int], Fraction] | None:
    """Symbols as they are written (N, not n; mW, not MW); words in any case, in the plural too."""
    if len(word) == 1:
        return _UNITS.get(word) if word not in _NO_UNITS else None
    plural = word.lower().removesuffix("s") if len(word) > 2 else ""
    return _UNITS.get(word) or _UNITS.get(word.lower()) or _UNITS.get(plural)


def scale(gold: Unit | None, answer: Unit | None) -> Fraction | None:
    """By what to multiply the answer's number to have it in the gold's unit; None where they measure other things.

    A unit that was left out is the other side's.
    """
    if gold is None or answer is None or not gold.known or not answer.known:
        return Fraction(1)
    return answer.factor / gold.factor if gold.dims == answer.dims else None
