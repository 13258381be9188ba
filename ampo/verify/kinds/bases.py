"""Bases and eigenvectors, where a question asks for one: any other of the same space, or along its line, will do."""

from __future__ import annotations

import re
from fractions import Fraction

from ampo.verify.kinds.answers import Answer, Labelled, Unordered
from ampo.verify.kinds.list_members import paired
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.kinds.spans import components, rank
from ampo.verify.question.context import Setting

_BASIS = re.compile(r"\b(?:a|any) basis\b", re.IGNORECASE)
_ALONG = re.compile(r"\b(?:eigenvectors?|(?:direction|normal) vectors?)\b", re.IGNORECASE)
_ONE_LENGTH = re.compile(
    r"\bunit\b|normali[sz]ed|orthonormal|\blength\b|\bnorm\b|orthogonal|entries|integers?", re.IGNORECASE
)


def _vectors(answer: Answer) -> list[list[Fraction]]:
    body = answer.body if isinstance(answer, Labelled) else answer
    members = body.items if isinstance(body, Unordered) else (body,)
    found = [vector for member in members if (vector := components(member))]
    same_length = len({len(vector) for vector in found}) == 1
    return found if len(found) == len(members) and same_length else []


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    """True, or None: what is no other basis may be the same answer by another kind."""
    del equal
    basis, along = _BASIS.search(setting.question), _ALONG.search(setting.question)
    if not (basis or along) or _ONE_LENGTH.search(setting.question):
        return None
    a, b = _vectors(gold), _vectors(answer)
    if not a or len(a) != len(b) or len(a[0]) != len(b[0]):
        return None
    if along:
        return True if all(map(any, b)) and paired(a, b, lambda x, y: rank([x, y]) == 1) else None
    return True if rank(a) == rank(b) == rank(a + b) == len(a) else None


KIND = Kind(order=12, same=_same)
