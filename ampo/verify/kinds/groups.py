r"""Finite abelian groups: \mathbb{Z}/6\mathbb{Z}, C_6, Z_2 \times Z_3 and "the cyclic group of order 6" are one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from ampo.verify.kinds.answers import Value
from ampo.verify.kinds.reader import Reader
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting
from ampo.verify.text.phrases import plain
from ampo.verify.text.scan import split

_Z = r"(?:\\mathbb ?\{? ?Z ?\}?|Z|\\Z)"
_FACTOR = re.compile(rf"{_Z} ?/ ?\(?(?:(\d{{1,6}}) ?{_Z}?|{_Z})\)?|(?:{_Z}|C) ?_ ?\{{? ?(\d{{1,6}}) ?\}}?")
_POWER = re.compile(r"\(?(.{1,60}?)\)? ?\^ ?\{? ?([2-9]) ?\}?")
_CYCLIC = re.compile(r"(?:the )?cyclic group (?:of|with) (?:order (\d{1,6})|(\d{1,6}) elements)", re.IGNORECASE)
_GROUP = re.compile(r"\bgroups?\b|isomorphi|\\cong", re.IGNORECASE)
_WRITTEN = re.compile(r"mathbb|/|cyclic")
_NAME = re.compile(r"[CZ]_(\d{1,6})")


@dataclass(frozen=True, slots=True)
class Group:
    """Its cyclic factors of prime power order, in order, which tell it. sure: it can't be a product of names."""

    orders: tuple[int, ...]
    sure: bool


def _read(text: str, reader: Reader) -> Group | None:
    del reader
    if len(text) > 200 or not ("Z" in text or "C" in text or "yclic" in text):
        return None
    factors: list[int] = []
    for _, part in split(text, {"\\times", "\\oplus"}):
        orders = _orders(part)
        if not orders:
            return None
        factors += orders
    sure = bool(_WRITTEN.search(text))
    return _group(factors, sure) if sure or len(factors) > 1 else None  # C_6 alone is a name, until `_same` knows more


def _group(factors: list[int], sure: bool) -> Group | None:
    powers = [power for order in factors for power in _prime_powers(order)]
    return Group(tuple(sorted(powers)), sure) if len(powers) <= 40 else None


def _orders(part: str) -> list[int]:
    times = 1
    m = _FACTOR.fullmatch(part)
    if m is None and (power := _POWER.fullmatch(part)):
        m, times = _FACTOR.fullmatch(power[1]), int(power[2])
    if m:
        order = m[1] or m[2]
        return [int(order)] * times if order and int(order) > 1 else []
    cyclic = _CYCLIC.fullmatch(plain(part))
    return [int(cyclic[1] or cyclic[2])] if cyclic and int(cyclic[1] or cyclic[2]) else []


def _prime_powers(order: int) -> list[int]:
    found: Counter[int] = Counter()
    prime = 2
    while prime * prime <= order:
        while order % prime == 0:
            found[prime] += 1
            order //= prime
        prime += 1
    if order > 1:
        found[order] += 1
    return [prime**power for prime, power in found.items()]


def _same(gold: object, answer: object, setting: Setting, equal: Equal) -> bool | None:
    """C_6 may be a name: then the other side, or the question, must speak of groups."""
    del equal
    a, b = _named(gold), _named(answer)
    if a is None or b is None or not (isinstance(gold, Group) or isinstance(answer, Group)):
        return None
    return (a.sure or bool(_GROUP.search(setting.question))) and a.orders == b.orders


def _named(answer: object) -> Group | None:
    if isinstance(answer, Value) and answer.tree.op == "sym" and (m := _NAME.fullmatch(answer.tree.name)):
        return _group([int(m[1])], False)
    return answer if isinstance(answer, Group) else None


KIND = Kind(order=17, same=_same, read=_read)
