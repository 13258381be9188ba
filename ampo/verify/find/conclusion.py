"""The conclusion of a longer response that marks no answer: its last line, where that reads as one.

Models that were given no format end in "So the eighth term is 243/625.", "**5.4 cents**" or a displayed formula. Such a
line counts where it stands as a paragraph of its own, or begins as a conclusion does (so, thus, hence), or ends in bold
type; and no item of a list, check, remark, condition, negation, plan or question does. What is taken is the value
behind its last "is" where one stands there, else the whole sentence, of which the judge asks that every word be the
question's own or say nothing (`ampo.verify.question.number_sentence`).
"""

from __future__ import annotations

import re

from ampo.verify.find.short_response import reads_as_no_answer
from ampo.verify.text.languages import CONCLUDES, FOREIGN, concluded
from ampo.verify.text.words import MAY_STAND, of_another, that

_LINE = 400
_LEAD = re.compile(
    r"(?:(?:so|thus|hence|therefore|consequently|finally|in conclusion|in total|altogether|overall|i\.e\.)\b[,:]?\s*)+"
    r"(?:that\s+)?",
    re.IGNORECASE,
)
_WE = re.compile(r"we\s+(?:now\s+)?(?:get|have|find|obtain|conclude|see)\b(?:\s+that\b)?:?\s*", re.IGNORECASE)
_NEVER = re.compile(
    r"(?:[-*+>|#]\s|\d+[.)]\s|(?:check|note|verif|remark|recall|example|case|step|however|but|also|hint|using|since|"
    r"because|similarly|alternatively)\w*\b)",
    re.IGNORECASE,
)
_MINDED = (that("denies", "supposes", "hedges") - MAY_STAND) | {"either", "when", "would", "such"}
_HEDGED = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, _MINDED)))})\b|n['’]t\b|\?|\.\.\.$", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z$*\\])")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_IS = re.compile(
    r"(?:\b(?:is|are|was|equals|becomes)\b:?|\bis equal to\b|^[A-Za-z][A-Za-z ]{0,40}:)\s+(?!(?:in|at|of)\b)"
)
_FORMULA = r"(?:\$[^$]+\$|\\\(.+?\\\))"
_VALUE = re.compile(
    r"(?:\\?\$)?[-+]?\d[\d,]*(?:\.\d+)?(?:/\d+)?(?:\s*\\?%)?(?:\s+[a-zA-Z]+){0,2}"
    rf"|{_FORMULA}(?:(?:,|,? and) {_FORMULA})*(?:\s+[a-z]+){{0,2}}"
)
_TOLD = re.compile(r"[\d=]|\b(?:while|and|which|than|by)\b")  # of more than one thing


def conclusion(body: str, question: str) -> str | None:
    """The answer that the last line of a response concludes with; None where it is no conclusion."""
    body = body.rstrip()
    display = _display(body)
    if display is not None:
        return display
    before, _, line = body.rpartition("\n")
    line = line.strip()
    if len(line) > _LINE or _NEVER.match(line.lstrip("*_ ")):
        return None
    if FOREIGN.search(line) and (told := _foreign(line, before)):
        return told
    *others, sentence = _SENTENCE.split(line)
    alone = not others and before != "" and not before.rpartition("\n")[2].strip()
    bold = _bold(sentence)
    plain = re.sub(r"\*\*|__", "", sentence).strip()
    led = _LEAD.match(plain)
    if not (alone or led or bold):
        return None
    plain = _WE.sub("", plain[led.end() :] if led else plain, count=1)
    if _HEDGED.search(plain) or reads_as_no_answer(plain):
        return None
    if not (bold or re.search(r"[\d$\\]", plain)) or of_another(plain, question):
        return None
    return _value(bold or plain)


def _foreign(line: str, before: str) -> str | None:
    """The value that a last sentence in another language states, where it concludes or stands alone."""
    sentence = re.sub(r"\*\*|__", "", re.split(r"(?<=[。！？])|(?<=[.!?])\s", line.rstrip(" 。.!"))[-1])
    led = CONCLUDES.match(sentence)
    return concluded(sentence) if led or not before or not before.rpartition("\n")[2].strip() else None


def _display(body: str) -> str | None:
    """A displayed formula at the end."""
    for opening, closing in (("$$", "$$"), ("\\[", "\\]")):
        if body.endswith(closing):
            start = body.rfind(opening, 0, len(body) - 2)
            content = body[start + 2 : -2].strip()
            return content if start >= 0 and 0 < len(content) <= _LINE else None
    return None


def _bold(sentence: str) -> str | None:
    """What stands in bold type at the end of a sentence, or before its first comma: "**Yes**, ..."."""
    found = list(_BOLD.finditer(sentence))
    if len(found) != 1:
        return None
    ends = not re.search(r"\w", sentence[found[0].end() :])
    begins = not re.search(r"\w", sentence[: found[0].start()]) and sentence[found[0].end() :].startswith(",")
    return found[0][1].strip() if ends or begins else None


def _value(text: str) -> str:
    """The value behind the "is", where nothing but a value stands there; else the whole."""
    text = re.sub(r"[.!]$", "", text.strip())
    led = _LEAD.match(text)
    text = text[led.end() :] if led else text
    found = list(_IS.finditer(text))
    if len(found) == 1:  # with a second "is" it says two things
        subject, value = text[: found[0].start()], text[found[0].end() :].strip()
        if _VALUE.fullmatch(value) and not _TOLD.search(re.sub(r"\$[^$=]*\$", "", subject)):
            return value
    return text
