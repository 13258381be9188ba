r"""Measured values with their uncertainty: 9.8 \text{ m} \pm 0.2 \text{ m} is (9.8 \pm 0.2) \text{ m}."""

from __future__ import annotations

import re

from ampo.verify.text.units import unit

_NUMBER = r"(-?\d{1,12}(?:\.\d{1,12})?)"
_POWER = r"(?:\^\{?-?\d\}?)?"
_UNIT = rf"\s*(\\(?:text|mathrm)\s?\{{[^{{}}]{{1,30}}\}}{_POWER}|[a-zA-Z]{{1,4}}(?:\s?[/*]\s?[a-zA-Z]{{1,4}})?{_POWER})"
_FORMS = (
    re.compile(rf"{_NUMBER}{_UNIT}\s*\\pm\s*{_NUMBER}{_UNIT}"),
    re.compile(rf"{_NUMBER}()\s*\\pm\s*{_NUMBER}{_UNIT}"),
    re.compile(rf"\(\s*{_NUMBER}()\s*\\pm\s*{_NUMBER}\s*\){_UNIT}"),
)


def uncertain(text: str) -> str:
    """The text in the one form; any other text as it is."""
    m = next((m for form in _FORMS if (m := form.fullmatch(text))), None) if "\\pm" in text else None
    if m is None:
        return text
    found, first = unit(m[4]), unit(m[2]) if m[2] else None
    if found is None or not found.physical or (m[2] and first != found):
        return text
    bare = re.sub(r"\\(?:text|mathrm)|[{}]", " ", m[4])
    return f"({m[1]} \\pm {m[3]}) \\text{{{' '.join(bare.split())}}}"
