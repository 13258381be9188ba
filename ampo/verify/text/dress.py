"""Dress that changes nothing: fonts around more than a letter, siunitx, formulas and punctuation inside of \\text.

\\bm{2k+2}, \\num{10080}, \\SI{864}{in^2}, \\ang{90}, \\text{$3\\sqrt{13}$ units}, \\text{(}6\\text{, }31\\text{)},
52_{\\mathrm{eight}}, v^2_0. In linear time.
"""

from __future__ import annotations

import re

_SI = re.compile(r"\\(?:SI|qty)\s{0,9}(?:\[[^\[\]]{0,60}\])?\{([^{}]{1,60})\}\s{0,9}\{([^{}]{0,60})\}")
_UNIT = re.compile(r"\\(?:si|unit)\s{0,9}\{([^{}]{1,60})\}")
_PREFIX = re.compile(
    r"\\(milli|centi|kilo|mega|giga|micro|nano|pico|deci|hecto|tera)\s{0,3}\\(?=[a-z])"
)  # \\kilo\\metre
_ANGLE = re.compile(r"\\ang\s{0,9}\{([^{};]{1,30})\}")
_NUMBER = re.compile(r"\\num\s{0,9}\{([^{}]{1,60})\}")
_MATHS_IN_TEXT = re.compile(
    r"\\(text(?:bf|rm|it|normal)?|mbox|hbox)\s{0,9}\{([^${}]{0,100})\$([^$]{1,200})\$([^${}]{0,100})\}"
)
_MONEY_IN_TEXT = re.compile(r"\\text(?:bf|rm|it|normal)?\s{0,9}\{\s{0,3}(\\?\$\s?[\d.,]{1,20})\s{0,3}\}")
_ONE_UNIT = r"[a-zA-Z]{1,4}(?:\^\{?-?\d\}?)?"
_TIMES = r"(?:\\[,;: ]|~|\s?\\cdot\s?)"
_SPACED_UNIT = re.compile(
    rf"(?<=[\d}}])(\s{{0,3}}(?:\\[,;: ]|~|\s)?\s{{0,3}})\\mathrm\s{{0,3}}\{{"
    rf"({_ONE_UNIT}(?:{_TIMES}{_ONE_UNIT}){{1,4}})\}}"
)  # 20\\ \\mathrm{m\\,s^{-1}}
_BARE_TEXT = re.compile(r"\\(?:text(?:bf|rm|it|normal)?|mbox|mathrm)\s{0,9}\{([\d\s.,;:()\[\]+-]{1,60})\}")
_BASES = {
    word: i
    for i, word in enumerate(
        [
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
        ],
        2,
    )
}
_BASE = re.compile(rf"_\s{{0,9}}\{{?\s{{0,9}}\\(?:mathrm|text(?:rm)?)\s{{0,9}}\{{({'|'.join(_BASES)})\}}\s{{0,9}}\}}?")
_RAISED_FIRST = re.compile(r"(?<![\\a-zA-Z])([a-zA-Z])\s?\^\s?(\{[^{}]{1,30}\}|\w)\s?_\s?(\{[^{}]{1,30}\}|\w)")
_COUNTED_IN_TEXT = re.compile(r"\\text\s?\{\s?([-−]?\d[\d,]{0,20}(?:\.\d{1,20})?)\s([a-zA-Z][^{}$]{0,60})\}")
_ALIGNED = re.compile(
    r"\\begin\{(?:aligned|align\*?|split|gathered)\}(.{1,2000}?)\\end\{(?:aligned|align\*?|split|gathered)\}", re.DOTALL
)
_NEXT_ROW = re.compile(r"\s?\\\\(?:\[[^\]]{1,9}\])?\s?&?\s?(?=[-+=<>*/]|\\(?:le|ge|times|cdot|approx|quad)|&)")
_DOTS = re.compile(r"(?<=[\w},])\s{0,9}\.{3,}\s{0,9}([$)}\s]{0,9})$")


def undressed(text: str) -> str:
    """The text without such dress."""
    text = text.replace("…", "...")
    if "\\" in text:
        text = _SI.sub(lambda m: f"{m[1]} {_unit(m[2])}", text)
        text = _UNIT.sub(lambda m: _unit(m[1]), text)
        text = _SPACED_UNIT.sub(_in_one_unit, _MONEY_IN_TEXT.sub(r"\1", text))
        text = _NUMBER.sub(lambda m: m[1], _ANGLE.sub(lambda m: f"{m[1]}^\\circ ", text))
        text = _MATHS_IN_TEXT.sub(lambda m: f"\\text{{{m[2]}}} {m[3]} \\text{{{m[4]}}}", text)
        text = _BARE_TEXT.sub(r"\1", _BASE.sub(lambda m: f"_{{{_BASES[m[1]]}}}", text))
        text = _COUNTED_IN_TEXT.sub(r"\1 \\text{ \2}", text.replace("m\\angle", "\\angle"))
        text = _ALIGNED.sub(_in_one_row, text) if "\\begin" in text else text
        text = text.replace("\\text{}", " ").replace("\\text{ }", " ")
    if "^" in text:
        text = _RAISED_FIRST.sub(r"\1_\3^\2", text)
    return _DOTS.sub(r"\\ldots \1", text) if ".." in text else text


def _in_one_row(found: re.Match[str]) -> str:
    """A formula that is broken over rows; as it is where a row begins anew."""
    row = _NEXT_ROW.sub(" ", found[1])
    return found[0] if "\\\\" in row else row.replace("&", " ").strip()


def _in_one_unit(m: re.Match[str]) -> str:
    """A number with a product of units: the products' signs as "*"."""
    product = re.sub(_TIMES, "*", m[2])
    return f"{m[1]}\\text{{ {product}}}"


def _unit(text: str) -> str:
    """siunitx's unit as words: \\metre\\per\\second, m.s^{-2}, in^2."""
    words = _PREFIX.sub(r"\\\1", re.sub(r"\\per\s{0,9}", "/", text))
    words = re.sub(r"\\(?:squared|square)\b", "^2", words).replace("\\cubed", "^3")
    words = re.sub(r"\\([a-zA-Z]+)", r" \1", words).replace("~", " ")
    words = re.sub(r"(?<=[a-zA-Z0-9}])\.(?=[a-zA-Z])", " ", words)
    name = re.fullmatch(r"\s*([a-zA-Z]+)\s*(\^\s*\{?-?\d\}?)?\s*", words)
    return f"\\text{{ {name[1]}}}{name[2] or ''} " if name else f"\\text{{ {' '.join(words.split())}}} "
