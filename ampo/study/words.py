"""Figures as a page has them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ampo.study.analysis import Estimate


def percent(value: float) -> str:
    """A fraction."""
    return f"{100 * value:.1f} %"


def points(found: Estimate | None, *, sign: bool = True) -> str:
    """A mean and its interval, in points; a dash for what was not run."""
    if found is None:
        return "–"
    mean, low, high = (100 * value for value in found[:3])
    return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]" if sign else f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def probability(value: float) -> str:
    """One that may be very small, to two digits."""
    places = max(0, 1 - math.floor(math.log10(100 * value))) if value > 0 else 0
    return f"{100 * value:.{places}f} %"


def counted(number: int, what: str) -> str:
    """1 seed, 5 seeds."""
    return f"{number} {what}{'s' if number != 1 else ''}"


def seeds(done: int, planned: int) -> str:
    """How many, and of how many where some are missing."""
    return str(done) if done >= planned else f"{done} of {planned}"


def interval(found: Estimate) -> str:
    """A small probability with its interval."""
    return f"{probability(found.mean)} [{probability(found.low)}, {probability(found.high)}]"


def figure(there: Sequence[str], name: str, title: str) -> Iterator[str]:
    """The line that shows a figure, if it was drawn."""
    if name in there:
        yield f"![{title}]({name})\n"
