"""Sets: their members in braces, by a condition or a formula, and what unions and differences make of them."""

from __future__ import annotations

import re
from dataclasses import replace
from math import ceil, floor

from ampo.verify.formula.equality import substitute, symbols
from ampo.verify.formula.exact import exact
from ampo.verify.formula.tree import Tree, num
from ampo.verify.kinds.answers import Answer, Image, Labelled, Phrase, Region, Unordered, Unread, Value
from ampo.verify.kinds.domains import Domain, declaration
from ampo.verify.kinds.lists import flat, spaced_thousands
from ampo.verify.kinds.progressions import written_out
from ampo.verify.kinds.reader import MAX_ITEMS, Reader
from ampo.verify.kinds.regions import REALS, as_region, union, without
from ampo.verify.kinds.residues import residues
from ampo.verify.text.phrases import plain
from ampo.verify.text.scan import enclosed, split

_EMPTY = re.compile(r"\\emptyset|\\\{\s*\\\}")
_FORMULA = r"\s*=\s*(.+?)\s*(?:,|(?<=[\s}])for some\b|\bwhere\b|\bwith\b|\bfor\b)\s*(.+)"


def braces(inside: str, reader: Reader) -> Answer:
    """What stands between { and }."""
    built = builder(inside, reader)
    if built is not None:
        return built
    parts = written_out([part for _, part in split(spaced_thousands(inside), {",", ";", "and", "or"}) if part])
    if not parts:
        return Phrase("empty set")
    items = [Phrase("empty set") if _EMPTY.fullmatch(p) else reader.single(p) for p in parts[:MAX_ITEMS]]
    return Unordered(tuple(x for a in items for x in flat(a)), braces=True)


def builder(inside: str, reader: Reader) -> Answer | None:
    """{name | condition}, {name in domain | condition} or {formula | parameter in domain}; None for no such thing."""
    parts = split(inside, {"|", ":"})
    if len(parts) == 3 and parts[1][0] == ":" and parts[2][0] == "|":  # {n : 2 | n}
        parts = [parts[0], (":", f"{parts[1][1]} | {parts[2][1]}")]
    if len(parts) != 2:
        return None
    (_, head), (_, condition) = parts
    name, member, _ = head.partition("\\in")
    name = name.strip()
    declared = declaration(condition)
    if re.fullmatch(r"[a-zA-Z]|\\[a-z]+", name):
        of = declaration(head) if member else None
        if (member and of is None) or (declared and (of or declared[0] != name)):
            return Unread(inside)
        if declared:
            return _image(name, *declared, inside, reader)
        return _filtered(name, of[1] if of else None, condition, reader) or (Unread(inside) if member else None)
    return _image(head, *declared, inside, reader) if declared and not member else None


def _filtered(name: str, domain: Domain | None, condition: str, reader: Reader) -> Answer | None:
    """The numbers of a domain for which a condition holds; without a domain they are real."""
    formula = re.fullmatch(re.escape(name) + _FORMULA, plain(condition))
    declared = declaration(formula[2]) if formula else None
    if formula and declared and declared[0] != name:
        return _image(formula[1], *declared, condition, reader) if domain in (None, Domain.INTEGERS) else None
    classes = residues(condition)
    if classes is not None:
        return classes if domain in (None, Domain.INTEGERS) else None
    stated = {part: d[1] for _, part in split(condition, {","}) if (d := declaration(part)) and d[0] == name}
    if stated and domain is None:
        domain = next(iter(stated.values()))
    body = reader.whole(", ".join(part for _, part in split(condition, {","}) if part not in stated))
    if isinstance(body, Region):
        return Region(body.pieces) if domain in (None, Domain.REALS) else _whole_numbers(body, domain)
    if isinstance(body, Labelled):
        return body.body
    if isinstance(body, Unordered) and all(isinstance(i, Labelled) for i in body.items):
        return Unordered(tuple(i.body for i in body.items if isinstance(i, Labelled)), braces=True)
    return None


def _whole_numbers(region: Region, domain: Domain) -> Answer | None:
    """The whole numbers of a bounded region, one by one; None where it has no end."""
    if domain is Domain.NATURALS:
        return None
    first = {Domain.FROM_0: 0, Domain.FROM_1: 1}.get(domain)
    found: set[int] = set()
    for piece in region.pieces:
        low = first if piece.low is None else exact(piece.low)
        high = None if piece.high is None else exact(piece.high)
        if low is None or high is None or high - low > MAX_ITEMS:
            return None
        for n in range(ceil(low), floor(high) + 1):
            inside = (n != low or piece.low is None or piece.low_closed) and (n != high or piece.high_closed)
            if inside and (first is None or n >= first):
                found.add(n)
    return Unordered(tuple(Value(num(n)) for n in sorted(found)), braces=True) if found else Phrase("empty set")


def _image(text: str, parameter: str, domain: Domain, inside: str, reader: Reader) -> Answer:
    """{formula | parameter in domain}; what begins at 1 is counted from 0."""
    value = reader.single(text)
    if domain is Domain.REALS and text == parameter:
        return REALS
    if domain is Domain.REALS or not isinstance(value, Value) or parameter not in symbols(value.tree):
        return Unread(inside)
    if domain is Domain.FROM_1:
        later = Tree("add", (Tree("sym", (), None, parameter), num(1)))
        value = Value(substitute(value.tree, {parameter: later}), value.unit, value.percent, value.degrees)
        domain = Domain.FROM_0
    return Image(value, parameter, domain)


def operation(text: str, reader: Reader) -> Answer | None:
    """A union or a difference of sets; None for neither."""
    unions = (
        split(text, {"\\cup", "U"}) if "\\cup" in text or re.search(r"[)\]}]\s*U\s*[(\[{\\]", text) else [("", text)]
    )
    if len(unions) > 1:
        regions = [as_region(reader.single(part)) for _, part in unions]
        if all(r is not None for r in regions):
            return union([r for r in regions if r is not None])
        items = [reader.single(part) for _, part in unions]
        if all(isinstance(i, (Unordered, Image)) for i in items):
            members = (i.items if isinstance(i, Unordered) else (i,) for i in items)
            return Unordered(tuple(x for some in members for x in some), braces=True)
        return Unread(text)
    minus = split(text, {"\\setminus"}) if "\\setminus" in text else _minus_set(text)
    if len(minus) == 2:
        whole, taken = (reader.single(part) for _, part in minus)
        if isinstance(whole, Unordered) and isinstance(taken, Unordered) and whole.braces and taken.braces:
            left = tuple(i for i in whole.items if not any(reader.agree(i, j) for j in taken.items))
            return replace(whole, items=left) if left else Phrase("empty set")
        region, holes = as_region(whole), as_region(taken)
        if region is not None and holes is not None:
            return without(region, holes)
        return Unread(text)
    return None


def _minus_set(text: str) -> list[tuple[str, str]]:
    m = re.match(r"^(\\mathbb\s*\{?R\}?)\s*-\s*(\\\{.*\\\})$", text)
    if m:
        return [("", m[1]), ("-", m[2])]
    parts = split(text, {"-"})
    both = len(parts) == 2 and all(enclosed(part) for _, part in parts) and parts[1][1].startswith("\\{")
    return parts if both else [("", text)]
