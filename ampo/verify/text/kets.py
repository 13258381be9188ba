r"""States in Dirac's notation as names: |00\rangle + |11\rangle is a sum of two, whatever their order.

Kets side by side are one (|0\rangle|1\rangle is |01\rangle). A product of sums is left alone: its order counts.
"""

from __future__ import annotations

import re

_LABEL = r"(?:[a-zA-Z0-9]{1,12}|[+-]|\\(?:psi|phi|uparrow|downarrow|alpha|beta)(?:_\{?\w\}?)?)"
_KET = re.compile(rf"\|\s?({_LABEL})\s?\\rangle")
_KET_COMMAND = re.compile(rf"\\ket\s?\{{\s?({_LABEL})\s?\}}")
_BESIDE = re.compile(r"\\rangle\s?(?:\\otimes\s?)?\|\s?")
_PRODUCT = re.compile(r"\\rangle\s?(?:\\otimes|[(\\])|\\otimes|\)\s?(?:\(|\|)|\\langle")
_SIGNS = {"+": "plus", "-": "minus"}


def kets_as_names(text: str) -> str:
    """A normalised text with names for its kets; as it is where they are multiplied otherwise than side by side."""
    text = _KET_COMMAND.sub(r"|\1\\rangle ", text) if "\\ket" in text else text
    if "\\rangle" not in text:
        return text
    joined = _BESIDE.sub("", text)
    if _PRODUCT.search(joined) or "\\rangle" in _KET.sub("", joined):
        return text
    return _KET.sub(lambda m: f"\\mathrm{{ket{_SIGNS.get(m[1]) or re.sub(r'[^a-zA-Z0-9]', '', m[1])}}}", joined)
