"""Whether what is said around an answer lets it stand, or denies it, withdraws it, or makes it a condition or a guess.

"It is not \\boxed{17}", "If n were odd the answer would be 17", "\\boxed{36}? That can't be right", "Some say
\\boxed{9}", "the only pair that fails is \\boxed{(3,2)}", "at least \\boxed{117}". Read is the sentence that the answer
stands in, back to the last "so" or "but", and the sentence after it. A word that the question has
itself is no such sign: where the least number is asked for, "at least 5" is an answer.
"""

from __future__ import annotations

from ampo.verify.find.said_after import READ, said_after, said_later
from ampo.verify.find.said_before import said_before

BEFORE, LATER = 300, 1_000  # characters that are read

TAKEN_BACK = frozenset({"withdrawn", "questioned", "refuted", "one of several"})  # and what was said before with it


def objection(body: str, start: int, end: int, question: str = "") -> str | None:
    """Why an answer doesn't stand; None where nothing speaks against it.

    Args:
        body: the text that it stands in.
        start, end: where the answer begins and ends.
        question: its own words are no objection.
    """
    before, after = body[max(0, start - BEFORE) : start], body[end : end + READ]
    asked = question[-20_000:].lower()
    later = body[end : end + LATER]
    return said_before(before, asked) or said_after(after, asked) or said_later(later, body[start:end])
