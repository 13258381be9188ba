"""Figures as a page has them."""

from __future__ import annotations

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
    """One that may be very small."""
    return f"{100 * value:.2g} %" if value >= 1e-4 else f"{value:.1e}"


def seeds(done: int, planned: int) -> str:
    """How many, and of how many where some are missing."""
    return str(done) if done >= planned else f"{done} of {planned}"
