"""Sums and multiples of vectors that are written out: (1, 2) + t(3, 4) is (1 + 3t, 2 + 4t). Also (2, 3) in newtons."""

from __future__ import annotations

import re
from dataclasses import replace

from ampo.verify.formula.equality import mentions, symbols
from ampo.verify.formula.parse import read
from ampo.verify.formula.tree import Tree, UnreadableError
from ampo.verify.kinds.answers import Answer, Ordered, Value
from ampo.verify.kinds.reader import MAX_ITEMS, Reader
from ampo.verify.kinds.registry import Kind
from ampo.verify.text.scan import enclosed, split
from ampo.verify.text.units import unit

_TERM = re.compile(r"([^()]*?)\s*(?:\\cdot|\*)?\s*(\(.+\)|\\langle.+\\rangle)", re.DOTALL)
_MEASURED = re.compile(
    r"(\(.+\)|\\langle.+\\rangle)\s*\\(?:text|mathrm)\s*\{([^{}]+)\}(\s*\^\s*\{?-?\d\}?)?", re.DOTALL
)
_FACTORS = frozenset("abcklmnrstuvxyz") | {"lambda", "mu", "alpha", "beta", "tau"}  # others are names of functions


def _read(text: str, reader: Reader) -> Ordered | None:
    if not text.endswith((")", "\\rangle", "}")) or "," not in text:
        return None
    return _measured(text, reader) or _sum(text, reader)


def _measured(text: str, reader: Reader) -> Ordered | None:
    m = _MEASURED.fullmatch(text)
    found = unit(f"{m[2].strip()}{m[3] or ''}") if m else None
    vector = _vector(m[1], reader) if m and found and found.physical else None
    if vector is None or any(isinstance(i, Value) and (i.unit or i.percent or i.degrees) for i in vector.items):
        return None
    return replace(vector, items=tuple(replace(i, unit=found) for i in vector.items if isinstance(i, Value)))


def _sum(text: str, reader: Reader) -> Ordered | None:
    parts = [(sign, part) for sign, part in split(text, {"+", "-"}) if part]
    terms = [m for _, part in parts if (m := _TERM.fullmatch(part))]
    if len(terms) < len(parts) or (len(terms) == 1 and not (terms[0][1] or parts[0][0])):
        return None
    factors = [_factor(m[1], alone=len(terms) == 1) for m in terms]
    vectors = [_vector(m[2], reader) for m in terms]
    if None in factors or None in vectors or len({len(v.items) for v in vectors if v}) > 1:
        return None
    added: list[list[Tree]] = [[] for _ in vectors[0].items] if vectors[0] else []
    for (sign, _), factor, vector in zip(parts, factors, vectors, strict=True):
        for terms_of_one, item in zip(added, vector.items if vector else (), strict=True):
            tree = item.tree if isinstance(item, Value) else Tree("num")
            scaled = tree if factor in (None, _ONE) else Tree("mul", (factor, tree))
            terms_of_one.append(Tree("neg", (scaled,)) if sign == "-" else scaled)
    return Ordered(tuple(Value(Tree("add", tuple(trees))) for trees in added), "(", ")")


_ONE = read("1")


def _factor(text: str, alone: bool) -> Tree | None:
    """What stands before a vector: a number, or with other terms a parameter."""
    try:
        tree = read(text) if text.strip() else _ONE
    except UnreadableError:
        return None
    return tree if symbols(tree) <= (frozenset() if alone else _FACTORS) else None


def _vector(text: str, reader: Reader) -> Ordered | None:
    found = enclosed(text)
    if found is None or (found[0], found[2]) not in (("(", ")"), ("\\langle", "\\rangle")):
        return None
    items: list[Answer] = [reader.single(part) for _, part in split(found[1], {","}) if part]
    if not 1 < len(items) <= MAX_ITEMS or not all(isinstance(i, Value) for i in items):
        return None
    if any(isinstance(i, Value) and mentions(i.tree, {"infinity"}) for i in items):
        return None
    return Ordered(tuple(items), "(", ")")


KIND = Kind(order=85, same=lambda *_: None, read=_read)
