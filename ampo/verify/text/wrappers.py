r"""What is set as text: \text{Nf3}, \mathrm{R2D2} and \operatorname{lcm} are the letters in them, and say no more.

Only the same letters are the same: where the answer is no product, R2D2 and \text{2R2D} are two things.
"""

from __future__ import annotations

import re

_WRAPPER = re.compile(
    r"\\(?:text(?:bf|rm|it|sf|tt|sc|sl|up|md|normal)?|math(?:rm|bf|it|sf|tt|normal)|operatorname|mbox|hbox|emph)\*?"
    r"\s?\{([^{}]*)\}"
)
_GROUP = re.compile(r"\{([^{}]*)\}")
_NESTED = 3
_CODE = re.compile(r"\s?((?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{2,20})\s?")  # letters with digits, as no word has


def same_letters(gold: str, answer: str) -> bool:
    """Whether two normalised texts are the same but for what is set as text; other commands must be in neither."""
    if "\\" not in gold + answer and "{" not in gold + answer:
        return False
    bare = _bare(gold)
    return bare == _bare(answer) != "" and "\\" not in bare


def codes_alike(gold: str, answer: str) -> tuple[str, str]:
    """Two normalised texts in which the same code, Nf3 or R2D2, is set as text in both or in neither."""
    if not _WRAPPER.search(gold) and not _WRAPPER.search(answer):
        return gold, answer
    return _as_in(gold, answer), _as_in(answer, gold)


def _bare(text: str) -> str:
    for _ in range(_NESTED):
        text = _WRAPPER.sub(r"\1", text)
    group = _GROUP.fullmatch(text)
    return " ".join((group[1] if group else text).split()).rstrip(" .")


def _as_in(text: str, other: str) -> str:
    """A text whose codes are bare where the other has them bare."""
    elsewhere = _WRAPPER.sub(" ", other)

    def code(m: re.Match[str]) -> str:
        inside = _CODE.fullmatch(m[1])
        bare = inside and re.search(rf"(?<![A-Za-z0-9\\]){inside[1]}(?![A-Za-z0-9])", elsewhere)
        return inside[1] if inside and bare else m[0]

    return _WRAPPER.sub(code, text)
