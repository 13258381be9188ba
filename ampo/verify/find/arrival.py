"""Whether a response arrives at the value that it ends with: by figures, and as something new.

A solution ends in its result. What figures lead to in the last sentence is what the response worked for, in whatever
words it says so. That is no proof that it was asked for: who reads the sentence still asks whether it speaks of another
thing (`ampo.verify.question.contradiction`).
"""

from __future__ import annotations

import re

from ampo.verify.find.statement import given
from ampo.verify.find.told import Told
from ampo.verify.text.numerals import spelled_out

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_PLAIN = re.compile(
    r"[-+−$\\€£¥≈=\s]*(?P<number>\d[\d,]*(?:\.\d+)?(?:\s?/\s?\d+)?)[$\s]*"
    r"(?:\\?%|°|[A-Za-z][A-Za-z /²³^23.-]{0,30})?[$\s.]*"
)
_NAME = re.compile(r"(?<![A-Za-z])[a-zA-Z]\s*$|\b(?:or|and)\b")
_SIDES = re.compile(r"\s*[=≈]\s*")
_DRESS = re.compile(r"\\left|\\right|\\[,;! ]|[\s$]")
_ENDS = re.compile(r"(?:[=≈]|\d (?:is|equals|makes|gives|leaves))[\s\\$]*$")  # of a calculation
MOST = 3  # places where the number may stand before, each as the end of a calculation


def worked_out(tail: str, value: str, question: str) -> bool:
    """Whether figures lead to a value that a response ends with: two before it, or the sides of its own calculation.

    Args:
        tail: the end of a response.
        value: what its last sentence tells.
        question: what was asked.
    """
    lead, chain, _ = _parted(tail, value)
    worked, told = _NUMBER.findall(chain), [*_NUMBER.findall(lead), *_NUMBER.findall(question)]
    return len(_NUMBER.findall(lead)) > 1 or bool(worked and all(number in told for number in worked))


def is_new(tail: str, value: str, question: str) -> bool:
    """Whether neither the question nor anything before has it, but for the end of its own calculation."""
    lead, chain, side = _parted(tail, value)
    key = _number(side)
    if key is None:
        return _is_new_formula(side, lead + chain, question)
    if given(Told(0, len(key), key), " ".join(question.split())):
        return False
    before = (lead + chain).replace(" / ", "/")
    found = list(re.finditer(rf"(?<![\d.,/]){re.escape(key)}(?!\d|[.,/]\d)", before))
    return len(found) <= MOST and all(map(_ENDS.search, (before[: m.start()] for m in found)))


def number_of(value: str) -> str | None:
    """The last side of a calculation with its unit, where it is a number."""
    *chain, side = _SIDES.split(value.strip("$ =≈"))
    worked = not chain or all(re.search(r"\d", one) and not _NAME.search(one) for one in chain)
    return side.strip() if worked and _PLAIN.fullmatch(side) else None


def _parted(tail: str, value: str) -> tuple[str, str, str]:
    """What stands before a value, the sides of its chain before the last, and that."""
    side = _SIDES.split(value.strip("$ "))[-1]
    at = tail.rfind(value)
    return tail[: at if at >= 0 else max(0, tail.rfind(_number(side) or side))], value[: value.rfind(side)], side


def _number(side: str) -> str | None:
    """The number that a value is, in words or with a unit; None for any other."""
    if plain := _PLAIN.fullmatch(side):
        return plain["number"].replace(" ", "").rstrip(",")
    return _spelled(side)


def _spelled(text: str) -> str | None:
    said = spelled_out(text.strip())
    return said[0] if said and said[0].lstrip("-").isdigit() else None


def _is_new_formula(side: str, before: str, question: str) -> bool:
    bare = _DRESS.sub("", side)
    if len(bare) < 3 or bare in _DRESS.sub("", question):
        return False
    said = _DRESS.sub("", before)
    ends = [m.start() for m in re.finditer(re.escape(bare), said)]
    return len(ends) <= MOST and all(said[:at].endswith(("=", "≈")) for at in ends)
