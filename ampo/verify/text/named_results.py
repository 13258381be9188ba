r"""Results that come in pairs, by the names that stand for them.

3 R 2 is "quotient 3, remainder 2"; \bar x = 5, s = 2 is a mean with its standard deviation; A-2, B-3 and
A \to 2, B \to 3 say what belongs to what.
"""

from __future__ import annotations

import re

from ampo.verify.text.phrases import plain

_NUMBER = r"([-+]?[\w.\\{}^/()+\- ]{1,60}?)"
_DIVIDED = (
    re.compile(
        rf"(?:the\s)?[Qq]uotient\s?(?:is|of|=|:)?\s?{_NUMBER},?\s?(?:and|with|;)?\s?(?:an?\s|the\s)?[Rr]emainder\s?(?:is|of|=|:)?\s?{_NUMBER}"
    ),
    re.compile(
        rf"{_NUMBER},?\s(?:[Rr](?=\s-?\d)|rem\.|(?:with\s)?(?:an?\s|the\s)?remainder)\s?(?:of\s|=\s?|is\s)?{_NUMBER}"
    ),
    re.compile(rf"[qQ]\s?=\s?{_NUMBER}(?:,|;|\sand)\s?(?:and\s)?[rR]\s?=\s?{_NUMBER}"),
)
_MEAN = r"(?:the\s)?(?:mean|average|\\mu|\\bar\s?\{?\s?[xX]\s?\}?|\\overline\s?\{\s?[xX]\s?\})"
_SPREAD = r"(?:the\s)?(?:standard deviation|std\.? ?(?:dev\.?)?|SD|sd|\\sigma|s)"
_BEHIND = r"\s?(?:=|:|is|of)?\s?"
_MOMENTS = re.compile(
    rf"{_MEAN}{_BEHIND}{_NUMBER}(?:,|;|\sand|\swith)\s?(?:and\s|with\s|an?\s)*{_SPREAD}{_BEHIND}{_NUMBER}"
)
_TURNED = (
    re.compile(rf"[rR]\s?=\s?{_NUMBER}(?:,|;|\sand)\s?(?:and\s)?[qQ]\s?=\s?{_NUMBER}"),
    re.compile(rf"{_SPREAD}{_BEHIND}{_NUMBER}(?:,|;|\sand|\swith)\s?(?:and\s|with\s|an?\s)*{_MEAN}{_BEHIND}{_NUMBER}"),
)
_SIDE = r"\(?\s?([IVX]{1,4}|[A-H]|[1-9]|[P-Z]|i{1,3}|iv|[a-hp-z])\s?\)?"
_PAIR = rf"(?:{_SIDE}\s?(?:\\(?:to|mapsto)|-+>?|:|=)\s?{_SIDE}|([A-HP-Z])\s?([1-9]))"
_PAIRS = re.compile(rf"{_PAIR}(?:\s?[,;]\s?(?:and\s)?{_PAIR}){{1,7}}")
_ONE = re.compile(_PAIR)
_LABELS = tuple(map(re.compile, ("[A-HP-Z]", "[IVX]{1,4}", "[1-9]")))
_BETWEEN = re.compile(r"\s?[,;]\s?(?:and\s)?")


def named(text: str) -> str:
    """The text with the names in their one form; any other text as it is."""
    if len(text) > 200 or not any(c in text for c in "Rr=:-\\ds,"):
        return text
    said = plain(text)
    for pattern in _DIVIDED:
        if m := pattern.fullmatch(said):
            return f"quotient: {m[1].strip()}, remainder: {m[2].strip()}"
    if m := _MOMENTS.fullmatch(said):
        return f"mean: {m[1].strip()}, deviation: {m[2].strip()}"
    for pattern, (first, second) in zip(_TURNED, (("remainder", "quotient"), ("deviation", "mean")), strict=True):
        if m := pattern.fullmatch(said):
            return f"{second}: {m[2].strip()}, {first}: {m[1].strip()}"
    return _matched(said) or text


def _matched(text: str) -> str | None:
    """What belongs to what, as labels in their order; None where the text is nothing of the kind."""
    if not _PAIRS.fullmatch(text):
        return None
    found = [m for part in _BETWEEN.split(text) if (m := _ONE.fullmatch(part))]
    pairs = [(m[1] or m[3], m[2] or m[4]) for m in found]
    if any(a.isdigit() and b.isdigit() for a, b in pairs):  # ranges, scores
        return None
    if all(a.isdigit() and b.isupper() for a, b in pairs):
        pairs = [(b, a) for a, b in pairs]
    left = [a for a, _ in pairs]
    of_one_kind = any(all(map(kind.fullmatch, left)) for kind in _LABELS)
    return ", ".join(f"{a} = {b}" for a, b in sorted(pairs)) if of_one_kind and len(set(left)) == len(left) else None
