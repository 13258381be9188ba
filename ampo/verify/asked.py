"""The unit that a question asks for: "how many dollars", "in minutes", "to the nearest metre".

Read from the sentences that ask, so that what is given in other units doesn't count. Nothing is found where the words
are no units known to `ampo.verify.units`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ampo.verify.formula import read
from ampo.verify.normalise import normalise
from ampo.verify.tree import Tree, UnreadableError
from ampo.verify.units import Unit, times, unit

_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z$\\(])|\n+")
_ASKS = re.compile(
    r"\?|\b(?:find|what|how|give|express|compute|calculate|determine|write|state|evaluate|answers?|solve|estimate)\b",
    re.IGNORECASE,
)
_UNIT = r"((?:(?:square|cubic|sq|cu)\.? )?[a-zA-Z]+(?:\s*\^\s*\{?\s*-?\d\s*\}?)?(?:\s*(?:/|\bper\b|\\cdot)\s*(?:second squared|[a-zA-Z]+)(?:\s*\^\s*\{?\s*-?\d\s*\}?)?)*)"  # noqa: E501
_PLACES = re.compile(
    rf"\b(?:how many|how much(?! in\b)|in|number of|(?:to|at) the nearest|units of)\s+{_UNIT}", re.IGNORECASE
)
_DEGREES = re.compile(
    r"\b(?:how many|in|number of|nearest|many)\s+degrees?\b(?!\s*(?:Celsius|Fahrenheit|Kelvin|C\b|F\b|of\b))",
    re.IGNORECASE,
)
_ASKED_FOR = re.compile(
    r"\b(?:find|compute|determine|evaluate|calculate|what is|what's)\s+(?:the\s+)?(?:value of\s+)?"
    r"\$([^$]{1,200})\$",
    re.IGNORECASE,
)
_DRESS = re.compile(r"\\(?:text|mathrm|mathbf|operatorname|rm)\b|[${}~]")
_EACH = re.compile(r"\b(?:per|each|every|an?)\s+([a-z]{3,9})\b")
_STERLING = unit("poundsterling")
_MAX_QUESTION = 20_000


class Asked(NamedTuple):
    """units: those asked for, the last one first. degrees: whether an angle in degrees is asked for."""

    units: tuple[Unit, ...] = ()
    degrees: bool = False

    def like(self, other: Unit) -> Unit | None:
        """The unit asked for that measures what another one measures."""
        return next((u for u in self.units if u.dims == other.dims), None)


@lru_cache(maxsize=1024)
def asked(question: str) -> Asked:
    """What a question asks for."""
    text = _DRESS.sub(" ", question[-_MAX_QUESTION:])
    sentences = [s for s in _SENTENCE.split(text) if _ASKS.search(s)]
    found = [u for sentence in sentences for u in _units(" ".join(sentence.split()))]
    return Asked(tuple(reversed(found)), any(_DEGREES.search(s) for s in sentences))


def _units(sentence: str) -> list[Unit]:
    """The units that a sentence asks for; dollars "every day" are dollars per day as well, and pounds are money too."""
    found = [u for m in _PLACES.finditer(sentence) if (u := _unit(m[1])) is not None]
    periods = [unit(f"per {m[1]}") for m in _EACH.finditer(sentence)]
    rates = [times(u, period) for u in found for period in periods if period is not None and period.known]
    return rates + ([_STERLING] if _STERLING and re.search(r"\bpounds\b", sentence) else []) + found


@lru_cache(maxsize=1024)
def expressions(question: str) -> frozenset[Tree]:
    """The formulas whose value a question asks for: m + n in "Find $m+n$"."""
    found: set[Tree] = set()
    for m in _ASKED_FOR.finditer(question[-_MAX_QUESTION:]):
        try:
            found.add(read(normalise(m[1])))
        except UnreadableError:
            continue
    return frozenset(found)


def _unit(words: str) -> Unit | None:
    """A unit of more than one letter, unless it has a power or a fraction: "in a" names none."""
    if len(words) == 1 or words.lower() in ("in", "of", "a"):
        return None
    found = unit(words)
    return found if found is not None and found.known else None
