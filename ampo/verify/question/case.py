"""What is compared with what is asked: a clause around a value, and the words that are told in it."""

from __future__ import annotations

import re
from typing import NamedTuple

from ampo.verify.question.ask import Ask
from ampo.verify.question.roots import words_of

PRONOUN = re.compile(r"\W*(?:(?:then|and|so|thus|meaning|that means|this means) )?(he|she|it|they)\b", re.IGNORECASE)
_BEHIND = words_of(
    """
    a an and are as at away be because been between by can could did do does each every for from had has have he her his
    if in into is it left long old tall wide high deep more less of off on or out over per she so than that the their
    then there they this to total altogether together was were when which while will with would remaining remain remains
    overall now apart combined older longer fewer lower higher farther further shorter taller younger heavier lighter
    faster slower still worth all after before during within among across through under above below along until since
    without inside outside around about against toward towards near celsius fahrenheit kelvin
    """
)
MARKED = re.compile(r"\$([^$]+)\$")
_NEXT = re.compile(r"[\s$*]*([A-Za-z][A-Za-z'-]*)")


class Statement(NamedTuple):
    """A clause around a value. earlier: what stands before the clause, for one that says "that is" and no more."""

    before: str
    value: str
    after: str
    earlier: str = ""

    @property
    def words(self) -> str:
        return f"{self.before} ; {self.after}"


class Case(NamedTuple):
    """A statement, the roots of its words, what is asked, and whether it tells anything of that."""

    statement: Statement
    said: frozenset[str]
    wanted: Ask
    told: bool
    question: str


def noun_behind(after: str) -> list[str]:
    """The words behind a value up to one that is no noun's."""
    found: list[str] = []
    at = 0
    while len(found) < 5 and (m := _NEXT.match(after, at)) and m[1].lower() not in _BEHIND:
        if re.search(r"[,.;:]", after[at : m.start(1)]):
            break
        found.append(m[1].lower())
        at = m.end()
    return found
