"""What a text has to hold for a pattern to match in it: looked for first, as that takes a tenth of a search's time.

    cues(re.compile(r"\\bfails?\\b|does not (?:hold|work)"))  ->  ("fail", "does not hold", "does not work")

Read out of the pattern itself (RE2 calls it a prefilter), so that no list of words can fall behind its pattern.
"""

from __future__ import annotations

import re
import re._constants as op  # pyright: ignore[reportMissingImports]
import re._parser as parser  # pyright: ignore[reportMissingImports]
from itertools import product
from typing import Any, NamedTuple

_MOST = 16  # strings that are kept apart

_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_ZERO_WIDTH = (op.AT, op.ASSERT, op.ASSERT_NOT)


class _Found(NamedTuple):
    """exact: all strings that match, None where they are too many. needed: a match holds one of them; None: nothing."""

    exact: frozenset[str] | None
    needed: frozenset[str] | None


_ANYTHING = _Found(None, None)


class Cued:
    """A pattern that is tried only on texts that hold what it needs."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self._cues = cues(pattern)

    def search(self, text: str, lower: str) -> re.Match[str] | None:
        """What it finds in a text, whose lower case is given."""
        if self._cues is not None:
            for cue in self._cues:
                if cue in lower:
                    break
            else:
                return None
        return self.pattern.search(text)


def cues(pattern: re.Pattern[str]) -> tuple[str, ...] | None:
    """Strings, in lower case, one of which stands in the lower case of every match; None where nothing can be said."""
    found = _sequence(parser.parse(pattern.pattern, pattern.flags))
    needed = _usable(found.exact) or found.needed
    return tuple(sorted(needed, key=len)) if needed else None


def _sequence(items: Any) -> _Found:
    run = frozenset({""})
    candidates: list[frozenset[str]] = []
    exact = True
    for item in items:
        found = _item(*item)
        if found.exact is not None and len(run) * len(found.exact) <= _MOST:
            run = frozenset(a + b for a, b in product(run, found.exact))
            continue
        exact = False
        candidates += [found.exact or found.needed or frozenset({""}), run]
        run = frozenset({""})
    candidates = [usable for one in (*candidates, run) if (usable := _usable(one))]
    best = max(candidates, key=lambda one: (min(5, *map(len, one), 5), -len(one)), default=None)
    return _Found(run if exact else None, best)


def _item(kind: Any, value: Any) -> _Found:
    if kind in _ZERO_WIDTH:
        return _Found(frozenset({""}), None)
    if kind is op.LITERAL:
        return _Found(frozenset({chr(value).lower()}), None)
    if kind is op.IN:
        literal = all(of is op.LITERAL for of, _ in value)
        return _Found(frozenset(chr(one).lower() for _, one in value), None) if literal else _ANYTHING
    if kind is op.SUBPATTERN:
        return _sequence(value[3])
    if kind is op.ATOMIC_GROUP:
        return _sequence(value)
    if kind is op.BRANCH:
        return _either([_sequence(one) for one in value[1]])
    return _repeated(*value) if kind in _REPEATS else _ANYTHING


def _repeated(least: int, most: int, items: Any) -> _Found:
    found = _sequence(items)
    if (least, most) == (0, 1) and found.exact is not None:
        return _Found(found.exact | {""}, None)
    if least == 0:
        return _ANYTHING
    return found if most == 1 else _Found(None, _usable(found.exact) or found.needed)


def _either(ways: list[_Found]) -> _Found:
    exact = [way.exact for way in ways if way.exact is not None]
    if len(exact) == len(ways) and sum(map(len, exact)) <= _MOST:
        return _Found(frozenset().union(*exact), None)
    needed = [_usable(way.exact) or way.needed for way in ways]
    return _Found(None, frozenset().union(*filter(None, needed)) if all(needed) else None)


def _usable(strings: frozenset[str] | None) -> frozenset[str] | None:
    """Without those that hold another of them; None where one is empty."""
    if not strings or "" in strings:
        return None
    return frozenset(one for one in strings if not any(other != one and other in one for other in strings))
