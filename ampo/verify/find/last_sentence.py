"""The last sentence of a response that marks no answer: "So she sells 9 * 2 = $18 of eggs.", "Hence the number is 809".

Models that were given no format end so. Notes behind it (a check, a remark) are passed over; of a sentence with "so" in
it the part behind counts. What is taken is the value behind its one "is", or behind its last "=". Of a sentence that
holds its value elsewhere every word must be the question's own (`ampo.verify.question.number_sentence`). A sentence
that denies, supposes, hedges, asks, plans or excuses is no answer.
"""

from __future__ import annotations

import re

from ampo.verify.find.ending import holds
from ampo.verify.find.told import values
from ampo.verify.question.number_sentence import stated
from ampo.verify.text.words import MAY_STAND, of_another, that

LINE = 400
NOTES = 2  # paragraphs behind it that are passed over

_QUOTED = re.compile(r"(?<=\n)[ \t]{0,3}>[ \t]?(?=[^\n]*\s*$)")  # a last line that is set apart
_NOTE = re.compile(
    r"\W{0,4}(?:sanity check|check|note|(?:to )?verif|plugging|substituting (?:it|this|that|"
    r"back)(?![^.\n]{0,80}\bwe (?:get|have|find) \$?[a-z]\$? ?=)|"
    r"remark|confidence|rate|this response|explanation|references?|i hope|"
    r"hope this|please|\W*$)\b|"
    r"\W{0,4}$|[-*_]{3,}\s*$|\((?!\w\))",
    re.IGNORECASE,
)
_FRAME = re.compile(r"[-+=*_|─│┌┐└┘═║╔╗╚╝\s]*")
_CELL = re.compile(r"\s*[|│║]\s*([^|│║]{1,200}?)\s*[|│║]\s*")
SENTENCE = re.compile(
    r"(?<=[.!?])(?:\*\*)?\s+(?=[A-Z$*\\(\"А-ЯÀ-Ý¿¡\u0600-\u06ff])|(?<=[。！？])(?=.)|"
    r"(?:(?<=[a-z)][.!?])|(?<=\d\d\.))\s+(?=\d[\d,.]*\s?[-+−*/×÷]\s?\$?\d)"
)
_SO = re.compile(
    r"(?:^|[,;.]\s+|(?<!\bis)(?<!\bare)\s)(?:and\s+)?(?:so|hence|thus|therefore|consequently|in total|altogether|"
    r"overall|which means(?: that)?|that is)\b"
    r"[,:]?\s+(?!that\b|far\b|much\b|many\b|on\b|[a-z]+ that\b)(?:that\s+)?",
    re.IGNORECASE,
)
_WE = re.compile(
    r"^(?:we|i)\s+(?:now\s+)?(?:get|have|find|obtain|conclude|see|know)\b(?:\s+that\b)?:?\s*", re.IGNORECASE
)
_WOULD = re.compile(
    r"(?!(?:at|with|in|on|for|by|under|from|then|one|someone|nobody|which|otherwise|instead)\b)"
    r"(?P<who>[A-Za-z0-9][A-Za-z0-9 -]{0,40}?)(?:\swould|['’]d)\s"
    r"(?=(?:pay|cost|need|take|get|earn|spend|receive|save|make|set)\b|(?:have|be)\s[$€£]?\d)",
    re.IGNORECASE,
)
_SUPPOSES = re.compile(
    r"\b(?:if|unless|without|instead|otherwise|were|had|but|though|however|think|guess|expect|when|before|normally|"
    r"usually|originally|wrong|naive\w*)\b",
    re.IGNORECASE,
)
_MINDED = (that("denies", "supposes", "hedges", "excuses", "contrasts") - MAY_STAND) | {
    *[
        "either",
        "would",
        "let",
        "let's",
        "solve",
        "compute",
        "calculate",
        "evaluate",
        "determine",
        "prove",
        "consider",
        "try",
        "please",
        "someone",
        "some",
        "leave",
    ]
}
_REFUSED = re.compile(
    rf"\b(?:{'|'.join(sorted(map(re.escape, _MINDED)))})\b|n['’]t\b|\?|\.\.\.$|\bto (?:find|get)\b|\bneed to\b",
    re.IGNORECASE,
)
_ROUNDED = (
    r"(?:(?:about|approximately|roughly|around|exactly|then|thus|therefore|also|equal to|simply|just|only|"
    r"indeed)\s+)*"
)
_NUMBER = (
    r"(?:\\?[$€£]\s?)?[-−]?\d[\d,]*(?:\.\d+)?(?:\s?(?:[×x*·]|\\times|"
    r"\\cdot)\s?10\s?(?:\^?\s?\{?[-−]?\d{1,3}\}?|⁻?[⁰¹²³⁴-⁹]{1,3}))?(?:\s?/\s?\d+)?"
    r"(?:\s?(?:\\?%|°))?"
)
_FORMULA = r"(?:\$[^$]{1,300}\$|\\\(.{1,300}?\\\))"
_WORDS = r"(?:\s+[A-Za-zµμÅΩ][A-Za-z'/^⁻¹²³µμΩ-]*\d?){0,8}"
_IS = r"(?:\b(?:is|are|was|were|equals|becomes|makes|totals)\b:?|\bis equal to\b|≈)\s+"
_COPULA = re.compile(_IS)
_STATES = re.compile(
    rf"(?P<subject>.*?){_IS}{_ROUNDED}(?P<value>(?:{_FORMULA}(?:(?:,|,? and|,? or) {_FORMULA})*|"
    rf"{_NUMBER})(?P<behind>{_WORDS}))",
    re.DOTALL,
)
_NAMED = re.compile(
    rf"(?P<subject>.*?){_IS}(?:facing\s+)?(?P<value>(?:(?:an?|the)\s+)?[A-Za-z][a-z-]+(?:\s[A-Z][a-z]+)?)"
)
_CHAIN = re.compile(rf"(?P<subject>.*)(?P<sign>[=≈])\s*{_ROUNDED}(?P<value>{_NUMBER}(?P<behind>{_WORDS}))", re.DOTALL)
_CHAIN_OF_FORMULAS = re.compile(
    r"(?P<subject>.*)(?:\$|\\\()[^$]{1,300}(?:=|\\approx)(?P<value>[^$=]{1,200}?)(?:\$|\\\))(?P<behind>)", re.DOTALL
)
_LISTED = re.compile(
    r"(?<![\w\\])(?P<name>[A-Za-z]\w{0,9})\s?=[^=]{1,80}?(?:,|;|\band\b|\bor\b)[\s$(\\]{0,4}(?P=name)\s?=[^=]*$"
)
_NAMED_VALUES = re.compile(
    r"\$?(?P<a>[a-zA-Z])\s?=\s?[-−]?[\w\\{}/.]{1,30}\$?(?:,|,? and) \$?(?P<b>[a-zA-Z])\s?=\s?[-−]?[\w\\{}/.]{1,30}\$?$"
)
_EQUATION = re.compile(r"\$?(?=[^=]*[a-zA-Z])(?=[^=]*[-+*/^²³])[^=]{3,200}=[^=]{1,100}\$?")  # of a curve, a plane
_WHERE = re.compile(r"\s+(?:in|at|on|from|for|when|out|every|of|after|by|during|to|each)\b.*$", re.DOTALL)
_AMOUNT = r"\d[\d,]{0,14}(?:\.\d{1,6})?"
_OF_MONEY = re.compile(
    rf"(?<![\d.,$])\$?{_AMOUNT}(?:\s?[-+−*/×]\s?\$?{_AMOUNT}){{1,9}}\s?=\s?\$?(?P<result>{_AMOUNT})(?![\d.])"
)
_ROUNDING = re.compile(r"\b(?:about|approximately|roughly|around)\s+(?=\d*\.\d)")
_LEADS_IN = re.compile(
    r"^(?!(?:ignoring|assuming|supposing|excluding|neglecting|omitting|counting|including|excepting|adding|during)\b)"
    r"(?:[A-Z][a-z]+ing|Expressed|Rounded|Written|Put|Simplified)\b[^,\d=$\\]{0,60},\s"
)  # Setting each factor to zero,
_ADDING = re.compile(r"^(?:adding|including|together with|counting)\b[^,]{0,80},\s+", re.IGNORECASE)
_TOLD = re.compile(r"\d|\b(?:while|and|which|than|by|if)\b")
_BEHIND = that("bounds", "offers", "denies", "calculates", "contrasts", "supposes", "falsifies") | {
    "which",
    "too",
    "that",
}


