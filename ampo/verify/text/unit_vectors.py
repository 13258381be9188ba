r"""One spelling of the unit vectors, \hat{i}: with a hat, and in bold or under an arrow where two of them stand so.

\hat{x}, \hat{y} and \hat{z} are the same three.

A single bold i, j or k stays a letter: it may be a current density or an index.
"""

from __future__ import annotations

import re

_HAT = r"\\(?:wide)?hat(?![a-zA-Z])"
_BOLD = r"\\(?:mathbf|vec|boldsymbol|bm|overrightarrow)(?![a-zA-Z])"
_UNIT = r"\\?(?:[ij](?:math)?|[kxyz])(?![a-zA-Z])"
_ALONG = {"x": "i", "y": "j", "z": "k"}
_NAME = rf"\s*(?:\{{\s*({_UNIT})\s*\}}|({_UNIT}))"
_TWICE = re.compile(
    rf"(?:{_HAT}\s*\{{\s*(?:{_BOLD}|\\mathrm|\\mathit)|{_BOLD}\s*\{{\s*{_HAT}|\\mathrm\s*\{{\s*{_HAT}){_NAME}\s*\}}"
)
_HATTED = re.compile(_HAT + _NAME)
_IN_BOLD = re.compile(_BOLD + _NAME.replace("[kxyz]", "k"))
_ANY = re.compile(rf"{_HAT}|{_BOLD}")


def unit_vectors(text: str) -> str:
    """The text with its unit vectors in that spelling."""
    if not _ANY.search(text):
        return text
    text = _HATTED.sub(_hat, _TWICE.sub(_hat, text))
    bold = {_letter(m) for m in _IN_BOLD.finditer(text)}
    return _IN_BOLD.sub(_hat, text) if len(bold) > 1 else text


def _hat(m: re.Match[str]) -> str:
    return f"\\hat{{{_letter(m)}}}"


def _letter(m: re.Match[str]) -> str:
    letter = (m[1] or m[2]).lstrip("\\")[0]
    return _ALONG.get(letter, letter)
