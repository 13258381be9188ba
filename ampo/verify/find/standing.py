"""Whether what is said around an answer lets it stand, or denies it, withdraws it, or makes it a condition or a guess.

"It is not \\boxed{17}", "If n were odd the answer would be 17", "\\boxed{36}? That can't be right", "Some say
\\boxed{9}", "the only pair that fails is \\boxed{(3,2)}", "at least \\boxed{117}". Read is the sentence that the answer
stands in, back to the last "so" or "but", and the sentence after it. A word that the question has
itself is no such sign: where the least number is asked for, "at least 5" is an answer.
"""

from __future__ import annotations

import re

from ampo.verify.text.cues import Cued
from ampo.verify.text.languages import DENIED_AFTER, DENIED_BEFORE, HEDGED_BEFORE

BEFORE, AFTER, LATER = 300, 300, 1_000  # characters that are read

TAKEN_BACK = frozenset({"withdrawn", "questioned", "refuted", "one of several"})  # and what was said before with it
_NOT = "n['’]t"
_END = re.compile(r"[.!?](?=[\s*_)\"'$]|\\[)\]]|$)|[。！？]|\n\s*\n")
_MARKS = re.compile(
    r"\$+|\\[()\[\]]|\*\*|__|\\(?:text|textbf|mathbf|displaystyle|quad|qquad|left|right)(?![a-zA-Z])|[{}~]|\\[,;:! ]"
)
_LABEL = re.compile(
    r"(?:\b[a-zA-Z](?:_\{?\w{1,3}\}?|\d)?'*(?:\([a-z]\))?|\([a-z](?:,\s*[a-z])*\))\s*(?:=|≈|\\approx|:|\bis\b|"
    r"\bequals?\b)\s*$"
)
_RESET = re.compile(
    r"\b(?:so|but|hence|thus|therefore|however|whereas|while|consequently|instead|correct(?:ing|ed)?|in (?:truth|"
    r"fact|reality)|"
    r"actually|we (?:get|have|find|obtain|conclude)|which (?:gives|yields|means)|then)\b|;|\\(?:Rightarrow|implies|"
    r"therefore)",
    re.IGNORECASE,
)
_SMALL = (
    r"(?:\s+(?:equal(?:s| to)?|be|get|gets|give|gives|obtain|reach|is|are|to|the|a|an|value|answer|number|result|of|"
    r"as|just|simply|actually|exactly|"
    r"even|really|for|only))*"
)
_DENIED = Cued(
    re.compile(
        rf"(?:\b(?:not|never|cannot|neither|nor|except(?: for)?|excepting|excluding|other than|rather than|instead of|"
        rf"unlike|no longer|"
        rf"anything but|different from|differs? from|nothing like|far from|no way (?:that )?(?:it|"
        rf"this) is)\b(?! only\b|"
        rf" just\b|"
        rf" merely\b)|{_NOT}\b|≠|\\ne(?:q)?){_SMALL}$",
        re.IGNORECASE,
    )
)
_NOT_BELIEVED = Cued(
    re.compile(
        rf"(?:{_NOT}|\b(?:not|cannot|never))\s+(?:\w+\s+)?(?:think|believe|know|say|claim|conclude|agree|sure|certain|"
        rf"tell|follow|"
        r"mean|true|correct|possible|the case|accept|trust|clear (?:that|whether|if))\b|\b(?:doubts?|denie[sd]|deny|"
        r"disagree)\b|"
        r"\b(?:whether|nobody|no one)\b|\b(?:it is|it's) (?:false|wrong|untrue|a myth)\b",
        re.IGNORECASE,
    )
)
_BOUNDED = Cued(
    re.compile(
        r"\b(?:at (?:least|most)|(?:more|less|fewer|greater|larger|smaller|bigger|higher|lower|longer|shorter) than"
        r"(?: or equal to)?|above|below|between|exceeds?|exceeding|beyond|upper bound(?: of| is)?|"
        r"lower bound(?: of| is)?|"
        r"bounded by|no (?:more|less|fewer) than)\s*(?:the\s+)?$",
        re.IGNORECASE,
    )
)
_NEITHER_MORE = re.compile(
    r"\bno more (?:and|or|nor) no(?:r)? less than\s*$|\b(?:neither|no) more nor less than\s*$", re.IGNORECASE
)
_CALCULATED = Cued(
    re.compile(
        r"\b(?:twice|double|triple|thrice|half(?: of)?|minus|negative|plus|times|divided by|"
        r"multiplied by|the (?:square|"
        r"cube)"
        r"(?: root)? of|the (?:reciprocal|inverse|opposite|negative|logarithm|factorial) of|"
        r"a (?:multiple|divisor|factor|"
        r"power) of)"
        r"\s*(?:the\s+)?$",
        re.IGNORECASE,
    )
)
_FALSE_ROLE = Cued(
    re.compile(
        r"\b(?:wrong|wrongly|incorrect|incorrectly|false|falsely|mistaken|mistakenly|erroneous|naive|naïve|careless|"
        r"mistakes?|"
        r"fails?|failed|"
        r"failing|tempting|trap|extraneous|reject(?:ed)?|discard(?:ed)?|exclude[sd]?|withdraw|withdrew|"
        r"retract|disprove[ds]?|"
        r"refute[ds]?|"
        r"rules? out|ruled out|eliminate[ds]?|invalid|impossible|off by|violates?)\b(?:(?!\band we\b|"
        r"\bwe\b|\bleaves?\b|"
        r"\bleaving\b)[^,;:]){0,60}$",
        re.IGNORECASE,
    )
)
_CLAIMED = Cued(
    re.compile(
        r"\b(?:someone|somebody|some(?: (?:people|students|might|may|would|books?|sources?))?|others?|many(?: people|"
        r" students)?|"
        r"(?:a|my|the|some|most) (?:\w+ )?(?:students?|friend|teacher|textbook|classmate|reader|person|people)|people|"
        r"one (?:may|might|could)|"
        r"they)\s+(?:\w+\s+){0,2}?(?:claim|think|say|said|believe|argue|answer|guess|got|assert|thought|wrote|propose|"
        r"suggest)\w*",
        re.IGNORECASE,
    )
)
_GUESSED = Cued(
    re.compile(
        r"\b(?:maybe|perhaps(?! surprisingly)|possibly|might (?:also )?be|may (?:also )?be|could (?:also )?(?:be|"
        r"have been)|guess(?:ed|es|"
        r"ing)?|"
        r"first (?:thought|estimate|attempt|idea)|suspect|seems plausible|either way)\b|\blies? (?:between|in)\b",
        re.IGNORECASE,
    )
)
_EXAMPLE = Cued(
    re.compile(
        r"\b(?:for example|for instance|e\.\s?g\.|such as|as in|something like|in the (?:form|"
        r"format)(?: of)?)\s*[,:]?\s*$",
        re.IGNORECASE,
    )
)
_COUNTERFACTUAL = re.compile(
    rf"\bif\b[^.;]*?\b(?:were|had|was{_NOT}|wasn['’]?t|hadn['’]?t|weren['’]?t)\b[^.;]*\b(?:would|could|might)\b|"
    rf"\bhad\b[^.;]*\bwould have\b|"
    r"\bwere\b[^.;]{1,60}\bwould be\b|\bunless\b",
    re.IGNORECASE,
)
_IF = re.compile(r"\b(?:if|in case|supposing|suppose|assuming|provided)\b(?P<what>[^.;]*)", re.IGNORECASE)
_WOULD = re.compile(r"\b(?:would|might|could)\b", re.IGNORECASE)
_IF_AFTER = re.compile(
    r"^[^.;]{0,40}?\b(?:if|unless|provided(?: that)?|assuming|in case|when(?:ever)?)\b(?P<what>[^.;]*)", re.IGNORECASE
)
_QUESTIONED = re.compile(r"^[\s$*_)}\]]*(?:\\[)\]])?\s*[?？]")
_OR_SO = re.compile(r"\W{0,4}(?:or so|or thereabouts|give or take|or maybe|or perhaps|or possibly)\b", re.IGNORECASE)
_REFUTED = re.compile(
    rf"^(?:\W|\\[a-z]+|\b(?!(?:since|because|as|while|where|and|so|then|if|"
    rf"for)\b)[\w'-]+\b(?<!which)(?<!that)(?<!but)\s?){{0,5}}?\s*(?:,\s*(?:which|that)\s+|,?\s*but(?: (?:that|this|"
    rf"it))?\s+)?(?:\b(?:is|was|are|were|seems|looks|must be|would be)\s+(?:\w+ly\s+|also\s+|just\s+|"
    rf"still\s+)?(?:not\b(?! only)|wrong|incorrect|false|untrue|impossible|invalid|mistaken|a (?:mistake|guess|trap)|"
    rf"(?:only |just )?(?:my|a|our|the) (?:first|initial|original|early|earlier|former|naive) (?:guess|thought|answer|"
    rf"attempt|try|idea|estimate|impression|result)\b|only a guess|too (?:big|small|large|high|low|many|few)|rejected|"
    rf"ruled out|excluded|extraneous|what (?:a|an|some|many|most|people|students|one)\b|off\b)|"
    rf"\b(?:is|was|are|were|does|do|did|can|could){_NOT}\b|\bcannot\b|\bcan not\b|"
    rf"\bfails?\b|\bcontradicts?\b|\bcannot be\b)",
    re.IGNORECASE,
)
_MARKED_WRONG = re.compile(
    r"^\W{0,6}\(?\s*(?:wrong|incorrect|false|rejected|extraneous|invalid|not valid|discarded?)\b", re.IGNORECASE
)
_BUT_UNSURE = Cued(
    re.compile(
        rf"\b(?:but|though|although)\b[^.]*\b(?:not (?:entirely |completely |really |quite )?(?:sure|certain)|"
        rf"cannot tell|ca{_NOT} (?:tell|be sure)|"
        rf"do(?:es)?(?: not|{_NOT}) know|unsure|doubt|only a guess|(?:wrong|incorrect|false|impossible))\b",
        re.IGNORECASE,
    )
)
_THAT = r"(?:that|this|it|which|the (?:above|answer|previous (?:answer|result|value)))"
_TAKEN_BACK_NEXT = re.compile(
    rf"^\W*(?:(?:hmm+|oh|oops|sorry|actually|no|wait|hold on|but|however)\W+)*(?:"
    rf"\b{_THAT}(?:['’]s|\s+(?:is|was|seems|must be|looks))\s+(?:\w+ly\s+|clearly\s+)?(?:not (?:right|correct|true|"
    rf"it|the answer|what|possible)|wrong|incorrect|false|a mistake|mistaken|impossible|too)"
    rf"|\b{_THAT}\s+(?:is|was|can|could|does|must){_NOT}\s+(?:be\s+)?(?:right|correct|true|it|work|the|possible|what)"
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
        r"(?:ignore|disregard|forget) (?:that|this|the above|my (?:answer|previous))|(?:the|my) (?:above|previous|"
        r"earlier|boxed) "
        r"(?:answer|result|value)s? (?:is|was) (?:wrong|incorrect|false|not)|let me (?:redo|correct) (?:this|that|it)|"
        r"on second thought|should (?:actually|really|instead) (?:be|have been))(?!\w)",
        re.IGNORECASE,
    )
)
_HEDGED_BEFORE, _DENIED_BEFORE = Cued(HEDGED_BEFORE), Cued(DENIED_BEFORE)
_NO_SOLUTION = re.compile(
    r"\bthere (?:is|are)(?: therefore| then| thus)? no (?:real |valid )?solutions?\b", re.IGNORECASE
)
_BOX = re.compile(r"^\\(?:boxed|fbox)|[{}]")
_PICK = Cued(
    re.compile(
        r"\btake your pick\b|\b(?:either|both|any)(?: one| of (?:them|these))? (?:seems?|may|might|could|is|"
        r"are) (?:plausible|possible|right|correct|work)",
        re.IGNORECASE,
    )
)
_WORD = re.compile(r"[a-z]{3,}|\d+")


