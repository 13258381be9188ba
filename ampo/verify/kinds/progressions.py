r"""Lists with dots: 1, 2, ..., 6 is 1, 2, 3, 4, 5, 6. Only whole numbers in equal steps, kept by all terms given.

And a formula with the values of its letter: 2e^{2\pi ik/3}, k = 0, 1, 2 is three numbers.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from ampo.verify.formula.equality import substitute, symbols
from ampo.verify.formula.tree import num
from ampo.verify.kinds.answers import Answer, Labelled, Unordered, Value
from ampo.verify.kinds.reader import MAX_ITEMS, Reader
from ampo.verify.text.scan import split

_RUNS = re.compile(
    r"(.{1,200}?)\s?(?:[,;(]\s?|\s|(?=\\text))(?:\\text\s?\{\s?,?\s?(?:for|where|with)\s?\}\s?|(?:for|where|with)\s)?"
    r"([i-np-r])\s?(?:=|\\in\s?\\\{)\s?(-?\d{1,3}(?:\s?,\s?(?:-?\d{1,3}|\\ldots)){1,30})\s?(?:\\\})?\)?"
)
_WHOLE = re.compile(r"[-+]?\d{1,9}")


def written_out(parts: list[str]) -> list[str]:
    """The parts of a list with what its one ellipsis leaves out; as they are where that isn't sure."""
    if parts.count("\\ldots") != 1:
        return parts
    at = parts.index("\\ldots")
    before, after = parts[:at], parts[at + 1 :]
    if not before or not after or not all(_WHOLE.fullmatch(p) for p in before + after):
        return _shortened(before) + parts[at:]
    first, last = [int(p) for p in before], [int(p) for p in after]
    steps = {b - a for side in (first, last) for a, b in pairwise(side)} or {1}
    step = next(iter(steps))
    if len(steps) > 1 or step == 0 or (last[0] - first[-1]) % step or (last[0] - first[-1]) // step < 1:
        return parts
    between = range(first[-1] + step, last[0], step)
    return [*before, *map(str, between), *after] if len(between) <= MAX_ITEMS else parts


def _shortened(before: list[str]) -> list[str]:
    """1, 2, 3 before the dots as 1, 2: as many as tell the step."""
    numbers = [int(p) for p in before] if all(map(_WHOLE.fullmatch, before)) else []
    steps = {b - a for a, b in pairwise(numbers)}
    return before[:2] if len(numbers) > 2 and len(steps) == 1 else before


def values_of_a_letter(text: str, reader: Reader) -> Answer | None:
    """The numbers that a formula takes for a few whole numbers; None for any other text."""
    m = _RUNS.fullmatch(text) if "," in text and len(text) < 300 else None
    if m is None:
        return None
    formula, letter = reader.single(m[1].strip(" ,;(")), m[2]
    value = formula.body if isinstance(formula, Labelled) else formula
    at = written_out([part for _, part in split(m[3], {","})])
    if not isinstance(value, Value) or symbols(value.tree) != {letter} or not all(map(_WHOLE.fullmatch, at)):
        return None
    taken = [replace(value, tree=substitute(value.tree, {letter: num(int(k))})) for k in at]
    return Unordered(tuple(taken))
