r"""A relation that is denied as the one that holds instead: \neg(x < y) is x \ge y."""

from __future__ import annotations

import re

_NEGATED = re.compile(  # \\neg(x < y)
    r"\\neg\s?(?:\(([^()<>=]{1,60})(<|>|=|\\[lg]e(?![a-zA-Z]))([^()<>=]{1,60})\)|\[([^\[\]<>=]{1,60})(<|>|=|\\[lg]e(?![a-zA-Z]))([^\[\]<>=]{1,60})\])"
)
_OPPOSITE = {"<": "\\ge", ">": "\\le", "=": "\\ne", "\\le": ">", "\\ge": "<"}


def without_negation(text: str) -> str:
    """The text with each whole relation in brackets behind a \\neg turned round; any other text as it is."""
    if "\\neg" not in text and "\\lnot" not in text:
        return text
    return _NEGATED.sub(_opposite, text.replace("\\lnot", "\\neg"))


def _opposite(m: re.Match[str]) -> str:
    """What holds where a relation does not; only a whole relation is looked at."""
    left, sign, right = (m[1], m[2], m[3]) if m[1] else (m[4], m[5], m[6])
    return f"{left} {_OPPOSITE[sign]} {right}"
