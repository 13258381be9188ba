r"""One spelling of derivatives: \ddot{x}, \frac{d^2x}{dt^2} and x''(t) are x''.

Only where a text has derivatives of one name by one variable, so that dy/dx never meets dy/dt.
"""

from __future__ import annotations

import re

_LEIBNIZ = re.compile(
    r"\\frac\s?\{\s?d\s?(?:\^\s?\{?([23])\}?)?\s?([a-zA-Z])\s?\}\s?\{\s?d\s?([a-zA-Z])\s?(?:\^\s?\{?([23])\}?)?\s?\}"
)
_DOTS = re.compile(r"\\(d{0,2})dot\s?(?:\{\s?([a-zA-Z])\s?\}|([a-zA-Z])(?![a-zA-Z]))")
_PRIMES = re.compile(r"(?<![a-zA-Z\\])([a-zA-Z])('{1,3})(?!')")


def one_notation(text: str) -> str:
    """A normalised text with primes for all derivatives; as it is where it has none, or several names or variables."""
    if "dot" not in text and "'" not in text and "\\frac{d" not in text.replace(" ", ""):
        return text
    by = {(m[2], m[3]) for m in _LEIBNIZ.finditer(text)}
    names = {m[2] or m[3] for m in _DOTS.finditer(text)} | {m[1] for m in _PRIMES.finditer(text)} | {n for n, _ in by}
    if len(names) != 1 or len(by) > 1 or any((m[1] or "") != (m[4] or "") for m in _LEIBNIZ.finditer(text)):
        return text
    (name,) = names
    text = _LEIBNIZ.sub(lambda m: f"{name}{chr(39) * int(m[1] or 1)} ", text)
    text = _DOTS.sub(lambda m: f"{name}{chr(39) * (len(m[1]) + 1)} ", text)
    variable = next(iter(by))[1] if by else "[tx]"
    return re.sub(rf"(?<![a-zA-Z\\])({name}'{{0,3}})\s?\(\s?{variable}\s?\)", r"\1 ", text).strip()
