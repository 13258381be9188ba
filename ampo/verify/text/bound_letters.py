"""The letter that a sum or a product runs over says nothing: \\sum_{j=0}^n j^2 is \\sum_{k=0}^n k^2."""

from __future__ import annotations

import re

_BINDS = re.compile(r"\\(?:sum|prod)\s*_\s*\{\s*([a-z])\s*=")
_COMMAND = re.compile(r"\\[a-zA-Z]+")
NAME = "k"


def one_name(text: str) -> str:
    """A text whose one bound letter is `NAME`; as it is where it binds several, or where that name is taken."""
    letters = set(_BINDS.findall(text))
    if len(letters) != 1 or NAME in letters:
        return text
    letter = letters.pop()
    bare = _COMMAND.sub(" ", text)
    alone = re.compile(rf"(?<![\\a-zA-Z]){letter}(?![a-zA-Z])")
    if NAME in bare or len(alone.findall(text)) != bare.count(letter):
        return text
    return alone.sub(NAME, text)
