"""The value that a response's last sentence tells in another language, where the question is in that language, too.

"Dem Bauern bleiben also noch 30 Eier.", "所以小明还剩54元。" The sentence must conclude, or tell what the response has
worked out, in words of those that ask; one that denies, supposes, compares or rates, where the question does not, or
that tells two values, tells nothing.
"""

from __future__ import annotations

import re

from ampo.verify.text.languages import FOREIGN, UNITS
from ampo.verify.text.tongues import ENGLISH, HAN, TONGUES, Tongue, number, spoken

_LINE = 400
_SENTENCE = re.compile(r"(?<=[.!?。！？])(?<![\s(]\d\.)\s+|(?<=[。！？])|\n")
_LABEL = re.compile(r"\s*[^\W\d]{3,14}\s?[:：]\s")
_ASIDE = re.compile(r"\s?[(（][^()（）]*[)）]")
_VALUE = re.compile(
    r"(?<![\w.,])[-−]?\d+(?:[.,\u00a0\u202f]\d+)*(?:\s?/\s?\d+)?(?::\d\d(?!\d))?|"
    r"(?<=[\u4e00-\u9fff])[-−]?\d+(?:[.,]\d+)*"
)
_CHAIN = re.compile(r"[=≈]\s*(?=[^=≈]*$)")
_WORD = re.compile(r"[^\W\d_]{2,}")
_MONEY = re.compile(r"[€$¥£]|\b(?:Euro|euros?|dollars?|dólares|Dollar)\b|元|Cent\b|céntimos|centimes")


def foreign(body: str, question: str) -> str | None:
    """The value, as English writes it; None where there is none, or something speaks against it."""
    tongue = spoken(question) or (spoken(f"{question} {body[:_LINE]}") if FOREIGN.search(question) else None)
    if tongue is None or len(body) > 20_000:
        return None
    sentences = [
        one.strip() for one in _SENTENCE.split(re.sub(r"\*\*|__|[`#]", "", body)) if any(c.isalnum() for c in one)
    ]
    while len(sentences) > 1 and re.match(tongue.checks, sentences[-1]):
        if re.search(tongue.against, sentences.pop(), re.IGNORECASE):  # a check that fails
            return None
    if not sentences or len(sentences[-1]) > _LINE or sentences[-1].endswith(("?", "？", "...", "…")):
        return None
    last = _ASIDE.sub("", _LABEL.sub("", sentences[-1])).rstrip(".!。！ ")
    return _told(last, " ".join(sentences), question, tongue)


def all_foreign(body: str, question: str) -> bool:
    """Whether question and response are in another language, whose denials who reads English doesn't know."""
    return spoken(question) is not None and ENGLISH.search(body[-_LINE:]) is None


def _told(last: str, body: str, question: str, tongue: Tongue) -> str | None:
    asks = _asking(question, tongue)
    clauses = [one for one in re.split(tongue.joints, last) if one and _values(one, tongue)]
    clauses = [one for one in clauses if not re.match(tongue.reasons, one.strip(), re.IGNORECASE)]
    ranks = {one: (_concludes(one, tongue), _score(one, asks, tongue)) for one in clauses}
    ranked = sorted(clauses, key=lambda one: ranks[one], reverse=True)
    if not ranked or (len(ranked) > 1 and ranks[ranked[0]] == ranks[ranked[1]]):
        return None
    clause = ranked[0]
    lead = last[: last.find(clause)]
    if lead and not _values(lead, tongue) and not _concludes(lead, tongue):
        clause = f"{lead.rstrip()} {clause}"
    if any(not _asked(m[0], asks) for m in re.finditer(tongue.against, clause, re.IGNORECASE)):
        return None
    given = {number(m[0], tongue) for m in _VALUE.finditer(asks)}
    found = _values(clause, tongue)
    new = [one for one in found if one[0] not in given] or found[-1:]
    if len({one[0] for one in new}) != 1 or not _agrees(clause, new[-1], asks, question, tongue):
        return None
    value = new[-1][0]
    return value if _concludes(last, tongue) or _worked_out(value, body, tongue) else None


def _concludes(text: str, tongue: Tongue) -> bool:
    return re.search(tongue.concludes, text, re.IGNORECASE) is not None


