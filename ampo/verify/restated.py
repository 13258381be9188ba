"""An answer said twice: "\\frac{1}{2} (0.5)", "42 (forty-two)". The two must agree, else nothing is read of it."""

from __future__ import annotations

import re

from ampo.verify.agree import symbols
from ampo.verify.answers import Answer, Value
from ampo.verify.reader import Reader
from ampo.verify.relations import consistent

_TWICE = re.compile(r"(.{1,200}?)\s+(?:\\text\s*\{\s*)?\(\s*([^()]{1,60}?)\s*\)\s*\}?", re.DOTALL)


def restated(text: str, reader: Reader) -> Answer | None:
    """The answer before the brackets, where what is in them is the same number in other digits or words."""
    m = _TWICE.fullmatch(text) if text.endswith((")", ")}")) else None
    if m is None:
        return None
    said, again = reader.whole(m[1]), reader.whole(m[2])
    if not isinstance(said, Value) or not isinstance(again, Value) or symbols(said.tree) or symbols(again.tree):
        return None
    return said if consistent(said, again, roughly=False) else None
