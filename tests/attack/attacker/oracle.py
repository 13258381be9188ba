"""Whether two answers are the same, by others than the verifier: text, exact numbers, Math-Verify both ways.

It is asked about what the verifier accepted, so it may be slow, and may say no too often: what it refuses is looked at
by a person, who writes down in confirmed.json what is the same all the same, with the reason.
"""

from __future__ import annotations

import json
import logging
import re
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

_NUMBER = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?")
_FRACTION = re.compile(r"(-?)\\d?frac\{(-?\d{1,40})\}\{(-?\d{1,40})\}|(-?\d{1,40})/(\d{1,40})")
_DRESS = re.compile(r"\\(?:text|mathrm|left|right|displaystyle|boxed)(?![a-zA-Z])|[\s${}]|\\[,;! ]")
_NONE = frozenset(
    {"none", "dne", "nosolution", "nosolutions", "\\emptyset", "\\varnothing", "emptyset", "doesnotexist", "\\\\"}
)
_ALL_BUT = re.compile(r"[a-z]\\neq?(-?\d+)|\(-\\infty,(-?\d+)\)\\cup\((-?\d+),\\infty\)")
_FUNCTION = re.compile(r"[fgh]\(([a-z])\)=.*")
_GRAPH = re.compile(r"^y=(?=[^y=]*x[^y=]*$)")  # of a function
_NAMED = re.compile(r"^[fgh]\([a-z]\)=(?=\\begincases)")
_CLASS = re.compile(r"([a-z]\\equiv)?(\\pm|-)?(\d{1,9}(?:,\d{1,9}){0,9})\\pmod(\d{1,9})")
_DECLARED = re.compile(r",([a-z])\\in\\mathbb[ZNR]$")
_CONFIRMED = Path(__file__).with_name("confirmed.json")


@lru_cache(maxsize=100_000)
def same(a: str, b: str) -> bool:
    """Whether two answers are the same for sure."""
    if _bare(a) == _bare(b) or frozenset((a, b)) in _confirmed():
        return True
    x, y = _number(a), _number(b)
    if x is not None and y is not None:
        return x == y
    return _verified(a, b) and _verified(b, a)


@lru_cache(maxsize=1)
def _confirmed() -> frozenset[frozenset[str]]:
    rows = json.loads(_CONFIRMED.read_text(encoding="utf-8"))
    return frozenset(frozenset(row["same"]) for row in rows)


def _bare(text: str) -> str:
    text = _DRESS.sub("", text.replace("\\\\", "@").replace("\f", "\\f").replace("\t", "\\t")).rstrip(".")
    if declared := _DECLARED.search(text):  # n\\pi and k\\pi
        text = re.sub(rf"(?<![a-zA-Z\\]){declared[1]}(?![a-zA-Z])", "@k", text[: declared.start()])
    text = text.lower()
    text = _GRAPH.sub("f(x)=", _NAMED.sub("", text))
    if text in _NONE:
        return "none"
    if (hole := _ALL_BUT.fullmatch(text)) and (hole[1] or hole[2] == hole[3]):
        return f"all but {hole[1] or hole[2]}"
    if (of := _CLASS.fullmatch(text)) and int(of[4]):  # 7 modulo 5 is 2
        signs = {"\\pm": (1, -1), "-": (-1,)}.get(of[2], (1,))
        members = {sign * int(member) % int(of[4]) for sign in signs for member in of[3].split(",")}
        return f"{sorted(members)} modulo {of[4]}"
    head, begin, rows = text.partition("\\begincases")
    if not begin and (function := _FUNCTION.fullmatch(text)):  # f(n) = n^2 and f(x) = x^2
        head = re.sub(rf"(?<![a-z\\]){function[1]}(?![a-z])", "@v", re.sub(r"=[ck](?=[a-z])", "=@c*", head))
    rows = "@".join(sorted(rows.removesuffix("\\endcases").split("@")))
    return begin + rows if begin else head


def _number(text: str) -> Fraction | None:
    text = text.strip().strip("$").strip().replace("{,}", "").rstrip(".")
    if re.fullmatch(r"-?\d{1,3}(?:,\d{3})+", text):
        text = text.replace(",", "")
    if _NUMBER.fullmatch(text):
        return Fraction(text)
    m = _FRACTION.fullmatch(text)
    if m is None or not int(m[3] or m[5]):
        return None
    return Fraction(int(m[2]), int(m[3])) * (-1 if m[1] else 1) if m[2] else Fraction(int(m[4]), int(m[5]))


def _verified(gold: str, answer: str) -> bool:
    """Math-Verify's verdict. Its own alarms are off: they work in a main thread alone."""
    import math_verify

    logging.getLogger("math_verify").setLevel(logging.CRITICAL)
    try:
        sides: list[Any] = [
            math_verify.parse(text, parsing_timeout=None)  # type: ignore[arg-type]
            for text in (f"${gold.strip().strip('$')}$", f"\\boxed{{{answer}}}")
        ]
        return bool(math_verify.verify(*sides, timeout_seconds=None))  # type: ignore[arg-type]
    except Exception:  # it raises anything on odd input
        return False