def last_value(tail: str, question: str) -> str | None:
    """The value that the last sentence states; None where it states none, or says what the question says."""
    clause = last_clause(tail)
    if clause is None or of_another(clause, question) or " ".join(clause.split()) in " ".join(question.split()):
        return None
    return _marked(clause, question) or stated(_unrounded(clause), question)


def _marked(clause: str, question: str) -> str | None:
    """The value behind the one "is" or the last "=", or the list "x = 1 and x = 5"."""
    pair = _NAMED_VALUES.search(clause)
    if pair and pair["a"] != pair["b"]:
        return pair[0].replace("$", "").replace(" and ", ", ")
    if _EQUATION.fullmatch(clause) and not re.search(r"[A-Za-z]{2}", re.sub(r"\\[a-z]+", "", clause)):
        return clause.strip("$ ")
    listed = _LISTED.search(clause)
    if listed:
        first = re.search(rf"(?<![\w\\]){listed['name']}\s?=", clause)
        return clause[first.start() if first else listed.start() :].replace("$", "").strip()
    for pattern in (_STATES, _CHAIN_OF_FORMULAS, _CHAIN, _NAMED):
        m = pattern.fullmatch(clause)
        if m is None:
            continue
        if pattern is _CHAIN and not holds(clause):
            return None
        if pattern is _CHAIN and m["sign"] == "≈" and (exact := _ends_in(m["subject"].rstrip())):
            return f"{exact} ≈ {m['value'].strip()}"  # 600/7 km/h ≈ 85.7 km/h
        behind = m.groupdict().get("behind") or ""
        if any(word in _BEHIND for word in re.findall(r"[a-z']+", behind.lower())):
            return None
        if pattern in (_STATES, _NAMED):
            subject = re.sub(r"\$[^$]*\$|\\\(.*?\\\)", "", m["subject"])
            if not re.search(r"[A-Za-z]", m["subject"]) or _TOLD.search(subject) or _COPULA.search(m["subject"]):
                continue
        if pattern is _NAMED and m["value"].split()[-1].lower() in that(
            "tells", "happens", "places", "bounds", "rounds", "orders"
        ):
            return None
        return _without_what_is_asked(m["value"].strip(), behind, question)
    return None


