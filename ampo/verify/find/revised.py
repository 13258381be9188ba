"""Whether what stands behind a box is another answer, and not the same one said again or a remark."""

from __future__ import annotations

import re

from ampo.verify.find.boxes import boxes
from ampo.verify.find.told import values
from ampo.verify.formula.rationals import rational
from ampo.verify.text.normalise import normalise

ROUNDED = 100  # two numbers that differ by less than one in so many may be one, rounded
_LETTER = re.compile(r"\W{0,3}(?:\\(?:text|mathrm|textbf)\s?\{\W{0,2})?[A-Ja-j](?![\w'])")
_AGAIN = re.compile(
    r"[\s$*_.,;:!)\]\\}-]*(?:(?:actually|hmm+|but|no|oh|oops|sorry|ah),?\s)*(?:wait|hold on|actually|hmm+|oops|"
    r"on (?:reflection|second thoughts?)|correction)\b",
    re.IGNORECASE,
)


def revises(boxed: list[str], said: str, choice: bool) -> bool:
    """Whether an answer that is announced behind a box counts in its place: another number, for sure, or the letter of
    an option where the box names none."""
    if len(boxed) != 1:
        return False
    if choice:
        return bool(_LETTER.match(said)) and not _LETTER.match(boxed[0])
    a, b = rational(normalise(boxed[0])), rational(normalise(said))
    return a is not None and b is not None and abs(a - b) > max(abs(a), abs(b)) / ROUNDED


def thinks_again(behind: str, said: str) -> bool:
    """Whether what stands behind a box turns back to the problem and then announces a value: "Hold on. ... The answer
    is x = 3", and not "Wait, let me check. ... The answer is correct"."""
    spans = values(said)
    bare = said if len(spans) != 1 else said[: spans[0].start] + said[spans[0].end :]
    return len(spans) == 1 and not any(c.isalnum() for c in bare) and _AGAIN.match(behind) is not None


def goes_on(body: str, unclosed: str, found: str) -> bool:
    """Whether a box that is never closed begins another answer than the one that was found before it, and words between
    the last whole box and it lead there."""
    whole, said = boxes(body), unclosed.partition("{")[2]
    led = any(c.isalpha() for c in body[whole[-1].end if whole else 0 :])
    return led and any(c.isalnum() for c in said) and not said.strip().startswith(found.strip())
