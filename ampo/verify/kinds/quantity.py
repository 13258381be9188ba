"""A single value: a number or formula with what stands around it, its unit, percent sign or degrees."""

from __future__ import annotations

import re
from fractions import Fraction

from ampo.verify.formula.parse import read
from ampo.verify.formula.sexagesimal import degrees as degrees_of_arc
from ampo.verify.formula.tree import Tree, UnreadableError, num
from ampo.verify.kinds.answers import Value
from ampo.verify.kinds.counted import Words, words_after
from ampo.verify.text.numerals import spelled_out
from ampo.verify.text.units import CELSIUS, FAHRENHEIT, Unit, is_unit_word, times, unit

_PERCENT = re.compile(r"\s*(?:%|\\?\bpercent(?:age)?\b|\\text\s*\{\s*(?:percent|%)\s*\}|\bpct\b)\s*$", re.IGNORECASE)
_DEGREES = re.compile(
    r"\s*(?:\^\s*\{?\s*\\circ\s*\}?|\\text\s*\{\s*(?:degrees?|deg)\s*\}|\bdegrees?\b|\bdeg\b)\s*$", re.IGNORECASE
)
_OF_AN_ANGLE = re.compile(r"\\?(?:sin|cos|tan|cot|sec|csc|(?<![a-z])cis)(?![a-z])")
_INNER_DEGREES = re.compile(r"(\d+(?:\.\d+)?|\))\s*\^\s*\{?\s*\\circ\s*\}?")
_CURRENCY = re.compile(
    r"^([-+]?)\s*(?:US\s*)?\\(dollar|euro|pound|yen|rupee)\s*|^([-+]?)\s*(?:(?:US|USD)\s+|USD|(Rs)\.?\s*)(?=[\d.])"
)
_A_PIECE = re.compile(r"(?<=[\d}])\s*(?:/\s*|(?:an?|each|every)\s+)(?=[a-z]{3,20}$)")
_ABOUT = re.compile(r"\\approx|(?:about|approximately|roughly|around)\s+(?=[-\d\\.])", re.IGNORECASE)
_ONE_OF = re.compile(r"(\d{1,30})\s+(?:in|out of)\s+(\d{1,30})")
_UNIT_TEXT = re.compile(
    r"(?<=[\d\w})\]!.])\s*((?:\\(?:text|mathrm)\s*\{(?:[^{}]|\{[^{}]*\})*\}\s*(?:\^\s*\{?\s*-?\d\s*\}?)?\s*[/*·]?\s*(?:\\cdot\s*)?)+)$"
)
_PLAIN_WORDS = re.compile(
    r"(?:(?<=[\d})\]!.])|(?<=\\pi)(?=\s+[a-zA-Z]{2}))(\s*)"
    r"((?![eE][-+]?\d)[a-zA-Z](?:[a-zA-Z.\-/*^{} ]|\\cdot|(?<=[\^{\-])\d)*)$"
)
_MICRO = re.compile(r"\\mu\s*\\(?:text|mathrm)\s*\{\s*([a-zA-Z]{1,3})(?![a-zA-Z])")
_ANGSTROM = re.compile(r"\\text\s*\{\s*\\AA\s*\}|\\AA(?![a-zA-Z])")
_KILOHM = re.compile(
    r"\\(?:text|mathrm)\s*\{\s*([kMGmu]?)\s*\}\s*\\Omega(?![a-zA-Z])|(?<=\d)\s*([kMG])\s*\\Omega(?![a-zA-Z])$"
)
_SYMBOLS = re.compile(r"(?<=\d)\s*(?:\\mu\s*([mgsFAVWL]|Hz|Pa|mol)|\\(Omega))$")  # or names: friction, a frequency
_TEMPERATURE = re.compile(
    r"\s*(?:(?:\\text\s*\{\s*)?(?:\^\s*\{?\s*\\circ\s*\}?|\bdegrees?\b)\s*(?:\\text\s*\{)?\s*(C|F|[Cc]elsius|[Ff]ahrenheit)"
    r"|(?:\\text\s*\{)?\s*\b([Cc]elsius|[Ff]ahrenheit))\b\s*\}*$"
)
_BRACED = r"\s*\{((?:[^{}]|\{[^{}]*\})*)\}"
_OVER = re.compile(rf"(?<=[\d}}])\s*(?:\\(?:text|mathrm)\s*\{{\s*)?\\frac{_BRACED}{_BRACED}\s*\}}?$")
_ORDINAL = re.compile(r"(?<=\d)\s*(?:\^\s*\{?\s*)?(?:\\(?:text|mathrm)\s*\{\s*)?(?:st|nd|rd|th)(?:\s*\})?(?:\s*\})?$")
_DECIMAL = re.compile(r"[-+]?\s*(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?")
_SCIENTIFIC = re.compile(
    r"([-+]?\s*(?:\d+(?:\.\d*)?|\.\d+))\s*(?:\\times|\\cdot|\*|x|X)\s*10\s*(?:\^|\*\*)\s*(?:\{\s*([-+]?\s*\d+)\s*\}|\(\s*([-+]?\d+)\s*\)|([-+]?\d+))"
)
_POWER_OF_TEN = re.compile(r"([-+]?)\s*10\s*\^\s*(?:\{\s*([-+]?\s*\d+)\s*\}|([-+]?\d+))")
_BASE = re.compile(
    r"^(\d[\dA-F]*)\s*(?:_\s*\{?\s*(?:\\text\s*\{)?\s*(\w+)\s*\}?\s*\}?|\s*\\text\s*\{\s*\(?base[ -](\w+)\)?\s*\}|\s*\(?\s*(?:in )?base[ -](\w+)\)?)$"  # noqa: E501
)
_SCALES = {"C": CELSIUS, "F": FAHRENHEIT}
_ARTICLE = re.compile(r"^(?:of\s+)?an?\s+")  # of "half a mile"
_SHORT_NOUNS = frozenset({"men", "way"})
_SHORT_WORDS = frozenset({"a", "an", "of", "in", "at", "on", "by", "sq", "cu"})
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
    spelled = written(text, letters)
    if spelled is not None:
        return spelled
    about = None if text[:1].isdigit() else _ABOUT.match(text)
    approximate, text = about is not None, text[about.end() :].strip() if about else text
    if share := _ONE_OF.fullmatch(text):
        return Value(Tree("div", (num(int(share[1])), num(int(share[2])))))
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
    words = Words()
    if not percent and not degrees:
        body, words = _words(_A_PIECE.sub(" per ", body) if money else body, letters)
        if words != Words():
            body, percent = _strip(_PERCENT, body)
    body = _INNER_DEGREES.sub(r"(\1*\\pi/180)", body) if "\\circ" in body else body
    scientific = _SCIENTIFIC.fullmatch(body)
    if scientific:
        body = re.sub(r"(?<=[\d.\s])[xX](?=\s*10)", r"\\times", body)
    if not body:
        raise UnreadableError("no number")
    tree = read(_thousands(body))
    quantum, power = _quantum(_thousands(body), scientific)
    if words.times:
        tree, quantum = num(tree.value * words.factor) if tree.value else Tree("mul", (tree, num(words.factor))), None
    found = times(money, words.unit) if money and words.unit else words.unit or money
    return Value(tree, found, percent, degrees, quantum, power, approximate, words.noun, words.times)


