"""Sets of real numbers in words: "all reals except 2", "all positive reals", "x is at least 3", \\mathbb{R}^+."""

from __future__ import annotations

import re

from ampo.verify.formula.tree import num
from ampo.verify.kinds.answers import Answer, Labelled, Piece, Region, Unordered, Value
from ampo.verify.kinds.reader import Reader
from ampo.verify.kinds.regions import REALS, points, without
from ampo.verify.text.phrases import plain

_REAL = r"real(?:\s+number)?s?(?:\s+[xyt](?![a-zA-Z]))?"
_EXCEPT = re.compile(
    rf"(?:all\s+|the\s+)*{_REAL}\s*,?\s*(?:except(?:\s+for)?|other\s+than|excluding|but\s+not|not\s+equal\s+to|\\ne)\s*(.{{1,80}})",
    re.IGNORECASE,
)
_SIGN = r"(positive|negative|non-?\s?negative|non-?\s?positive|non-?\s?zero)"
_SIGNED = re.compile(
    rf"(?:all\s+|the\s+|any\s+)*{_SIGN}\s+{_REAL}|([a-zA-Z])\s+(?:is|must\s+be)\s+{_SIGN}", re.IGNORECASE
)
_SIGNED_R = re.compile(
    r"\\mathbb\s*\{?\s*R\s*\}?\s*[\^_]\s*\{?\s*(\+|-|>\s*0|<\s*0|\\ge\s*0|\\le\s*0|\\ne\s*0|\*)\s*\}?"
)
_OF_R = {"+": "positive", ">0": "positive", "-": "negative", "<0": "negative", "\\ge0": "nonnegative",
         "\\le0": "nonpositive", "\\ne0": "nonzero", "*": "nonzero"}  # fmt: skip
_BOUNDS = {
    "at least|(?:no|not) (?:less|smaller|fewer) than|(?:greater|more|larger) than or equal to": "\\ge",
    "at most|(?:no|not) (?:greater|more|larger) than|not exceeding|(?:less|smaller) than or equal to": "\\le",
    "(?:strictly )?(?:greater|more|larger|bigger) than": ">",
    "(?:strictly )?(?:less|smaller) than": "<",
}
_BOUNDED = re.compile(
    r"(?:(?:all|any|every) )?(?:real )?(?:(?:(?:numbers?|values? of) )?([a-zA-Z])|(?<=real )numbers)"
    r"(?: (?:is|are|must be|has to be))? "
    rf"({'|'.join(_BOUNDS)}) ([^a-zA-Z,;]*(?:\\[a-zA-Z]+[^a-zA-Z,;]*)*)",
    re.IGNORECASE,
)
_ZERO = num(0)
_PIECES = {
    "positive": (Piece(_ZERO, False, None, False),),
    "negative": (Piece(None, False, _ZERO, False),),
    "nonnegative": (Piece(_ZERO, True, None, False),),
    "nonpositive": (Piece(None, False, _ZERO, True),),
    "nonzero": (Piece(None, False, _ZERO, False), Piece(_ZERO, False, None, False)),
}


def worded_region(text: str, reader: Reader) -> Region | None:
    """The region that words name; None for other words."""
    words = plain(text)
    if m := _SIGNED_R.fullmatch(text):
        return Region(_PIECES[_OF_R["".join(m[1].split())]])
    signed = _SIGNED.fullmatch(words)
    if signed:
        sign = re.sub(r"[-\s]", "", (signed[1] or signed[3]).lower())
        return Region(_PIECES[sign], signed[2] or "")
    if bounded := _BOUNDED.fullmatch(words):
        sign = next(sign for says, sign in _BOUNDS.items() if re.fullmatch(says, bounded[2], re.IGNORECASE))
        region = reader.single(f"{bounded[1] or 'x'} {sign} {bounded[3]}")
        return Region(region.pieces, bounded[1] or "") if isinstance(region, Region) else None
    excepted = _EXCEPT.fullmatch(words)
    holes = _values(reader.whole(excepted[1])) if excepted else []
    return without(REALS, points([h.tree for h in holes])) if holes else None


def _values(answer: Answer) -> list[Value]:
    """The numbers of a list; none where it holds anything else."""
    if isinstance(answer, Labelled):
        return _values(answer.body)
    if isinstance(answer, Unordered):
        found = [_values(i) for i in answer.items]
        return [v for values in found for v in values] if all(found) else []
    return [answer] if isinstance(answer, Value) and not (answer.unit or answer.percent or answer.degrees) else []
