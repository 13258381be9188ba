"""What vectors span: span{(2, 0, 2)} is span{(1, 0, 1)}. By exact arithmetic, so only of rational vectors."""

from __future__ import annotations

import re
from fractions import Fraction

from ampo.verify.formula.exact import exact
from ampo.verify.kinds.answers import Answer, Matrix, Ordered, Span, Unordered, Unread, Value
from ampo.verify.kinds.reader import Reader
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting

_SPAN = re.compile(
    r"\\?(?:(?:operatorname|text|mathrm)\s*\{\s*)?span\s*\}?\s*(?:\\\{(.+)\\\}|\((.+)\)|\{(.+)\})",
    re.DOTALL | re.IGNORECASE,
)
_MOST = 20  # vectors, and components of each


def _read(text: str, reader: Reader) -> Answer | None:
    m = _SPAN.fullmatch(text) if "span" in text.lower() else None
    if m is None:
        return None
    inside = reader.whole(m[1] or m[2] or m[3])
    members = inside.items if isinstance(inside, Unordered) else (inside,)
    vectors = [components(member) for member in members]
    lengths = {len(v) for v in vectors if v}
    if None in vectors or len(lengths) != 1 or max(*lengths, len(vectors)) > _MOST:
        return Unread(text)
    return Span(tuple(tuple(v) for v in vectors if v))


def components(answer: Answer) -> list[Fraction] | None:
    """Of a vector of rational numbers; None for any other answer."""
    if isinstance(answer, Matrix) and (len(answer.rows[0]) == 1 or len(answer.rows) == 1):
        cells = [cell for row in answer.rows for cell in row]
    elif (
        isinstance(answer, Ordered)
        and answer.opening in ("(", "\\langle", "[")
        and answer.closing in (")", "\\rangle", "]")
    ):
        cells = list(answer.items)
    else:
        return None
    found = [exact(cell.tree) if isinstance(cell, Value) and not cell.unit else None for cell in cells]
    values = [value for value in found if value is not None]
    return values if len(values) == len(found) else None


def rank(rows: list[list[Fraction]]) -> int:
    """How many of the rows are independent."""
    rows, found = [list(row) for row in rows], 0
    for column in range(len(rows[0])):
        pivot = next((i for i in range(found, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        for i in range(found + 1, len(rows)):
            factor = rows[i][column] / rows[found][column]
            rows[i] = [x - factor * y for x, y in zip(rows[i], rows[found], strict=True)]
        found += 1
    return found


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    del setting, equal
    if not (isinstance(gold, Span) and isinstance(answer, Span)):
        return None
    a, b = ([list(vector) for vector in span.vectors] for span in (gold, answer))
    return len(a[0]) == len(b[0]) and rank(a) == rank(b) == rank(a + b)


KIND = Kind(order=84, same=_same, read=_read)