def objection(body: str, start: int, end: int, question: str = "") -> str | None:
    """Why an answer doesn't stand; None where nothing speaks against it.

    Args:
        body: the text that it stands in.
        start, end: where the answer begins and ends.
        question: its own words are no objection.
    """
    before, after = body[max(0, start - BEFORE) : start], body[end : end + AFTER]
    asked = question[-20_000:].lower()
    later = body[end : end + LATER]
    return _said_before(before, asked) or _said_after(after, asked) or _said_later(later, body[start:end])


class _Said:
    """A text that several patterns are tried on."""

    def __init__(self, text: str) -> None:
        self.text, self.lower = text, text.lower()

    def search(self, pattern: Cued) -> re.Match[str] | None:
        return pattern.search(self.text, self.lower)


def _said_before(text: str, asked: str) -> str | None:
    sentence = _sentence_before(text)
    near = _Said(_unlabelled(sentence[-160:]).rstrip(" :,") if sentence.rstrip()[-1:] not in ".!?" else "")
    resets = list(_RESET.finditer(sentence))
    clause = _Said(sentence[resets[-1].end() :] if resets else sentence)
    if _Said(text.rstrip(" $*:,{")).search(_EXAMPLE) and "example" not in asked:
        return "an example"
    if near.search(_HEDGED_BEFORE):
        return "a guess"
    if text.rstrip("$ ").endswith("~~"):
        return "struck out"
    for pattern, why in ((_DENIED, "denied"), (_DENIED_BEFORE, "denied"), (_CALCULATED, "a part of what is said")):
        if near.search(pattern):
            return why
    if near.search(_BOUNDED) and not _NEITHER_MORE.search(near.text) and not _extreme(asked):
        return "a bound"
    for pattern, why in (
        (_NOT_BELIEVED, "denied"),
        (_FALSE_ROLE, "said to be wrong"),
        (_GUESSED, "a guess"),
        (_CLAIMED, "said by others"),
    ):
        m = clause.search(pattern)
        if m and m[0].split()[0].lower() not in asked:
            return why
    return _conditional(clause.text, asked)


