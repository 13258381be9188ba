"""What stands before an answer in its sentence, and denies it, bounds it, supposes it, or tells it of others."""

from __future__ import annotations

import re

from ampo.verify.find.around import END, MARKS, NOT, WOULD, Said, in_question
from ampo.verify.text.cues import Cued
from ampo.verify.text.languages import DENIED_BEFORE, HEDGED_BEFORE

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
    r"even|really|for|only|use|take|write|report|submit|choose|pick|trust|put))*"
)
_DENIED = Cued(
    re.compile(
        rf"(?:\b(?:not|never|cannot|neither|nor|except(?: for)?|excepting|excluding|other than|rather than|instead of|"
        rf"unlike|no longer|"
        rf"anything but|different from|differs? from|nothing like|far from|no way (?:that )?(?:it|"
        rf"this) is)\b(?! only\b|"
        rf" just\b|"
        rf" merely\b)|{NOT}\b|≠|\\ne(?:q)?){_SMALL}$",
        re.IGNORECASE,
    )
)
_NOT_BELIEVED = Cued(
    re.compile(
        rf"(?:(?<!need){NOT}|\b(?:not|cannot|never))\s+(?:\w+\s+)?(?:think|believe|know|say|claim|conclude|agree|sure|certain|"
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
_NEARLY = Cued(
    re.compile(
        r"\b(?:(?:just|only just|a (?:bit|little|touch|hair|tad|shade)|slightly|somewhat|well|barely|not (?:much|far)) "
        r"(?:under|over|above|below|short of|shy of|off|from|(?:less|more|fewer) than)|short of|shy of|not quite|"
        r"close to|nearly|almost|upwards? of|north of|south of)\s*(?:the\s+|a\s+)?$",
        re.IGNORECASE,
    )
)
_NEITHER_MORE = re.compile(
    r"\bno more (?:and|or|nor) no(?:r)? less than\s*$|\b(?:neither|no) more nor less than\s*$", re.IGNORECASE
)
_CALCULATED = Cued(
    re.compile(
        r"\b(?:(?:one|two|three|four|five|\d{1,6}) (?:more|less|fewer|greater|smaller|larger|above|below) than|"
        r"twice|double|triple|thrice|half(?: of)?|minus|negative|plus|times|divided by|"
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
    rf"\bif\b[^.;]*?\b(?:were|had|was{NOT}|wasn['’]?t|hadn['’]?t|weren['’]?t)\b[^.;]*\b(?:would|could|might)\b|"
    rf"\bhad\b[^.;]*\bwould have\b|"
    r"\bwere\b[^.;]{1,60}\bwould be\b|\bunless\b",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(r"\bif\b[^.]{0,120}\\boxed[^.]{0,80}\b(?:otherwise|or else|if not)\b", re.IGNORECASE)
_IF = re.compile(r"\b(?:if|in case|supposing|suppose|assuming|provided)\b(?P<what>[^.;]*)", re.IGNORECASE)
_HEDGED_BEFORE, _DENIED_BEFORE = Cued(HEDGED_BEFORE), Cued(DENIED_BEFORE)


def said_before(text: str, asked: str) -> str | None:
    """Why what stands before an answer in its sentence speaks against it; None where nothing does."""
    sentence = _sentence_before(text)
    near = Said(_unlabelled(sentence[-160:]).rstrip(" :,") if sentence.rstrip()[-1:] not in ".!?" else "")
    resets = list(_RESET.finditer(sentence))
    clause = Said(sentence[resets[-1].end() :] if resets else sentence)
    if Said(text.rstrip(" $*:,{")).search(_EXAMPLE) and "example" not in asked:
        return "an example"
    if near.search(_HEDGED_BEFORE):
        return "a guess"
    if text.rstrip("$ ").endswith("~~"):
        return "struck out"
    for pattern, why in ((_DENIED, "denied"), (_DENIED_BEFORE, "denied"), (_CALCULATED, "a part of what is said")):
        if near.search(pattern):
            return why
    if (m := near.search(_NEARLY)) and m[0].strip().lower() not in asked:
        return "a guess"
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
    if _COUNTERFACTUAL.search(clause) or _OTHERWISE.search(clause):
        return "a condition"
    m = _IF.search(clause)
    if m and WOULD.search(m["what"]) and not in_question(m["what"], asked):
        return "a condition"
    return None


def _unlabelled(text: str) -> str:
    """Without "x =" or "f(x) is" at its end."""
    return (
        _LABEL.sub("", text) if text.rstrip().endswith(("=", "≈", "\\approx", ":", "is", "equal", "equals")) else text
    )


def _sentence_before(text: str) -> str:
    """What of the answer's sentence stands before it, without marks."""
    text = text.rstrip()
    ends = [m.end() for m in END.finditer(text) if m.end() < len(text) or m[0].strip()]
    return " ".join(MARKS.sub(" ", text[ends[-1] :] if ends else text).split())


def _extreme(asked: str) -> bool:
    return bool(
        re.search(
            r"least|most|minim|maxim|fewest|greatest|largest|smallest|highest|lowest|how (?:many|much|long|far)|"
            r"bound|shortest|longest|best",
            asked,
        )
    )
