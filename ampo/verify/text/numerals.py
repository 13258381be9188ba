"""Numbers that are written out: "one hundred and twenty", "negative three", "two and a half", "five-sixths".

Only the number is rewritten, to digits; what stands after it is left as it is, multiples and fractions as well, since
"2 million" and "5 sixths" are read as such (`ampo.verify.kinds.counted`).
"""

from __future__ import annotations

import re
from fractions import Fraction

from ampo.verify.text.phrases import plain, singular

_SMALL_WORDS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen
"""
_SMALL = {word: i for i, word in enumerate(_SMALL_WORDS.split())}
_TENS_WORDS = """
twenty thirty forty fifty sixty seventy eighty ninety
"""
_TENS = {word: 10 * i for i, word in enumerate(_TENS_WORDS.split(), 2)}
_LARGE = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS_WORDS = "half third quarter fifth sixth seventh eighth ninth tenth"
_PARTS = {word: i for i, word in enumerate(_PARTS_WORDS.split(), 2)} | {"fourth": 4}
_MULTIPLES = frozenset({"dozen", "hundred", *_LARGE, *_PARTS} - {"fourth"})  # of "a dozen"
_MINUS = frozenset({"minus", "negative"})
_FIRST = frozenset({*_SMALL, *_TENS, *_MINUS, "a", "an", "half"})
_MIXED = re.compile(r"(\d{1,30})\s+and\s+(?=[a-z])", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]+")
_JOINED = re.compile(r"[\s-]+")


def spelled_out(text: str) -> tuple[str, str] | None:
    """The number that a text begins with, as digits or a fraction, and the rest; None where it begins with none."""
    text = plain(text) if text.startswith("\\text") else text
    mixed = _MIXED.match(text)
    if mixed:
        part = _part(_run(text, mixed.end()), 0)
        return None if part is None else (_fraction(int(mixed[1]) + part[0]), text[part[1] :].strip())
    first = _WORD.match(text)
    if first is None or first[0].lower() not in _FIRST:
        return None
    words = _run(text, 0)
    minus = words[0][0] in _MINUS
    if minus and re.match(r"\s*[\d.\\]", text[words[0][1] :]):
        return "-", text[words[0][1] :].strip()
    found = _number(words, int(minus))
    return None if found is None else (("-" if minus else "") + _fraction(found[0]), text[found[1] :].strip())


def _run(text: str, at: int) -> list[tuple[str, int]]:
    """The words from a place on with nothing but spaces and hyphens between them, and where each ends."""
    found: list[tuple[str, int]] = []
    while len(found) < 24 and (m := _WORD.match(text, at)):
        found.append((m[0].lower(), m.end()))
        joint = _JOINED.match(text, m.end())
        at = joint.end() if joint else len(text)
    return found


def _number(words: list[tuple[str, int]], at: int) -> tuple[Fraction, int] | None:
    """The number that words from a place on say, and where it ends in the text."""
    names = [word for word, _ in words]
    if names[at : at + 1] == ["half"]:
        return Fraction(1, 2), words[at][1]
    if names[at : at + 1] == ["a"] and names[at + 1 : at + 2] and names[at + 1] in ("hundred", *_LARGE):
        names[at] = "one"  # a hundred and two
    if names[at : at + 1] in (["a"], ["an"]):
        return (Fraction(1), words[at][1]) if at + 1 < len(names) and names[at + 1] in _MULTIPLES else None
    total, used = _cardinal(names, at)
    if used == at:
        return None
    if names[used : used + 1] == ["and"] and (part := _part(words, used + 1)):
        return total + part[0], part[1]
    large = {"hundred": 100} | _LARGE
    last = large.get(names[used - 1])
    if last and total % last == 0 and total // last < 1000 and used - 1 > at:
        return Fraction(total, last), words[used - 2][1]
    return Fraction(total), words[used - 1][1]


def _cardinal(names: list[str], at: int) -> tuple[int, int]:
    """The whole number that names from a place on say, and the place after it."""
    total = group = 0
    scale, used, open_ = 10**15, at, True  # open_: whether tens or ones may follow
    while used < len(names):
        word = names[used]
        joined = word == "and" and used > at and names[used - 1] in ("hundred", *_LARGE)
        small = names[used + 1] if joined and used + 1 < len(names) else word
        if small in _SMALL and (open_ or (0 < _SMALL[small] < 10 and names[used - 1] in _TENS)):
            group, open_ = group + _SMALL[small], False
        elif small in _TENS and open_:
            group, open_ = group + _TENS[small], False
        elif word == "hundred" and 0 < group < 100:
            group, open_ = group * 100, True
        elif word in _LARGE and group > 0 and _LARGE[word] < scale:
            total, group, scale, open_ = total + group * _LARGE[word], 0, _LARGE[word], True
        else:
            break
        used += 2 if joined else 1
    return total + group, used


def _part(words: list[tuple[str, int]], at: int) -> tuple[Fraction, int] | None:
    """A half, three quarters: what stands after the "and" of a mixed number, and where it ends."""
    names = [word for word, _ in words]
    top, used = (1, at + 1) if names[at : at + 1] in (["a"], ["an"]) else _cardinal(names, at)
    if used == at or used >= len(names):
        return None
    bottom = _PARTS.get(singular(names[used]))
    return (Fraction(top, bottom), words[used][1]) if bottom and 0 < top < bottom else None


def _fraction(value: Fraction | int) -> str:
    value = Fraction(value)
    if value.denominator == 1:
        return str(value.numerator)
    return f"{'-' if value < 0 else ''}\\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