def _conditional(clause: str, asked: str) -> str | None:
    if _COUNTERFACTUAL.search(clause):
        return "a condition"
    m = _IF.search(clause)
    if m and _WOULD.search(m["what"]) and not _in_question(m["what"], asked):
        return "a condition"
    return None


def _said_after(after: str, asked: str) -> str | None:
    end = _END.search(after)
    sentence = _MARKS.sub(" ", after[: end.start()] if end else after)
    if _QUESTIONED.match(after):
        return "questioned"
    if _OR_SO.match(sentence):
        return "a guess"
    if (
        DENIED_AFTER.match(sentence)
        or _REFUTED.match(sentence)
        or _MARKED_WRONG.match(sentence)
        or _Said(sentence).search(_BUT_UNSURE)
    ):
        return "refuted"
    m = _IF_AFTER.match(sentence)
    if m and asked and not _in_question(m["what"], asked):
        return "a condition"
    if m and not asked and _WOULD.search(sentence):
        return "a condition"
    return None


def _said_later(later: str, answer: str) -> str | None:
    value = _BOX.sub("", _MARKS.sub("", answer)).strip() if len(answer) <= AFTER else ""
    denied = value and re.search(rf"\bnot \\?\$?{re.escape(value)}(?![\w.,]*\d)", later[:AFTER])
    if value and re.search(r"\d", value) and _NO_SOLUTION.search(later[:AFTER]):
        return "withdrawn"
    if denied or _Said(later).search(_TAKEN_BACK):
        return "withdrawn"
    end = _END.search(later)
    if (end and _TAKEN_BACK_NEXT.match(later[end.end() :])) or _TAKEN_BACK_NEXT.match(
        re.sub(r"^[\s$*)\]\\.?!]+", "", later)
    ):
        return "withdrawn"
    return "one of several" if _Said(later[:AFTER]).search(_PICK) else None


def _unlabelled(text: str) -> str:
    """Without "x =" or "f(x) is" at its end."""
    return (
        _LABEL.sub("", text) if text.rstrip().endswith(("=", "≈", "\\approx", ":", "is", "equal", "equals")) else text
    )


def _sentence_before(text: str) -> str:
    """What of the answer's sentence stands before it, without marks."""
    text = text.rstrip()
    ends = [m.end() for m in _END.finditer(text) if m.end() < len(text) or m[0].strip()]
    return " ".join(_MARKS.sub(" ", text[ends[-1] :] if ends else text).split())


def _in_question(words: str, asked: str) -> bool:
    """Whether most of what a condition says stands in the question."""
    said = _WORD.findall(words.lower())
    return bool(said) and sum(word in asked for word in said) >= 0.6 * len(said)


def _extreme(asked: str) -> bool:
    return bool(
        re.search(
            r"least|most|minim|maxim|fewest|greatest|largest|smallest|highest|lowest|how (?:many|much|long|far)|"
            r"bound|shortest|longest|best",
            asked,
        )
    )
