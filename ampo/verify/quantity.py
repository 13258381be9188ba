"""A single value: a number or formula with what stands around it, its unit, percent sign or degrees."""

from __future__ import annotations

import re
from fractions import Fraction

from ampo.verify.answers import Value
from ampo.verify.formula import read
from ampo.verify.sexagesimal import degrees as degrees_of_arc
from ampo.verify.tree import Tree, UnreadableError, num
from ampo.verify.units import CELSIUS, FAHRENHEIT, Unit, is_unit_word, unit

_PERCENT = re.compile(r"\s*(?:%|\\?\bpercent(?:age)?\b|\\text\s*\{\s*(?:percent|%)\s*\}|\bpct\b)\s*$", re.IGNORECASE)
_DEGREES = re.compile(
    r"\s*(?:\^\s*\{?\s*\\circ\s*\}?|\\text\s*\{\s*(?:degrees?|deg)\s*\}|\bdegrees?\b|\bdeg\b)\s*$", re.IGNORECASE
)
_OF_AN_ANGLE = re.compile(r"\\?(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
_INNER_DEGREES = re.compile(r"(\d+(?:\.\d+)?|\))\s*\^\s*\{?\s*\\circ\s*\}?")
_CURRENCY = re.compile(r"^([-+]?)\s*\\(dollar|euro|pound)\s*|^([-+]?)\s*(?:US\$|USD|Rs\.?)\s*")
_UNIT_TEXT = re.compile(
    r"(?<=[\d\w})\]!.])\s*((?:\\(?:text|mathrm)\s*\{(?:[^{}]|\{[^{}]*\})*\}\s*(?:\^\s*\{?\s*-?\d\s*\}?)?\s*[/*·]?\s*(?:\\cdot\s*)?)+)$"
)
_PLAIN_WORDS = re.compile(r"(?<=[\d})\]!.])(\s*)((?![eE][-+]?\d)[a-zA-Z](?:[a-zA-Z.\-/*^{} ]|\\cdot|(?<=[\^{\-])\d)*)$")
_MICRO = re.compile(r"\\mu\s*\\(?:text|mathrm)\s*\{\s*([a-zA-Z]{1,3})(?![a-zA-Z])")
_KILOHM = re.compile(
    r"\\(?:text|mathrm)\s*\{\s*([kMGmu]?)\s*\}\s*\\Omega(?![a-zA-Z])|(?<=\d)\s*([kMG])\s*\\Omega(?![a-zA-Z])$"
)
_SYMBOLS = re.compile(r"(?<=\d)\s*(?:\\mu\s*([mgsFAVWL]|Hz|Pa|mol)|\\(Omega))$")  # or names: friction, a frequency
_TEMPERATURE = re.compile(
    r"\s*(?:(?:\\text\s*\{\s*)?(?:\^\s*\{?\s*\\circ\s*\}?|\bdegrees?\b)\s*(?:\\text\s*\{)?\s*(C|F|[Cc]elsius|[Ff]ahrenheit)"
    r"|(?:\\text\s*\{)?\s*\b([Cc]elsius|[Ff]ahrenheit))\b\s*\}*$"
)
_BRACED = r"\s*\{((?:[^{}]|\{[^{}]*\})*)\}"
_OVER = re.compile(rf"(?<=[\d}}])\s*(?:\\text\s*\{{\s*)?\\frac{_BRACED}{_BRACED}\s*\}}?$")
_ORDINAL = re.compile(r"(?<=\d)\s*(?:\^\s*\{?\s*)?(?:\\text\s*\{\s*)?(?:st|nd|rd|th)(?:\s*\})?(?:\s*\})?$")
_DECIMAL = re.compile(r"[-+]?\s*(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?")
_SCIENTIFIC = re.compile(
    r"([-+]?\s*(?:\d+(?:\.\d*)?|\.\d+))\s*(?:\\times|\\cdot|\*|x|X)\s*10\s*(?:\^|\*\*)\s*(?:\{\s*([-+]?\s*\d+)\s*\}|\(\s*([-+]?\d+)\s*\)|([-+]?\d+))"
)
_POWER_OF_TEN = re.compile(r"([-+]?)\s*10\s*\^\s*(?:\{\s*([-+]?\s*\d+)\s*\}|([-+]?\d+))")
_BASE = re.compile(
    r"^(\d[\dA-F]*)\s*(?:_\s*\{?\s*(?:\\text\s*\{)?\s*(\w+)\s*\}?\s*\}?|\s*\\text\s*\{\s*\(?base[ -](\w+)\)?\s*\}|\s*\(?\s*base[ -](\w+)\)?)$"  # noqa: E501
)
_SCALES = {"C": CELSIUS, "F": FAHRENHEIT}
_BASE_WORDS = dict(
    zip(
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
        range(2, 13),
        strict=True,
    )
)


def quantity(text: str, letters: bool = False) -> Value:
    """Read a value. letters: single letters at the end are units (5 m), not symbols. Raises UnreadableError."""
    text = text.strip()
    approximate = text.startswith("\\approx")
    text = text.removeprefix("\\approx").strip()
    angle = degrees_of_arc(text)
    if angle is not None:
        return Value(angle, degrees=True, approximate=approximate)
    based = _BASE.match(text)
    if based:
        return Value(_in_base(based[1], based[2] or based[3] or based[4]))
    text, money = _currency(_unit_over_unit(_greek_units(text, letters), letters))
    text = _ORDINAL.sub("", text)
    warm = _TEMPERATURE.search(text)
    if warm and warm.start():
        text, money = text[: warm.start()].strip(), _SCALES[(warm[1] or warm[2])[0].upper()]
    body, percent = _strip(_PERCENT, text)
    body, degrees = (body, False) if _OF_AN_ANGLE.search(body) else _strip(_DEGREES, body)
    found = money
    if not percent and not degrees:
        body, found = _unit(body, letters)
        found = found or money
        if found is not None:
            body, percent = _strip(_PERCENT, body)
    body = _INNER_DEGREES.sub(r"(\1*\\pi/180)", body) if "\\circ" in body else body
    scientific = _SCIENTIFIC.fullmatch(body)
    if scientific:
        body = re.sub(r"(?<=[\d.\s])[xX](?=\s*10)", r"\\times", body)
    if not body:
        raise UnreadableError("no number")
    tree = read(_thousands(body))
    quantum, power = _quantum(_thousands(body), scientific)
    return Value(tree, found, percent, degrees, quantum, power, approximate)


def _unit_over_unit(text: str, letters: bool) -> str:
    """9.8 \\frac{m}{s^2} with its unit on one line; bare letters only where letters are units."""
    m = _OVER.search(text) if "\\frac" in text else None
    if m is None or not m.start():
        return text
    named = "\\text" in m[0]
    above, below = unit(m[1]), unit(m[2])
    if not (named or letters) or above is None or below is None or not (above.known and below.known):
        return text
    return f"{text[: m.start()]} \\text{{{_bare_unit(m[1])}/{_bare_unit(m[2])}}}"


def _bare_unit(text: str) -> str:
    return re.sub(r"\\(?:text|mathrm)|[{}]", " ", text).strip()


def _greek_units(text: str, letters: bool) -> str:
    """Micro- and ohm in letters."""
    if "\\" not in text:
        return text
    text = _MICRO.sub(r"\\text{u\1", text)
    text = _KILOHM.sub(lambda m: f" \\text{{{m[1] or m[2] or ''}ohm}}", text)
    return _SYMBOLS.sub(lambda m: f" \\text{{{'u' + m[1] if m[1] else 'ohm'}}}", text) if letters else text


def _strip(pattern: re.Pattern[str], text: str) -> tuple[str, bool]:
    m = pattern.search(text)
    return (text[: m.start()].strip(), True) if m and m.start() else (text, False)


def _currency(text: str) -> tuple[str, Unit | None]:
    m = _CURRENCY.match(text)
    if m is None:
        return text, None
    name = m[2] or "dollar"
    return (m[1] or m[3] or "") + text[m.end() :], unit(name if name != "pound" else "poundsterling")


def _unit(text: str, letters: bool) -> tuple[str, Unit | None]:
    """Cut a unit off the end. Raises nothing: what is no unit stays."""
    m = _UNIT_TEXT.search(text)
    if m and m.start(1):
        return text[: m.start(1)].strip(), unit(m[1])
    m = _PLAIN_WORDS.search(text)
    if m and m.start(1):
        words = re.findall(r"[a-zA-Z]+", m[2])
        if re.search(r"[a-zA-Z}]\s*-", m[2]) and any(len(w) == 1 for w in words):
            return text, None
        letters = letters or (m[1] != "" and any(len(w) > 1 and is_unit_word(w) for w in words))
        if all(_unit_like(w, m[1] != "", letters) for w in words):
            return text[: m.start(1)].strip(), unit(m[2])
    return text, None


def _unit_like(word: str, spaced: bool, letters: bool) -> bool:
    if len(word) == 1:
        return letters and spaced and is_unit_word(word)
    if len(word) >= 4 or is_unit_word(word) or word.lower() in ("per", "sq", "cu", "way", "of", "the"):
        from ampo.verify.tokens import FUNCTIONS

        return (
            word not in FUNCTIONS
            and word not in ("sqrt", "cbrt", "infty", "infinity")
            and (spaced or is_unit_word(word))
        )
    return False


def _thousands(text: str) -> str:
    """1,234,567 and 1 234 567 without the separators, where the whole number is written so."""
    text = re.sub(r"(?<![\d.,])(\d{1,3}(?:,\d{3})+)(?![\d,])", lambda m: m[1].replace(",", ""), text)
    return re.sub(r"^([-+]?)(\d{1,3}(?: \d{3})+)(\.\d+)?$", lambda m: m[1] + m[2].replace(" ", "") + (m[3] or ""), text)


def _quantum(text: str, scientific: re.Match[str] | None) -> tuple[Fraction | None, bool]:
    """Place value of the last digit of a literal, and whether it has a power of ten; None for what is no decimal."""
    if scientific:
        power = int((scientific[2] or scientific[3] or scientific[4]).replace(" ", ""))
        decimals = len(scientific[1].partition(".")[2])
        return (Fraction(10) ** (power - decimals), True) if abs(power) < 1000 else (None, True)
    m = _DECIMAL.fullmatch(text.strip())
    if m and (m[1] or m[2]):
        power = int(m[3] or 0)
        if m[3] is None and "." not in text:
            return None, False
        return (Fraction(10) ** (power - len(m[2])), m[3] is not None) if abs(power) < 1000 else (None, True)
    m = _POWER_OF_TEN.fullmatch(text.strip())
    return (None, True) if m else (None, False)


def _in_base(digits: str, base: str) -> Tree:
    known = _BASE_WORDS.get(base.lower()) or (int(base) if base.isdigit() else 0)
    if not 2 <= known <= 36 or len(digits) > 200:
        raise UnreadableError("no base")
    try:
        int(digits, known)
    except ValueError as error:
        raise UnreadableError("digits beyond the base") from error
    if digits.isdigit():
        return Tree("base", (num(int(digits)), num(known)))
    return Tree("base", (num(int(digits, known)), num(known)), None, digits)
