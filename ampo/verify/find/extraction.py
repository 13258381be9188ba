"""What is found in a response, and by which rule."""

from __future__ import annotations

from typing import NamedTuple

LINE = 400  # characters: longest answer of the phrase rules, and longest response that is taken whole


class Extraction(NamedTuple):
    """What was found. answer: None where there is none. truncated: cut off before a final answer. taken_back: there is
    one that doesn't stand, as it is denied, withdrawn, a guess or a condition."""

    answer: str | None
    rule: str
    truncated: bool = False
    taken_back: bool = False
