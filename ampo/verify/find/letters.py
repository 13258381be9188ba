"""The letter that a response to a choice question ends in: "so option A is correct", "It must be **C) to hide.**".

A capital A that begins a sentence is an article, a letter that is denied or stands beside another is no choice, and of
letters in several sentences the last one's counts.
"""

from __future__ import annotations

import re

LINE = 400
_LONE = re.compile(r"[*_`(\[\s]*([A-Za-z])[*_`)\]\s.:]*")
_LEADING = re.compile(r"\s*[*_`(\[]*([A-Z])[*_`\])]*[).:]\s+\S|\s*\(([A-Z])\)")
_SENTENCE = re.compile(r"(?<=[.!?;])(?:\*\*)?\s+(?=[A-Z$*\\(\"])")
_LETTER = r"[*_`(\[]{0,4}([A-J])[*_`)\]]{0,4}"
_OPTION = r"(?:(?:the\s+)?(?:answer|option|choice|letter|statement)\s+)?"
_COMMITS = re.compile(
    r"(?:\b(?:choose|chose|pick|select|go with|going with|opt for|say|lean to(?:wards?)?|answer is|choice is|option is|"
    r"must be|should be|"
    rf"would be|leaves|left with|out is|one is|it is|it's|is|[Ss]o|[Hh]ence|[Tt]hus|[Tt]herefore|answer|is then)|"
    rf":)[,:]?\s+{_OPTION}"
    rf"(?P<said>{_LETTER}(?:\.?$|(?:[).:*_]{{1,4}}\s+|\s+[—–]\s+|,\s+(?=[a-z]{{2}}))(?P<text>.{{1,300}})$))"
)
_BEHIND = re.compile(
    rf"(?:[,(—–]\s?(?:option|choice|letter)\s|\s(?:→|⇒|=>)\s?{_OPTION}|\b(?:listed|labell?ed|given) as\s{_OPTION})"
    rf"{_LETTER}\.?$"
)
_TEMPTS = re.compile(
    r"\b(?:tempt\w*|students?|people|some|many|would|distractor|trap|guess\w*|though|although|seems)\b", re.IGNORECASE
)
_NOT_THAT = re.compile(r",?\s(?:and\s|but\s)?not\s\(?[A-J]\)?[.\s]*$")
_IS_RIGHT = re.compile(
    rf"\b(?:option|choice|answer|statement)\s+{_LETTER}\s+(?:is|would be|must be|seems)\s+(?:the\s+)?(?:only\s+)?"
    r"(?:correct|right|best|true|answer|one that)\b"
)
_BOLD = re.compile(r"\*\*\s*(\(?[A-J]\)?[).:]\s+[^*]{1,300}|\(?[A-J]\)?)\s*\*\*[.\s]*$")
_OPENS = re.compile(r"(?:option|choice|answer)\s+\(?([A-J])\)?\s*[,:.)\-]", re.IGNORECASE)
_DENIES = re.compile(
    r"\b(?:not|never|no|neither|nor|cannot|except|but|other than|eliminat\w*|exclud\w*|rul\w+ out|reject\w*|wrong|"
    r"incorrect|false|if|unless|"
    r"maybe|perhaps|might|could|either|both|or|between)\b|n['’]t\b",
    re.IGNORECASE,
)


def chosen(body: str) -> str | None:
    """The letter, with its option's text where it has it; None where the ending chooses none."""
    lines = [line for line in body.splitlines() if line.strip()]
    if not lines:
        return None
    last = _LEADING.match(lines[-1])
    before = _LEADING.match(lines[-2]) if last and len(lines) > 1 else None
    listed = bool(last and before and ord(last[1] or last[2]) == ord(before[1] or before[2]) + 1)  # the options again
    if _LONE.fullmatch(lines[-1]) or (last and not listed):
        return lines[-1].strip()
    if listed:
        return None
    return _in_sentence(_SENTENCE.split(lines[-1])[-1].strip())


def _in_sentence(sentence: str) -> str | None:
    if len(sentence) > LINE or "?" in sentence:
        return None
    if m := _BOLD.search(sentence):
        return None if _denied(sentence[: m.start()]) else m[1]
    if lone := _LONE.fullmatch(sentence):
        return lone[1] if lone[1].isupper() else None
    if (m := _IS_RIGHT.search(sentence)) and not _denied(sentence[: m.start()]) and not _denied(sentence[m.end() :]):
        return m[1]
    plain = _NOT_THAT.sub("", re.sub(r"\*\*|__|`", "", sentence))
    found = list(_COMMITS.finditer(plain))
    if found and not _denied(plain[: found[-1].start("said")]):
        return found[-1]["said"]
    behind = _BEHIND.search(plain)
    if behind and not _DENIES.search(plain) and not _TEMPTS.search(plain):
        return behind[1]
    m = _OPENS.match(plain)
    return m[1] if m and not _DENIES.search(plain) and len(re.findall(r"(?<!\w)[A-J](?!\w)", plain)) == 1 else None


def _denied(before: str) -> bool:
    """Whether the clause that a letter stands in takes it back."""
    clause = re.split(r"[,;:]|\b(?:so|hence|thus|therefore|because|means)\b", before)
    return bool(_DENIES.search(clause[-1] if clause[-1].strip() else " ".join(clause[-2:])))