def _asked(word: str, question: str) -> bool:
    """Whether a question has a word."""
    edge = "" if HAN.search(word) else r"\b"
    return re.search(f"{edge}{re.escape(word)}{edge}", question, re.IGNORECASE) is not None


def _asking(question: str, tongue: Tongue) -> str:
    """The sentence that asks; in Chinese the clause."""
    parts = re.split(r"[,，。]" if tongue is TONGUES["Chinese"] else r"(?<=[.!?])\s+|,\s(?=¿)", question)
    return next((one for one in reversed(parts) if re.search(tongue.asks, one, re.IGNORECASE)), parts[-1])


def _values(clause: str, tongue: Tongue) -> list[tuple[str, int]]:
    """The numbers of a clause and where each ends; behind an equals sign only the last side's."""
    chain = _CHAIN.search(clause)
    start = chain.end() if chain else 0
    found = [(value, m.end()) for m in _VALUE.finditer(clause, start) if (value := _plain(m[0], tongue))]
    if found or chain:
        return found
    if tongue is TONGUES["Chinese"]:
        words = re.finditer(r"(?<![一二三四五六七八九十两])[一二三四五六七八九十两]++(?=.)", clause)
    else:
        words = _WORD.finditer(clause)
    return [(value, m.end()) for m in words if m[0] in tongue.numbers and (value := number(m[0], tongue))]


def _plain(text: str, tongue: Tongue) -> str | None:
    if ":" in text:
        return text
    terms = [number(one.strip(), tongue) for one in text.split("/")]
    return None if None in terms else "/".join(map(str, terms))


def _words(text: str, tongue: Tongue) -> set[str]:
    """The beginnings of the words of a text that say something; in Chinese, pairs of signs."""
    if tongue is TONGUES["Chinese"]:
        runs = re.findall(r"[\u4e00-\u9fff]+", re.sub(tongue.concludes, " ", text))
        return {run[i : i + 2] for run in runs for i in range(len(run) - 1)}
    told = re.sub(tongue.known_by, " ", re.sub(tongue.asks, " ", text, flags=re.IGNORECASE), flags=re.IGNORECASE)
    numbers = set(re.findall(r"(?<!\d)\d++(?=\s[^\W\d])", told))
    return {word.lower()[:5] for word in _WORD.findall(told) if len(word) > 2} | numbers


def _score(clause: str, asks: str, tongue: Tongue) -> int:
    return len(_words(clause, tongue) & _words(asks, tongue))


def _agrees(clause: str, value: tuple[str, int], asks: str, question: str, tongue: Tongue) -> bool:
    """Whether a clause tells of what is asked: in its words, not in others of the question, and of what is counted."""
    shared = _words(clause, tongue) & _words(asks, tongue)
    others = (_words(clause, tongue) & _words(question, tongue)) - shared
    if tongue is TONGUES["Chinese"]:
        lead = _words(re.split(tongue.asks, asks)[0], tongue)
        if lead and not lead & shared and others:
            return False
    elif len(others) > len(shared) or (others and len(shared) < 2 and 2 * len(shared) < len(_words(asks, tongue))):
        return False
    behind = clause[value[1] :].lstrip()
    noun = HAN.match(behind) if tongue is TONGUES["Chinese"] else _WORD.match(behind)
    if noun and UNITS.get(noun[0]) and noun[0] not in asks and noun[0][:5] not in asks:
        return _is_its_unit(noun[0], question)
    if noun and tongue is not TONGUES["Chinese"] and noun[0].lower()[:5] in _words(question, tongue):
        return noun[0].lower()[:5] in _words(asks, tongue) or not re.search(r"wie ?viele\b|combien d|cuánt", asks, re.I)
    return bool(shared) or not others


def _is_its_unit(word: str, question: str) -> bool:
    """Whether a question has the unit, or its sign: Euro for €, Grad for °."""
    unit = UNITS[word]
    if _MONEY.match(word):
        return _MONEY.search(question) is not None
    return (unit == "degree" and "°" in question) or re.search(rf"(?<![a-z]){unit}(?![a-z])", question) is not None


def _worked_out(value: str, body: str, tongue: Tongue) -> bool:
    """Whether a calculation of the response ends in it."""
    ends = re.findall(r"[=≈]\s*([-−]?\d+(?:[.,]\d+)*)", body)
    return value in {number(one, tongue) for one in ends}
