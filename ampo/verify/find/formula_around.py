"""The formula that a box is a part of: -\\boxed{17} is -17, and \\boxed{17} \\cdot 10^3 is no 17.

What stands beside a box up to the next sign of equality, comma or word is read with it. Where that is but spacing, a
bracket around it, or a list marker, the box is the answer by itself; a degree or percent sign or a unit go with it.
"""

from __future__ import annotations

import re

from ampo.verify.text.units import is_unit_word

NEAR = 300  # characters on each side that may belong to the formula

_DELIMITER = re.compile(r"\\\\|\\[()\[\]]|\\.|\$\$|\$", re.DOTALL)
_OPENS = {"\\(": "\\)", "\\[": "\\]", "$": "$", "$$": "$$"}
_APART = re.compile(
    r"=|\\(?:approx|equiv|sim|to|implies|Rightarrow|Longrightarrow|rightarrow|Leftrightarrow|iff|therefore|because|"
    r"quad|"
    r"qquad|in|land|lor|wedge|vee|pmod|bmod|mod|tag|qed|square|blacksquare|Box|checkmark|bullet|star|item|hline)"
    r"(?![a-zA-Z])|\\(?:text|mbox|textrm|textbf|textit|hbox|mathrm|label|begin|end)\s*\{[^{}]{0,200}\}|"
    r"\\\\|(?<!\\)[,;:&]|[≈⇒→∎✓■、，；：]|"
    r"\.(?=\s|$)|\n"
)
_DRESS = re.compile(
    r"\\(?:left|right|displaystyle|textstyle|large|Large|LARGE|huge|Huge|normalsize|bf|bfseries|rm|it|small|bigl?|"
    r"bigr?|"
    r"Bigl?|Bigr?|ldots|dots|limits)(?![a-zA-Z])|\\[,;:!> ]|~|\\(?:mathbf|boldsymbol|bm|mathrm|text|textbf|textit|"
    r"underline|emph|mathit|mathsf|ensuremath|bbox(?:\[[^\[\]]{0,40}\])?|colorbox\{\w{1,20}\}|"
    r"(?:text)?color\{\w{1,20}\}|"
    r"color)(?=\s*[{\x00])|\*\*|__|`"
)
_MARKER = re.compile(r"^\s*(?:\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]|[-*+•>]\s)\s*(?=\x00)")
_SIGN = r"[-+*/^_<>=≤≥≠×÷·−±]"
_BEFORE = re.compile(
    r"(?:(?<=[\w)\]}$])\s{0,3}[-+*/×÷·−]\s{0,3}|(?<!\S)[-−±]|[<>≤≥≠^_×÷·]\s{0,3}|\\(?:cdot|times|div|pm|mp|le|leq|leqs"
    r"lant|"
    r"ge|geq|geqslant|ne|neq|lt|gt|notin|sqrt|log|ln|exp|sin|cos|tan|gcd|lcm)(?![a-zA-Z])\s{0,3}|"
    r"(?<=[=(])\s{0,3}[-−±])$"
)
_LONGEST = 24  # characters, and more than _BEFORE takes up
_AFTER = re.compile(
    r"^(?:\s{0,3}[*/×÷·+^_−-]\s{0,3}(?=[\d(\\$]|[a-zA-Z](?![a-zA-Z]))|\s{0,3}[<>≤≥≠]|"
    r"[\^_!](?=[\d{(])|\s{0,3}\\(?:cdot|times|div|"
    r"pm|mp|le|leq|ge|geq|ne|neq)(?![a-zA-Z]))"
)
_RUN_BEFORE = re.compile(r"(?:\\[a-zA-Z]+|[-+*/^_<>=≤≥≠×÷·−±()\d.\s{}|]|(?<![a-zA-Z])[a-zA-Z](?![a-zA-Z]))*$")
_RUN_AFTER = re.compile(
    r"^(?:(?!\\(?:end|begin))\\[a-zA-Z]+|[-+*/^_<>=≤≥≠×÷·−±()\d.!{}|]|(?<![a-zA-Z])[a-zA-Z](?![a-zA-Z])|[ \t])*"
)
_EQUALS = re.compile(r"(?:\$|\\\(|\\\[|&)\s{0,9}([^$=<>&]{1,80})=\s{0,9}$")
_DEGREES = re.compile(r"^\s*(?:\^?\s*\{?\s*\\circ\s*\}?|°)")
_PERCENT = re.compile(r"^\s*\\?%")
_UNIT = re.compile(
    r"^(?:\s|\$|\\[,;: ]|~|\\\)){0,4}(?:(?:\\(?:text|mathrm|textrm|mbox|rm)\s*\{?\s*~?)?\s*([A-Za-z]{2,12})"
    r"|\\(?:text|mathrm)\s*\{\s*([mgsLNJWVAK])(?=\s*\}))(\s*\^\s*\{?[23]\}?|[²³])?(?![A-Za-z/^])"
)
_NO_UNITS = frozenset(["in", "at", "as", "am", "pm", "min", "bar", "may", "are", "days", "day", "second", "seconds"])
_DIGITS_BEFORE = re.compile(
    r"(?<![\n\d])\d+$|(?<!\n)(?<![A-Za-z]\s)(?<!^)\d[.,]$|(?<![A-Za-z]\s)\d:$|(?<![\d.])0\.\d*$"
)
_DIGITS_AFTER = re.compile(r"[.,:]?\d+")
_SCALE = re.compile(
    r"(?:\$|\s|\\\)|\\text\s?\{){0,4}(squared|cubed|times \d+|percent|per cent|"
    r"dozen|hundred|thousand|million|billion|trillion|and an? (?:half|third|quarter)|score)\b"
)
_PLAIN = re.compile(r"-?[\w.]+|\\(?:d|t)?frac\{[^{}]*\}\{[^{}]*\}")


