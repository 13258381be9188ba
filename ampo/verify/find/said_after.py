"""What stands behind an answer: the rest of its sentence refutes it, or a later one takes it back."""

from __future__ import annotations

import re

from ampo.verify.find.around import END, MARKS, NOT, WOULD, Said, in_question
from ampo.verify.text.cues import Cued
from ampo.verify.text.languages import DENIED_AFTER

READ = 300  # characters behind an answer
_IF_AFTER = re.compile(
    r"^[^.;]{0,40}?\b(?:if|unless|provided(?: that)?|assuming|in case|when(?:ever)?)\b(?P<what>[^.;]*)", re.IGNORECASE
)
_QUESTIONED = re.compile(r"^[\s$*_)}\]]*(?:\\[)\]])?\s*[?？]")
_OTHERWISE = re.compile(
    r"[\s$*_)},;]*(?:\\[)\]])?[\s,;]*(?:and |or |but )?(?:otherwise|or else|if not)\b", re.IGNORECASE
)
_OR_SO = re.compile(r"\W{0,4}(?:or so|or thereabouts|give or take|or maybe|or perhaps|or possibly)\b", re.IGNORECASE)
_REFUTED = re.compile(
    rf"^(?:\W|\\[a-z]+|\b(?!(?:since|because|as|while|where|and|so|then|if|"
    rf"for)\b)[\w'-]+\b(?<!which)(?<!that)(?<!but)\s?){{0,5}}?\s*(?:,\s*(?:which|that)\s+|,?\s*but(?: (?:that|this|"
    rf"it))?\s+)?(?:\b(?:is|was|are|were|seems|looks|must be|would be)\s+(?:\w+ly\s+|also\s+|just\s+|"
    rf"still\s+)?(?:not\b(?! only)|wrong|incorrect|false|untrue|impossible|invalid|mistaken|a (?:mistake|guess|trap)|"
    rf"(?:only |just )?(?:my|a|our|the) (?:first|initial|original|early|earlier|former|naive) (?:guess|thought|answer|"
    rf"attempt|try|idea|estimate|impression|result)\b|only a guess|too (?:big|small|large|high|low|many|few)|rejected|"
    rf"ruled out|excluded|extraneous|what (?:a|an|some|many|most|people|students|one)\b|off\b)|"
    rf"\b(?:is|was|are|were|does|do|did|can|could){NOT}\b|\bcannot\b|\bcan not\b|"
    rf"\bfails?\b|\bcontradicts?\b|\bcannot be\b)",
    re.IGNORECASE,
)
_MARKED_WRONG = re.compile(
    r"^\W{0,6}\(?\s*(?:wrong|incorrect|false|rejected|extraneous|invalid|not valid|discarded?)\b", re.IGNORECASE
)
_BUT_UNSURE = Cued(
    re.compile(
        rf"\b(?:but|though|although)\b[^.]*\b(?:not (?:entirely |completely |really |quite )?(?:sure|certain)|"
        rf"cannot tell|ca{NOT} (?:tell|be sure)|"
        rf"do(?:es)?(?: not|{NOT}) know|unsure|doubt|only a guess|(?:wrong|incorrect|false|impossible))\b",
        re.IGNORECASE,
    )
)
_THAT = r"(?:that|this|it|which|the (?:above|answer|previous (?:answer|result|value)))"
_TAKEN_BACK_NEXT = re.compile(
    rf"^\W*(?:(?:hmm+|oh|oops|sorry|actually|no|wait|hold on|but|however)\W+)*(?:"
    rf"\b{_THAT}(?:['’]s|\s+(?:is|was|seems|must be|looks))\s+(?:\w+ly\s+|clearly\s+)?(?:not (?:right|correct|true|"
    rf"it|the answer|what|possible)|wrong|incorrect|false|a mistake|mistaken|impossible|too)"
    rf"|\b{_THAT}\s+(?:is|was|can|could|does|must){NOT}\s+(?:be\s+)?(?:right|correct|true|it|work|the|possible|what)"
    rf"|\b{_THAT}\s+(?:cannot|can not)\s+be\b|\b{_THAT}\s+(?:fails|contradicts|violates)\b|no,?\s+wait|wait,?\s+no\b|"
    rf"nope\b|scratch that|not so fast)",
    re.IGNORECASE,
)
_TAKEN_BACK = Cued(
    re.compile(
        r"\b(?:no,? wait|wait,? no|scratch that|just (?:kidding|joking)|i (?:hereby )?(?:withdraw|retract|take (?:it|"
        r"that|this) back|was wrong|"
        r"made (?:a|an) (?:\w+ )?(?:mistake|error))|"
        r"(?:the|this|that|my) (?:boxed )?(?:box|answer|result|value|candidate|root|solution)(?: (?:above|"
        r"i (?:gave|boxed|wrote)|in the box))? (?:is|was) "
        r"(?:wrong|incorrect|false|mistaken|outdated|extraneous|invalid|rejected|not (?:my|the|right|correct|"
        r"true|valid))|(?:correction|erratum):|"
        r"(?:ignore|disregard|forget|discard|scrap) (?:that|this|the (?:above|boxed|previous|earlier|first)|"
        r"my (?:answer|previous|earlier|first|boxed))|(?:the|my) (?:above|previous|"
        r"earlier|boxed) "
        r"(?:answer|result|value)s? (?:is|was) (?:wrong|incorrect|false|not)|let me (?:redo|correct) (?:this|that|it)|"
        r"on second thought|should (?:actually|really|instead) (?:be|have been))(?!\w)",
        re.IGNORECASE,
    )
)
_NO_SOLUTION = re.compile(
    r"\bthere (?:is|are)(?: therefore| then| thus)? no (?:real |valid )?solutions?\b", re.IGNORECASE
)
_BOX = re.compile(r"^\\(?:boxed|fbox)|[{}]")
_PICK = Cued(
    re.compile(
        r"\btake your pick\b|"
        r"\b(?:cannot tell|can[’']?t tell|do(?: not|n[’']?t) know|not (?:sure|clear)|unclear) which\b|"
        r"\b(?:either|both|any)(?: one| of (?:them|these))? (?:seems?|may|might|could|is|"
        r"are) (?:plausible|possible|right|correct|work)",
        re.IGNORECASE,
    )
)


