"""Circles and spheres in words: "a circle with centre (2, -3) and radius 4" is (x - 2)^2 + (y + 3)^2 = 16."""

from __future__ import annotations

import re

from ampo.verify.kinds.answers import Answer
from ampo.verify.kinds.reader import Reader
from ampo.verify.kinds.registry import Kind
from ampo.verify.text.phrases import plain

_CENTRE = r"cent(?:er|re)(?:e?d)?\s?(?:is\s|=\s?)?(?:at\s)?(?:the\s)?(?:point\s)?"
_POINT = r"(?:[A-Z]\s?)?(?:\((?P<at>[^()]{3,120})\)|origin)"
_SIZE = r"(?:a\s)?(?:radius|(?P<twice>diameter))\s?(?:is\s|of\s|=\s?)*(?P<size>[^,;()]{1,40}?)"
_JOINT = r"\s?,?\s?(?:and|with|having|of)?\s?(?:a\s|its\s)?"
_SHAPE = r"(?:it is |this is )?(?:(?:an?|the)\s)?(?P<shape>circle|sphere)"
_FORMS = tuple(
    re.compile(_SHAPE + "".join(_JOINT + part for part in parts), re.IGNORECASE)
    for parts in ((_CENTRE + _POINT, _SIZE), (_SIZE, _CENTRE + _POINT))
)


def _read(text: str, reader: Reader) -> Answer | None:
    said = plain(text) if len(text) <= 200 and ("circle" in text or "sphere" in text) else ""
    m = next((m for form in _FORMS if (m := form.fullmatch(said))), None)
    if m is None:
        return None
    names = "xyz" if m["shape"].lower() == "sphere" else "xy"
    at = m["at"].split(",") if m["at"] else ["0"] * len(names)
    if len(at) != len(names):
        return None
    squares = "+".join(f"({name}-({value.strip()}))^2" for name, value in zip(names, at, strict=True))
    return reader.single(f"{squares}=({m['size']}{'/2' if m['twice'] else ''})^2")


KIND = Kind(order=18, same=lambda *_: None, read=_read)