def written(text: str, letters: bool = False) -> Value | None:
    """The value of a number in words, with its unit or noun: "two and a half hours"; None for any other text."""
    found = spelled_out(text)
    if found is None:
        return None
    number, rest = found[0], _ARTICLE.sub("", found[1].removeprefix("-").strip())
    measured = f" {rest}"
    if (
        rest
        and number != "-"
        and not (words_after(rest) or _PERCENT.fullmatch(measured) or _DEGREES.fullmatch(measured))
    ):
        return None
    try:
        return quantity(number + (rest if number == "-" else measured), letters)
    except UnreadableError:
        return None


def _unit_over_unit(text: str, letters: bool) -> str:
    """9.8 \\frac{m}{s^2} with its unit on one line; bare letters only where letters are units."""
    m = _OVER.search(text) if "\\frac" in text else None
    if m is None or not m.start():
        return text
    named = "\\text" in m[0] or "\\mathrm" in m[0]
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
    if "\\AA" in text:
        text = _ANGSTROM.sub(r"\\text{angstrom}", text)
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
    name = m[2] or ("rupee" if m[4] else "dollar")
    return (m[1] or m[3] or "") + text[m.end() :], unit(name if name != "pound" else "poundsterling")


def _words(text: str, letters: bool) -> tuple[str, Words]:
    """Cut the words off the end. Raises nothing: what is no unit, noun or multiple stays."""
    m = _UNIT_TEXT.search(text)
    if m is None or not m.start(1):
        m = _PLAIN_WORDS.search(text)
        if m is None or not m.start(1) or not _are_words(m[2], m[1] != "", letters):
            return text, Words()
    at = m.start(1)
    if text.count("{", 0, at) != text.count("}", 0, at):  # mL^2 in a denominator
        return text, Words()
    words = words_after(text[at:].strip())
    return (text, Words()) if words is None or words == Words() else (text[:at].strip(), words)


def _are_words(text: str, spaced: bool, letters: bool) -> bool:
    """Whether letters after a number are words and units rather than symbols."""
    words = re.findall(r"[a-zA-Z]+", text)
    if re.search(r"[a-zA-Z}]\s*-", text) and any(len(w) == 1 for w in words):
        return False
    letters = letters or (spaced and any(len(w) > 1 and is_unit_word(w) for w in words))
    if all(_unit_like(w, spaced, letters) for w in words):
        return True
    return spaced and any(len(w) > 3 or w in _SHORT_NOUNS for w in words) and all(_word_like(w) for w in words)


def _unit_like(word: str, spaced: bool, letters: bool) -> bool:
    if len(word) == 1:
        return letters and spaced and is_unit_word(word)
    return is_unit_word(word) or (spaced and word.lower() in ("per", "sq", "cu"))


def _word_like(word: str) -> bool:
    return len(word) > 2 or word.lower() in _SHORT_WORDS or is_unit_word(word)


def _thousands(text: str) -> str:
    """1,234,567 and 1 234 567 without the separators, where the whole number is written so."""
    arguments = r"(?<!gcd\()(?<!lcm\()(?<!max\()(?<!min\()"
    text = re.sub(rf"(?<![\d.,]){arguments}(\d{{1,3}}(?:,\d{{3}})+)(?![\d,])", lambda m: m[1].replace(",", ""), text)
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
