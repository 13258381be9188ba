"""Answers to a question of several parts: "(a) 3 (b) 5", "(i) 3, (ii) 5", "minimum 2, maximum 5", "Ann: 12, Bo: 15".

Each value has its part for a label, so that it is compared with the gold's of the same label, or of the same place.
"""

from __future__ import annotations

import re

from ampo.verify.kinds.answers import Answer, Labelled, Phrase, Unordered, Unread
from ampo.verify.kinds.reader import MAX_ITEMS, Reader
from ampo.verify.text.phrases import plain
from ampo.verify.text.scan import split

_MARK = re.compile(
    r"(?:^|(?<=[\s,;.]))(?:[Pp]art\s([1-9]|[a-h])(?=\s?[:.])|(?:[Pp]art\s)?(?:\(\s*([a-h]|i{1,3}|iv|v|[1-9])\s*\)|([a-h]|i{1,3}|iv|v|[1-9])\)))"
    r"\s*[:.]?\s+"
)
_SERIES = ([*"abcdefgh"], ["i", "ii", "iii", "iv", "v"], [*"123456789"])
_MEASURE_WORDS = (
    "minimum|maximum|min|max|cent(?:er|re)|radius|slope|[xy]-intercept|intercept|quotient|remainder|mean|deviation|"
    "median|mode|base|height|width|length|area|perimeter|volume|vertex|focus|amplitude|period|numerator|denominator|sum|product"
)
_WORD = re.compile(
    rf"(?:(?:the\s+)?\\?({_MEASURE_WORDS})(?:\s*[:=]|\s+(?:is\s+)?)|([A-Za-z][a-z]+)\s*:|([A-Z][a-z]+)(?=\s\d))"
    r"\s*(\S.*)",
    re.DOTALL,
)


def parts(text: str, reader: Reader) -> Answer | None:
    """The labelled values of several parts; None where there are none."""
    text = plain(text) if text.startswith("\\text") else text
    found = _marked(text) or _worded(text)
    if found is None or len(found) > MAX_ITEMS:
        return None
    answers = [(label, reader.whole(value)) for label, value in found]
    if any(isinstance(answer, (Unread, Phrase)) for _, answer in answers):
        return None
    return Unordered(tuple(Labelled(label, answer) for label, answer in answers))


def _marked(text: str) -> list[tuple[str, str]] | None:
    """The values behind (a), (b), ... that begin at the text's start and follow one another."""
    marks = list(_MARK.finditer(text)) if ")" in text or "art " in text else []
    labels = [m[1] or m[2] or m[3] for m in marks]
    whole = any(sorted(labels) == sorted(series[: len(labels)]) for series in _SERIES)
    if len(marks) < 2 or marks[0].start() or not whole:
        return None
    ends = [*(m.start() for m in marks[1:]), len(text)]
    values = [text[m.end() : end].strip(" ,;.") for m, end in zip(marks, ends, strict=True)]
    values = [re.sub(r"\s*,?\s+and$", "", v) for v in values]
    return [(f"part {label}", v) for label, v in zip(labels, values, strict=True)] if all(values) else None


def _worded(text: str) -> list[tuple[str, str]] | None:
    """The values behind words that name them, each with a word of its own."""
    items = [plain(item) for _, item in split(text, {",", ";", "and"}) if item]
    found = [m for item in items if (m := _WORD.fullmatch(item))]
    labels = [m[1] or m[2] or m[3] for m in found]
    if len(found) < 2 or len(found) != len(items) or len(set(labels)) != len(labels):
        return None
    return [(label, m[4]) for label, m in zip(labels, found, strict=True)]