def formula(body: str, start: int, end: int, content: str) -> str:
    """A box with what belongs to it: its content alone, mostly.

    Args:
        body: the text that it stands in.
        start, end: where the box begins and ends.
        content: what stands in it.
    """
    before, after = body[max(0, start - NEAR) : start], body[end : end + NEAR]
    digits = _digits_before(before), _DIGITS_AFTER.match(after)
    if any(digits):
        return "".join((digits[0][0] if digits[0] else "", content, digits[1][0] if digits[1] else ""))
    inside = _in_math(before, after)
    if inside is not None:
        left, right = inside
    elif _BEFORE.search(before, max(0, len(before) - _LONGEST)) or _AFTER.match(after):
        line = before.rpartition("\n")[2]
        left, right = (
            re.sub(r"^\s*[-*+>•]\s+", "", _last(_RUN_BEFORE, line)),
            _last(_RUN_AFTER, after.partition("\n")[0]),
        )
    else:
        left = right = ""
    left, right = _piece(left, right)
    text = _MARKER.sub("", _DRESS.sub(" ", f"{left}\0{right}"))
    bare = _unbracketed("".join(text.split()).replace("\\$", "").rstrip("."))
    if bare.startswith("\\$\0"):
        bare = bare[2:]
    if bare == "\0" or "\0" not in bare:
        return _with_unit(content, after)
    beside = bare.partition("\0")
    if not beside[0] and (_DEGREES.fullmatch(beside[2]) or _PERCENT.fullmatch(beside[2])):
        return _with_unit(content, after)
    closed = content[:1] in ("(", "[", "{") or (_PLAIN.fullmatch(content) and content[:1] != "-")
    value = content if closed else f"({content})"
    return re.sub(r"\s+(?=[!^_])", "", text.replace("\0", f" {value} ", 1)).strip()


def left_side(body: str, start: int) -> str:
    """What stands before an "=" that a box follows, in its formula; "" where there is none.

    Args:
        body: the text that it stands in.
        start: where the box begins.
    """
    m = _EQUALS.search(body[max(0, start - NEAR) : start])
    return m[1].strip() if m else ""


def _digits_before(before: str) -> re.Match[str] | None:
    ends = any(c.isdecimal() or c in ".,:" for c in before[-2:])  # the last sign may be a line's end
    return _DIGITS_BEFORE.search(before) if ends else None


def _last(pattern: re.Pattern[str], text: str) -> str:
    m = pattern.search(text)
    return m[0] if m else ""


def _in_math(before: str, after: str) -> tuple[str, str] | None:
    """What stands before and after in the same formula; None where the box stands in no formula."""
    opened, at = "", 0
    for m in _DELIMITER.finditer(before):
        mark = m[0]
        if opened and mark == _OPENS[opened]:
            opened = ""
        elif not opened and mark in _OPENS:
            opened, at = mark, m.end()
    if not opened:
        return None
    close = next((m.start() for m in _DELIMITER.finditer(after) if m[0] == _OPENS[opened]), None)
    if close is None:
        return None
    left, right = before[at:], after[:close]
    words = re.sub(r"\\[a-zA-Z]+(?:\s*\{[^{}]*\})?", " ", f"{left} {right}")
    return None if re.search(r"[A-Za-z]{3,}", words) else (left, right)


def _piece(left: str, right: str) -> tuple[str, str]:
    """The side of the equation, or member of the list, that the box is in; all of it where brackets go across."""
    cut_left = max((m.end() for m in _APART.finditer(left)), default=0)
    first = _APART.search(right)
    cut_right = first.start() if first else len(right)
    return left[cut_left:], right[:cut_right]


def _unbracketed(text: str) -> str:
    """Without brackets, braces and lines of both sides that hold the whole."""
    pairs = {"{": "}", "(": ")", "[": "]"}
    while len(text) > 2 and pairs.get(text[0]) == text[-1]:
        text = text[1:-1]
    return text.strip("{}") if text.strip("{}") == "\0" else text


def _with_unit(content: str, after: str) -> str:
    """The content with the degree sign, percent sign or unit behind the box, where it is a number."""
    if not re.fullmatch(r"[-+]?[\d.,\s]*\d|\\[dt]?frac\s*\{\d+\}\s*\{\d+\}|\d+/\d+", content):
        return content
    if scale := _SCALE.match(after):
        return f"{content} {scale[1]}"
    if _DEGREES.match(after):
        return content + "^\\circ"
    if _PERCENT.match(after):
        return content + "\\%"
    m = _UNIT.match(after)
    word = (m[1] or m[2]) if m else ""
    if m is None or word.lower() in _NO_UNITS or not (m[2] or is_unit_word(word)):
        return content
    power = re.search(r"[23²³]", m[3] or "")
    raised = {"²": "^2", "³": "^3"}.get(power[0], f"^{power[0]}") if power else ""
    return f"{content} \\text{{ {word}}}{raised}"