def _ends_in(text: str) -> str | None:
    """The value that a text ends in."""
    told = values(text)[-1:]
    return told[0].text if told and told[0].end == len(text) else None


def _without_what_is_asked(value: str, behind: str, question: str) -> str:
    """18 of "18 every day at the market", where the question says that."""
    m = _WHERE.search(behind)
    words = re.findall(r"[a-z']+", m[0].lower()) if m else []
    said = question.lower().replace("\u2019", "'")
    return value[: len(value) - len(m[0])].rstrip() if m and all(word in said for word in words) else value


def _unrounded(clause: str) -> str:
    return _ROUNDING.sub("", _ADDING.sub("", clause))


def last_clause(tail: str, refused: re.Pattern[str] = _REFUSED) -> str | None:
    """The last sentence's part behind its last "so"; None where it is no statement."""
    _, sentence = last_sentence(tail)
    if not sentence or len(sentence) > LINE or re.match(r"(?:[-+>|#•]|\d+[.)])\s", sentence):
        return None
    leads = list(_SO.finditer(sentence))
    clause = re.sub(r"[.!]$", "", sentence[leads[-1].end() :] if leads else sentence).strip()
    clause = _OF_MONEY.sub(_result, _WE.sub("", clause))
    if not _SUPPOSES.search(sentence):
        clause = _WOULD.sub(r"\g<who> will ", clause) if _WOULD.match(clause) else clause
    clause = _LEADS_IN.sub("", clause)
    return None if not clause or refused.search(clause) else clause


def _result(calculation: re.Match[str]) -> str:
    """$308 of "$260 + $48 = $308", whose signs of money are no marks of formulas; all where it doesn't hold."""
    if calculation[0].count("$") < 2 or not holds(calculation[0].replace("$", "")):
        return calculation[0]
    paid = calculation[0].rpartition("=")[2].lstrip().startswith("$")  # $352 / $8 = 44 is a number
    return f"{'$' if paid else ''}{calculation['result']}"


def last_sentence(tail: str) -> tuple[str, str]:
    """The last sentence, without notes behind it and marks in it, and the one before it; empty where there is none."""
    tail = _QUOTED.sub("", tail)
    paragraphs = [p.strip() for p in re.split(r"\n\s*\n|\n(?=[-*_]{3,}\s*$)", tail[-4_000:]) if p.strip()]
    for _ in range(NOTES):
        if len(paragraphs) > 1 and _NOTE.match(paragraphs[-1]):
            paragraphs.pop()
    if not paragraphs:
        return "", ""
    line = _unframed(paragraphs[-1])
    *sentences, last = SENTENCE.split(line)
    while sentences and _NOTE.match(last):
        last = sentences.pop()
    if line and not sentences:
        sentences = SENTENCE.split(" ".join(tail[-4_000:].rpartition(line)[0].split())[-LINE:])
    return sentences[-1] if sentences else "", re.sub(r"\*\*|__|`", "", last).strip()


def _unframed(paragraph: str) -> str:
    """The last line, out of a frame of signs where it stands in one: +----+ over | 42 |."""
    lines = [line for line in paragraph.split("\n") if not _FRAME.fullmatch(line)] or [""]
    while len(lines) > 1 and _NOTE.match(lines[-1]):
        lines.pop()
    line = lines[-1]
    cell = _CELL.fullmatch(line)
    return (cell[1] if cell else line).strip()