def said_after(after: str, asked: str) -> str | None:
    """Why the rest of its sentence speaks against it."""
    end = END.search(after)
    sentence = MARKS.sub(" ", after[: end.start()] if end else after)
    if _QUESTIONED.match(after):
        return "questioned"
    if _OTHERWISE.match(after):
        return "a condition"
    if _OR_SO.match(sentence):
        return "a guess"
    if (
        DENIED_AFTER.match(sentence)
        or _REFUTED.match(sentence)
        or _MARKED_WRONG.match(sentence)
        or Said(sentence).search(_BUT_UNSURE)
    ):
        return "refuted"
    m = _IF_AFTER.match(sentence)
    if m and asked and not in_question(m["what"], asked):
        return "a condition"
    if m and not asked and WOULD.search(sentence):
        return "a condition"
    return None


def said_later(later: str, answer: str) -> str | None:
    """Why what follows takes it back. answer: with its box."""
    value = _BOX.sub("", MARKS.sub("", answer)).strip() if len(answer) <= READ else ""
    denied = value and re.search(rf"\bnot \\?\$?{re.escape(value)}(?![\w.,]*\d)", later[:READ])
    if value and re.search(r"\d", value) and _NO_SOLUTION.search(later[:READ]):
        return "withdrawn"
    if denied or Said(later).search(_TAKEN_BACK):
        return "withdrawn"
    end = END.search(later)
    if (end and _TAKEN_BACK_NEXT.match(later[end.end() :])) or _TAKEN_BACK_NEXT.match(
        re.sub(r"^[\s$*)\]\\.?!]+", "", later)
    ):
        return "withdrawn"
    return "one of several" if Said(later[:READ]).search(_PICK) else None
