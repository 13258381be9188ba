"""The answer that a response announces: "The answer is ...", "Final answer: ...", "A: ...", "#### ...", "答案：...".

The last announcement that stands counts. What follows it is a displayed formula, a list (whose markers are no values),
a quote, a fence, or the rest of the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ampo.verify.find.standing import TAKEN_BACK, objection
from ampo.verify.text.cues import cues
from ampo.verify.text.languages import (
    ANNOUNCES,
    DENIED_AFTER,
    DENIED_BEFORE,
    DENIES,
    ENDS,
    FOREIGN,
    HEDGED_BEFORE,
    stated,
)

SUPPOSED = frozenset({"supposed", "a condition"})  # why an announcement says nothing of the answer, for or against
LINE = 400  # longest answer
MOST = 32  # announcements that are tried, and items of a list

_HEADING = (
    r"(?:\d{1,2}[.)]\s+)?(?:step|conclusion|answer|final|solution|verif|check|case|part|explanation|note|result|"
    r"summary|approach|find|the)"
)
_ENGLISH = (
    r"(?:\b(?:answers?|correct (?:choice|option)|right (?:choice|option)|(?:right|correct|true|actual|"
    r"real) (?:number|value|sum|"
    r"result|total|count|root|solution)|requested (?:sum|value|number))\b(?![ \t]+choices?:)"
    r"(?:\s+to\s+(?:\"[^\"\n]{1,300}\"|“[^”\n]{1,300}”))?(?:(?!\b(?:because|since|whether)\b)[^.\n:=$]){0,60}?"
    r"(?:(?<!not )(?<!cannot )(?<!never )(?<!n't )(?<!n’t )\b(?:is|are|equals|be)\b|:|[ \t][-–—](?=[ \t]))"
    r"(?:[ \t]*(?:simply|just|thus|therefore|exactly|indeed))?"
    rf"|^[ \t]*A:|^[ \t]*Ans(?:\.|:)|^[ \t]*####(?!#)(?![ \t]*{_HEADING})|(?<=[.!?] )####(?= [-+$\\\d])|"
    rf"\b(?:final )?answer[ \t]*(?=\n)|"
    r"\bI(?:(?:'ll| will|'d| would) go with|(?:'ll| will| must)? (?:change|correct|revise) my answer to)\b)[ \t]*:?"
)
_ANNOUNCED = re.compile(
    rf"{_ENGLISH}|(?:(?<![^\W\d_])|(?<=[。，,\n]))(?P<foreign>{ANNOUNCES})", re.IGNORECASE | re.MULTILINE
)
_FOREIGN_CUES = cues(re.compile(ANNOUNCES, re.IGNORECASE))
_CUE = re.compile(
    r"answer|correct|right|true|actual|real|requested|final|i'll|i will|i'd|i would|i must|i (?:ch|re)|a:|ans|####"
)
_DISCLAIMED = re.compile(
    r"(?:n['’]t|\bnot|\bcannot|\bunable to)\s+(?:\w+\s+)?(?:know|find|give|provide|determine|compute|have|see|say|"
    r"think|believe)\s+"
    r"(?:that\s+)?(?:you\s+)?(?:what\s+)?(?:the|an|any)?\s*(?:final|correct|exact)?\s*$|"
    r"\b(?:whether|suppose|(?:people|they|some|others|students?)\s+(?:may |might |would )?(?:say|think|claim|believe)s?"
    r"(?:\s+that)?)\s+(?:the|an)?\s*$|\b(?:wrong|incorrect|false|naive|twice|half)[ \t]+(?:the[ \t]+)?$",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(
    r"\b(?:assum(?:e|es|ed|ing)|suppos(?:e|es|ed|ing)|imagin(?:e|ing)|pretend(?:ing)?|let us say|let's say)"
    r"(?: (?:for (?:a (?:moment|second)|now|the moment|the sake of [a-z ]{1,20})|instead))?"
    r",?(?: that)?(?: the| an?| its)?$",
    re.IGNORECASE,
)  # the answer is 7
_WOULD = re.compile(r"\bwould be\b", re.IGNORECASE)
_AT_FIRST = re.compile(
    r"\b(?:at first(?: (?:glance|sight))?|it (?:looks|seems)|(?:looks?|seems?|appears?) (?:like|as if|as though)|"
    r"one (?:might|could|would) think)\b[^.;]*$",
    re.IGNORECASE,
)
_UNREAL = re.compile(r"\bif\b[^.;]*(?:['’]d\b|\b(?:had|were|wasn['’]t|weren['’]t|hadn['’]t)\b)", re.IGNORECASE)
_BOLD = re.compile(r"(?<![\w)])\*\*|\*\*(?!\(?-?\d)")  # and not 2**10
_TAGS = r"final[_ ]?answer|final|solution|result|ans|boxed|answer"
_TAGGED = re.compile(
    rf"<({_TAGS})>\s{{0,9}}(?P<a>[^<]{{1,400}})</\1>|\[({_TAGS})\]\s{{0,9}}(?P<b>[^\n]{{1,400}}?)\[/\3\]|"
    r"\bfinal_answer\(\s{0,9}[\"']?(?P<c>[^\n\"']{1,200})[\"']?\s{0,9}\)(?=\s|$)|"
    r"[\"'](?:final_?)?answer[\"']\s{0,3}:\s{0,3}(?:\"(?P<d>[^\"\n]{1,400})\"|(?P<e>[^,}\n\"\[{]{1,200}))(?=\s{0,3}[,}\n])",
    re.IGNORECASE,
)  # as programs want it
_DISPLAY = re.compile(r"\s{0,20}(?:\$\$(.{1,2000}?)\$\$|\\\[(.{1,2000}?)\\\])", re.DOTALL)
_SENTENCE_END = re.compile(r"\.(?=\s|$)|(?<!\\)[;!](?=\s|$)|\n|。")
_DENIAL = re.compile(
    r"(?:not|never|neither|nor|n['’]t|cannot|no longer|anything but)\b(?!\s+(?:possible|enough))", re.IGNORECASE
)
_ITEM = re.compile(r"[ \t]{0,6}(?:([-*•+])|\(?(\d{1,2}|[a-z]|[ivx]{1,4})[.)])[ \t]+(\S.{0,400})")
_FENCE = re.compile(r"\s{0,9}```\w{0,12}\n(.{1,400}?)\n\s{0,9}```", re.DOTALL)
_FOREIGN_END = re.compile(
    rf"(?<![\s。．.])\s*+(?:{ENDS})++\s*+$"
)  # possessive: several of them begin with the same sign


_COMMENT = re.compile(
    r"(?<=[\d}$)\w])(?:,?\s+(?:as (?:expected|required|desired|asked|claimed|above|wanted|stated)|since|because)\b.*|"
    r"(?<=\d),\s+(?:which|half|twice|double|not\s+[-−$\\\d])\b.*|"
    r"(?<=\d),\s+and\s[^,]{1,60}=[^,]{1,30}\s(?:confirms|checks|works|holds|agrees)\b.*|"
    r",\s+(?:in (?:total|all)|altogether|overall|so|which|making|meaning)\b[^\d\\$=<>]*)$",
    re.DOTALL,
)
_THAT = re.compile(
    r"that\s(?:(?!\b(?:is|are|equals|not|than)\b)[^=.]){1,120}\s(?:is|are|equals)\s"
    r"(?P<value>\$[^$]{1,200}\$|[-−$€£]?\d[\d,./]{0,30}\s?%?(?:\s[a-z]{1,20})?)"
)  # the sum of 3 and 4 is 7


class Announced(NamedTuple):
    """answer: None where each one that there is doesn't stand. why: by which words, or why it doesn't."""

    answer: str | None
    why: str


def announced(tail: str, choice: bool, question: str) -> Announced | None:
    """The last announced answer; None where none is announced.

    Args:
        tail: the end of a response.
        choice: whether a letter is asked for, so that "A:" announces nothing.
        question: whose own words take no answer back.
    """
    plain = _TAGGED.sub(_as_announced, _BOLD.sub("", tail).replace("__", ""))
    why = None
    for found in list(_announcements(plain))[: -MOST - 1 : -1]:
        if choice and found.group().strip() == "A:":
            continue
        if _DISCLAIMED.search(plain, max(0, found.start() - 60), found.start()):
            continue
        answer = following(plain[found.end() : found.end() + 4 * LINE])
        if found["foreign"] and answer:
            answer = stated(answer, any_script=True) or (
                _FOREIGN_END.sub("", answer) if FOREIGN.search(answer) else answer
            )
        answer = _COMMENT.sub("", answer)
        if said := _THAT.fullmatch(answer):
            answer = said["value"]
        if not answer or not re.search(r"[\w∞∅]", answer.replace("\\boxed", "")):
            continue
        objected = _objection(plain, found, answer, question)
        if objected is None:
            return Announced(answer, f'"{" ".join(found.group().split())[:40]}"')
        why = why or objected
        if objected in TAKEN_BACK:
            break
    return Announced(None, f"answer, {why}") if why else None


def _as_announced(found: re.Match[str]) -> str:
    return f"\nFinal answer: {next(filter(None, found.groupdict().values())).strip()}\n"


def _announcements(plain: str) -> Iterator[re.Match[str]]:
    """All that _ANNOUNCED finds; in a text without another language it is tried where one of its words stands."""
    lower = plain.lower()
    if _FOREIGN_CUES is None or any(cue in lower for cue in _FOREIGN_CUES):
        yield from _ANNOUNCED.finditer(plain)
        return
    end = 0
    for cue in _CUE.finditer(lower):
        start = cue.start()
        line = plain.rfind("\n", 0, start) + 1
        for at in dict.fromkeys((line if not plain[line:start].strip(" \t") else start, start)):
            found = _ANNOUNCED.match(plain, at) if at >= end else None
            if found:
                end = found.end()
                yield found


def _objection(plain: str, found: re.Match[str], answer: str, question: str) -> str | None:
    start = found.end()
    if _DENIAL.match(answer):
        return "denied"
    head = plain[: found.start()].rstrip(" \t")
    if _SUPPOSED.search(head[-80:]) or (_WOULD.search(found[0]) and _AT_FIRST.search(head[-80:])):
        return "supposed"
    if _UNREAL.search(answer):
        return "a condition"
    at = plain.find(answer[:20], start)
    end = at + len(answer) if at >= 0 else start
    if found["foreign"]:
        before = plain[max(0, found.start() - 60) : found.start()]
        after = answer + plain[end : end + 20]
        if DENIED_BEFORE.search(before) or DENIES.match(answer) or DENIED_AFTER.search(after[-40:]) or "吗" in after:
            return "denied"
        if HEDGED_BEFORE.search(before) or HEDGED_BEFORE.search(answer):
            return "a guess"
    label = not found.group().rstrip()[-1:].isalpha() and head.endswith("\n") and head.rstrip()[-1:] not in (":", ",")
    cut = found.start() if label else 0  # "A: 3": what the line before says ends there
    return objection(plain[cut:], max(start, at) - cut, end - cut, question)


def following(text: str) -> str:
    """What stands behind an announcement: a displayed formula, a list, a fence, or the rest of the sentence."""
    display = _DISPLAY.match(text)
    if display:
        return (display[1] or display[2]).strip()
    fence = _FENCE.match(text)
    if fence:
        return ", ".join(line.strip() for line in fence[1].splitlines() if line.strip())
    if re.match(r"[ \t]*\n", text):
        lines = [re.sub(r"^\s{0,3}>\s?", "", line) for line in text.lstrip().split("\n")[: 2 * MOST]]
        items = _items(lines)
        if items:
            return ", ".join(items)
        text = "\n".join(lines)
    return _sentence(text.lstrip())


def _items(lines: list[str]) -> list[str]:
    """The items of a list that the lines begin with, without their markers."""
    items: list[str] = []
    kind = None
    for line in lines:
        if not line.strip():
            continue
        m = _ITEM.match(line)
        if m is None or (kind is not None and (m[1] or m[2].isdigit()) != kind) or len(items) == MOST:
            break
        kind = m[1] or m[2].isdigit()
        items.append(_sentence(m[3]) or m[3].strip())
    return items


def _sentence(text: str) -> str:
    """The rest of the sentence, formulas whole."""
    end = _SENTENCE_END.search(text)
    while end and _open(text[: end.start()]):
        end = _SENTENCE_END.search(text, end.end())
    return (text[: end.start()] if end else text[:LINE]).strip()


def _open(text: str) -> bool:
    return text.count("{") > text.count("}") or (text.count("$") - text.count("\\$")) % 2 == 1
