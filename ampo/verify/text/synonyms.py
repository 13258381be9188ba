"""Phrases that are the same answer in other words, in the one spelling of `ampo.verify.text.phrases.phrase`."""

from __future__ import annotations

from ampo.verify.text.phrases import phrase

_TURNS = ("move", "moves", "go", "goes", "play", "plays", "start", "starts")
_GROUPS = (
    (
        "cannot be determined", "can't be determined", "cannot determine", "impossible to determine",
        "not enough information", "insufficient information", "not enough information to determine",
    ),
    (
        "infinitely many", "infinite", "infinitely many solution", "infinite solution", "infinite number",
        "infinite number of solution", "infinitely many of them",
    ),
    ("impossible", "not possible"),
    ("undefined", "not defined", "is undefined", "is not defined"),
    ("right triangle", "right angled triangle"),
    ("counterclockwise", "counter clockwise", "anticlockwise", "anti clockwise"),
    ("discontinuous", "not continuous"),
    ("tie", "draw"),
    *(
        (f"{place} player", f"player {i}", f"player {number}", *(f"player who {verb} {place}" for verb in _TURNS))
        for place, i, number in (("first", 1, "one"), ("second", 2, "two"))
    ),
    *(
        (f"quadrant {roman}", f"quadrant {i}", f"{ordinal} quadrant", f"{roman} quadrant")
        for i, (roman, ordinal) in enumerate(
            [("i", "first"), ("ii", "second"), ("iii", "third"), ("iv", "fourth")], start=1
        )
    ),
    *((f"{a}{b}", f"{a} {b}") for a in ("north", "south") for b in ("east", "west")),
)  # fmt: skip
_MEANING = {words: i for i, group in enumerate(_GROUPS) for words in group}


def synonymous(gold: str, answer: str) -> bool:
    """Whether two different normalised texts are known phrases of one meaning."""
    if not gold[:1].isalpha() and not gold.startswith("\\text"):
        return False
    meaning = _MEANING.get(phrase(gold))
    return meaning is not None and meaning == _MEANING.get(phrase(answer))
