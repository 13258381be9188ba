"""An answer said twice: "\\frac{1}{2} (0.5)", "42 (forty-two)", "x > 2, i.e. (2, \\infty)". The two must agree, else
nothing is read of it."""

from __future__ import annotations

import re

from ampo.verify.formula.equality import symbols
from ampo.verify.kinds.answers import Answer, Value
from ampo.verify.kinds.chains import consistent
from ampo.verify.kinds.reader import Reader
from ampo.verify.kinds.regions import as_region, same_region

_TWICE = re.compile(r"(.{1,200}?)\s+(?:\\text\s*\{\s*)?\(\s*([^()]{1,60}?)\s*\)\s*\}?", re.DOTALL)
_THAT_IS = re.compile(
    r"\s*[,;:]?\s*(?:\\text\s*\{\s*)?[,;]?\s*(?:\bi\.\s?e\.?|\bthat is|\b(?:or )?equivalently|\bin other words)"
    r"\s*[,:]?\s*\}?\s*",
    re.IGNORECASE,
)
_ROUGHLY = re.compile(r"(?:or\s+)?(?:\\approx|\\sim|(?:about|approximately|approx\.?|roughly)\b)\s*", re.IGNORECASE)
_LEAD = re.compile(r"(?:or|i\.\s?e\.?,?|that is,?|=)\s+", re.IGNORECASE)


def restated(text: str, reader: Reader) -> Answer | None:
    """The answer, where what stands in brackets or after "i.e." is the same number or set in other digits or words."""
    if that_is := _THAT_IS.search(text):
        said, again = text[: that_is.start()].rstrip(), text[that_is.end() :].rstrip()
        return _twice(said[:-1], again[:-1], reader) if said.endswith("(") else _twice(said, again, reader)
    m = _TWICE.fullmatch(text) if text.endswith((")", ")}")) else None
    return _twice(m[1], m[2], reader) if m else None


def _twice(said: str, again: str, reader: Reader) -> Answer | None:
    if not said or not again:
        return None
    about = _ROUGHLY.match(again)
    first, second = reader.whole(said), reader.whole(_LEAD.sub("", again[about.end() :] if about else again, count=1))
    if said == again:
        return None  # 2 (2) is a product
    if isinstance(first, Value) and isinstance(second, Value):
        if symbols(first.tree) or symbols(second.tree):
            return None
        return first if consistent(first, second, roughly=about is not None) else None
    a, b = as_region(first), as_region(second)
    return second if a is not None and b is not None and same_region(a, b) else None
