"""Whether what stands behind a box is another answer, and not the same one said again or a remark."""

from __future__ import annotations

import re

from ampo.verify.find.boxes import boxes
from ampo.verify.formula.rationals import rational
from ampo.verify.text.normalise import normalise

ROUNDED = 100  # two numbers that differ by less than one in so many may be one, rounded
_LETTER = re.compile(r"\W{0,3}(?:\\(?:text|mathrm|textbf)\s?\{\W{0,2})?[A-Ja-j](?![\w'])")


def revises(boxed: list[str], said: str, choice: bool) -> bool:
    """Whether an answer that is announced behind a box counts in its place: another number, for sure, or the letter of
    an option where the box names none."""
    if len(boxed) != 1:
        return False
    if choice:
        return bool(_LETTER.match(said)) and not _LETTER.match(boxed[0])
    a, b = rational(normalise(boxed[0])), rational(normalise(said))
    return a is not None and b is not None and abs(a - b) > max(abs(a), abs(b)) / ROUNDED


def goes_on(body: str, unclosed: str, found: str) -> bool:
    """Whether a box that is never closed begins another answer than the one that was found before it, and words between
    the last whole box and it lead there."""
    whole, said = boxes(body), unclosed.partition("{")[2]
    led = any(c.isalpha() for c in body[whole[-1].end if whole else 0 :])
    return led and any(c.isalnum() for c in said) and not said.strip().startswith(found.strip())
