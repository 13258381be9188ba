"""Circles in words: "a circle with centre (2, -3) and radius 4" is (x - 2)^2 + (y + 3)^2 = 16."""

from __future__ import annotations

import re

from ampo.verify.kinds.answers import Answer
from ampo.verify.kinds.reader import Reader
from ampo.verify.kinds.registry import Kind
from ampo.verify.text.phrases import plain

_CENTRE = r"cent(?:er|re)(?:ed)?\s?(?:is\s|=\s?)?(?:at\s)?(?:the\s)?(?:point\s)?"
_POINT = r"(?:[A-Z]\s?)?(?:\(([^(),]{1,40}),([^(),]{1,40})\)|(origin))"
_RADIUS = r"(?:a\s)?radius\s?(?:is\s|of\s|=\s?)*(?P<r>[^,;]{1,40}?)"
_JOINT = r"\s?,?\s?(?:and|with|having|of)?\s?"
_CIRCLE = re.compile(
    rf"(?:it is |this is )?(?:an?|the) circle{_JOINT}(?:(?:a\s)?{_CENTRE}{_POINT}{_JOINT}(?:and\s)?{_RADIUS}"
    rf"|{_RADIUS.replace('P<r>', 'P<q>')}{_JOINT}(?:and\s|a\s)*{_CENTRE}{_POINT})",
    re.IGNORECASE,
)


def _read(text: str, reader: Reader) -> Answer | None:
    said = plain(text) if len(text) <= 200 and "circle" in text and "radius" in text else ""
    said = said if said.startswith(("a", "t", "A", "T", "i", "I")) else f"a {said}"
    m = _CIRCLE.fullmatch(said)
    if m is None:
        return None
    x, y = (m[1], m[2]) if m[1] else (m[5], m[6]) if m[5] else ("0", "0")
    radius = m["r"] or m["q"]
    return reader.single(f"(x-({x}))^2+(y-({y}))^2=({radius})^2")


KIND = Kind(order=18, same=lambda *_: None, read=_read)
