"""Fractions in the words of other languages: zwei Drittel, deux tiers, tres cuartos, 四分之三, la moitié."""

from __future__ import annotations

import re

from ampo.verify.text.phrases import plain


def _parts(words: str) -> dict[str, int]:
    """By their beginnings, from thirds on: a plural has the same."""
    return {part: i for i, word in enumerate(words.split(), 3) for part in word.split("/")}


_HALVES = re.compile(
    "die hälfte|ein halb(?:es)?|eine halbe|la moitié|un demi|la mitad|un medio|la metà|un mezzo|a metade|um meio|"
    "половина|одна вторая|一半|半分|절반|النصف|نصف"
)
_LANGUAGES = (
    (
        "ein zwei drei vier fünf sechs sieben acht neun",
        _parts("drittel viertel fünftel sechstel siebtel achtel neuntel zehntel"),
    ),
    (
        "un deux trois quatre cinq six sept huit neuf",
        _parts("tiers quart cinquième sixième septième huitième neuvième dixième"),
    ),
    (
        "un dos tres cuatro cinco seis siete ocho nueve",
        _parts("tercio cuarto quinto sexto séptimo octavo noveno décimo"),
    ),
    (
        "un due tre quattro cinque sei sette otto nove",
        _parts(
            "terzo/terzi quarto/quarti quinto/quinti sesto/sesti settimo/settimi ottavo/ottavi nono/noni decimo/decimi"
        ),
    ),
    (
        "um dois três quatro cinco seis sete oito nove",
        _parts("terço quarto quinto sexto sétimo oitavo nono décimo"),
    ),
    (
        "одна две три четыре пять шесть семь восемь девять",
        _parts(
            "треть/трети четверть/четверти/четвёртых/четвертых пятая/пятых шестая/шестых седьмая/седьмых "
            "восьмая/восьмых девятая/девятых десятая/десятых"
        ),
    ),
)
_TOPS = [{word: i for i, word in enumerate(tops.split(), 1)} | {"eine": 1, "una": 1} for tops, _ in _LANGUAGES]
_HAN = {c: i for i, c in enumerate("一二三四五六七八九十", 1)}
_HAN_FRACTION = re.compile(r"([一二三四五六七八九十]{1,3}|\d{1,4})分之([一二三四五六七八九十]{1,3}|\d{1,4})")
_HANGUL_FRACTION = re.compile(r"(\d{1,4})분의\s?(\d{1,4})")


def foreign_fraction(text: str) -> str | None:
    """The fraction that a whole text is, in LaTeX; None for any other text."""
    said = plain(text).strip(" .。!").lower() if len(text) < 60 else ""
    if _HALVES.fullmatch(said):
        return r"\frac{1}{2}"
    if m := _HAN_FRACTION.fullmatch(said) or _HANGUL_FRACTION.fullmatch(said):
        bottom, top = _han(m[1]), _han(m[2])
        return f"\\frac{{{top}}}{{{bottom}}}" if top and bottom else None
    first, _, last = said.partition(" ")
    for tops, (_, parts) in zip(_TOPS, _LANGUAGES, strict=True):
        top, bottom = tops.get(first), parts.get(last) or parts.get(last.removesuffix("s"))
        if top and bottom:
            return f"\\frac{{{top}}}{{{bottom}}}"
    return None


def _han(text: str) -> int:
    """A number below 100 in digits or Han; 0 for what is none."""
    if text.isdigit():
        return int(text)
    tens, joint, ones = text.partition("十")
    if not joint:
        return _HAN[text] if len(text) == 1 else 0
    return 10 * (_HAN[tens] if tens else 1) + (_HAN[ones] if ones else 0)
