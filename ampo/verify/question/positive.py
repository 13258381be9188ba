r"""The letters that a question says are positive: "a planet of radius $r$", "positive numbers $a$ and $b$", "$a > 0$".

Under a root such a letter may stand outside as well: \sqrt{8 r^2} is 2r\sqrt{2} of a radius, and not of any number.
"""

from __future__ import annotations

import re
from functools import lru_cache

_MEASURES = (
    r"radius|radii|mass|masses|length|lengths|density|densities|height|width|depth|thickness|distance|separation|speed|side"
    r"|sides|area|volume|pressure|temperature|wavelength|frequency|period|lifetime|(?:spring|force|gravitational|physical)"
    r" constant|stiffness|resistance|capacitance|inductance|diameter|edge"
)
_LETTER = r"\\?[a-zA-Z]+(?:_\{?\w{1,6}\}?)?"
_LETTERS = rf"\$\s?({_LETTER}(?:\s?,\s?{_LETTER})*)\s?\$(?:(?:,|,? and)\s\$\s?({_LETTER})\s?\$)?"
_MEASURED = re.compile(rf"\b(?:{_MEASURES})\s(?:of\s|is\s|are\s)?{_LETTERS}", re.IGNORECASE)
_SAID = re.compile(rf"\bpositive\s(?:[a-z]+\s){{0,3}}{_LETTERS}", re.IGNORECASE)
_ABOVE = re.compile(rf"({_LETTER}(?:\s?,\s?{_LETTER})*)\s?(?:>|\\gt|\\geq?)\s?0(?![\d.])")
_READ = 20_000  # characters of a question


@lru_cache(maxsize=1024)
def positive(question: str) -> frozenset[str]:
    """Their names, as formulas have them: rho, m_1."""
    text = question[-_READ:]
    found = [m[1] + (f",{m[2]}" if m[2] else "") for pattern in (_MEASURED, _SAID) for m in pattern.finditer(text)]
    found += [m[1] for m in _ABOVE.finditer(text)]
    return frozenset(re.sub(r"[\\{}\s]", "", name) for names in found for name in names.split(","))
