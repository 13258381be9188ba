"""Values of several things that a question names one after the other: "how many cats and how many dogs".

"5 dogs and 3 cats" is 3, 5 there, and "apples: 4, pears: 7" is 4, 7.
"""

from __future__ import annotations

import re
from itertools import pairwise

from ampo.verify.question.asked import MEASURES, asking
from ampo.verify.text.phrases import plain, singular
from ampo.verify.text.scan import split

_ITEM = re.compile(
    r"(?:and\s)?(?:(?P<n>-?\d[\d.,/]*)\s(?P<behind>[a-z]{2,20}(?:\s[a-z]{2,20})?)"
    r"|(?:the\s)?\\?(?P<before>[a-z]{2,20}(?:\s[a-z]{2,20})?|[a-z](?=\s?=))(?:\s?[:=]\s?|\s(?:is\s|are\s)?)(?P<m>-?\d[\d.,/]*))",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"-?\d[\d.,/]*(?:\s?(?:,|;|and)\s?(?:and\s)?-?\d[\d.,/]*){1,8}")
_BETWEEN = re.compile(
    r"\s?(?:[,;?]|\b(?:and|or|the|how many|numbers? of|of|is|are|its|his|her|their)\b|\s)*",
    re.IGNORECASE,
)
_ASKS_AGAIN = re.compile(r"\bhow many\s(?:\w+\s){0,2}$|\bnumber of\s(?:\w+\s){0,2}$", re.IGNORECASE)
_SHORT = {"min": "minimum", "max": "maximum"}
_MOST = 9


def in_asked_order(text: str, question: str) -> str | None:
    """The bare values of a normalised text in the order in which a question names what they count; None for any other.

    "4, 7" comes out as it is where the question names two things.
    """
    said = plain(text)
    if not question or len(said) > 300:
        return None
    pieces = [piece for _, piece in split(said, {",", ";", "and"}) if piece.strip()]
    found = [m for piece in pieces if (m := _ITEM.fullmatch(piece.strip(" .")))]
    if not 2 <= len(found) == len(pieces) <= _MOST:
        return None
    said_of = [(m["behind"] or m["before"]).split() for m in found]
    names = [next((w for w in words if sum(w in others for others in said_of) == 1), words[-1]) for words in said_of]
    places = _places(names, question)
    if places is None:
        return None
    return ", ".join(m["n"] or m["m"] for _, m in sorted(zip(places, found, strict=True), key=lambda pair: pair[0]))


def several_numbers(text: str) -> bool:
    """Whether a normalised text is bare numbers in a row."""
    return _NUMBERS.fullmatch(text) is not None


def _places(names: list[str], question: str) -> list[int] | None:
    """Where the question asks about each; None where it doesn't list them all."""
    asks = " ".join(" ".join(asking(question)).split()).lower()
    words = [(singular(m[0]), m) for m in re.finditer(r"[a-z]+", asks)]
    at: list[int] = []
    ends: list[tuple[int, int]] = []
    for name in names:
        wanted = _SHORT.get(name.lower(), singular(name.lower()))
        spans = [m.span() for word, m in words if word == wanted]
        if len(name) == 1:  # A of an area
            spans = [m.span() for _, m in words if m[0] in MEASURES and m[0].startswith(wanted)]
        if not spans:
            return None
        at.append(spans[-1][0])
        ends.append(spans[-1])
    ordered = sorted(ends)
    listed = all(
        _BETWEEN.fullmatch(asks[a[1] : b[0]]) or _ASKS_AGAIN.search(asks[a[1] : b[0]]) for a, b in pairwise(ordered)
    )
    return at if listed and len(set(at)) == len(at) else None
