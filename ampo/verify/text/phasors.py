r"""Complex numbers as engineers write them: 5\angle 30^\circ and 5e^{j\pi/6} are 5e^{i\pi/6}."""

from __future__ import annotations

import re

_PHASOR = re.compile(
    r"(?<=[\d})])\s?\\angle\s?(?:\{\s?)?(-?\s?\d{1,9}(?:\.\d{1,9})?)\s?\^\s?\{?\s?\\circ\s?\}?(?:\s?\})?|"
    r"(?<=[\d})])\s?\\angle\s?\(?(-?\s?\\frac\{[^{}]{0,9}\\pi\s?\}\{\d{1,4}\})\)?"
)
_IMAGINARY = re.compile(r"(e\s?\^\s?\{\s?)j(?=[\s\\\d])")  # as engineers write it


def phasors(text: str) -> str:
    """The text with such numbers as exponentials of i; any other text as it is."""
    text = _IMAGINARY.sub(r"\1i", text) if "{j" in text else text
    return _PHASOR.sub(_as_exponential, text) if "\\angle" in text else text


def _as_exponential(m: re.Match[str]) -> str:
    """5\\angle 30^\\circ as 5e^{i\\pi/6}."""
    angle = m[2] or f"{m[1]} \\cdot \\frac{{\\pi}}{{180}}"
    return f" \\cdot e^{{i \\cdot {angle}}}"
