"""The statement that an unmarked answer stands in: what its sentence says before and behind it."""

from __future__ import annotations

import re
from itertools import pairwise

from ampo.verify.find.last_sentence import LINE, last_clause, last_sentence
from ampo.verify.find.told import Told, values
from ampo.verify.question.ask import ask
from ampo.verify.question.case import PRONOUN, Statement
from ampo.verify.question.roots import roots
from ampo.verify.question.subject import ANAPHOR
from ampo.verify.question.wording import SILENT
from ampo.verify.text.numerals import spelled_out

_JOINTS = re.compile(
    r"[,;—–]\s(?:which|and(?!\s(?-i:[A-Z][a-z]+\s))|so|thus|hence|therefore|leaving|giving|making|meaning|putting|"
    r"that|this|then)\b|"
    r"\s[—–]\s(?!\$?\d)|;\s|,\s(?=(?:he|she|it|they|we|you|this|that|there|(?-i:[A-Z][a-z]+))\s)",
    re.IGNORECASE,
)
_LISTED = re.compile(r",\sand\s*\S*\d\S*(?:\s[a-z]+){0,3}[.]?$", re.IGNORECASE)  # "1, 2, and 3"
_ASIDE = re.compile(r"(?<=[\w%°$)])\s\((?=[^()]*[a-z]{2}|[^()]*\d\s?[a-z])[^()]{1,100}\)")
_COMMENT = re.compile(
    r",?\s(?:which (?:makes sense|checks|is (?:right|correct|consistent))|"
    r"as (?:required|expected|asked): (?=[^:]*=[^:]*$)|as (?=[\d(][^=a-z]*=\s?[\d.,$]+\W*$)|"
    r"(?:exactly|just|a (?:bit|little)|with no|with none|at which point)\b(?=[^\d$=]*$)|"
    r"[^,]{1,30}\sbeing\sthe\b(?=[^,]*$)|"
    r"(?:because|since|as (?:required|expected|asked))\b(?=[^\d$=]*$)|(?:or |which is |i\.e\. )?(?:about|roughly|"
    r"approximately|(?:a (?:bit|little)|just|slightly) (?:over|under|above|below|more than|less than)|"
    r"≈)(?=\s*[$\d.]+\D{0,20}$)).*$"
)
_NOTHING_BUT = re.compile(
    r"\b(?:(?:and )?nothing else|(?:and )?no (?:other|more|others)|without (?:any )?remainder|(?:and |"
    r"which )?(?:this |that |it )?(?:cannot|can['’]t) be "
    r"(?:simplified|reduced)(?: any)?(?: further)?|,\sin other words,?(?=\s(?:is|are)\b)|"
    r"if you (?:like|prefer))\b",
    re.IGNORECASE,
)
_MARKS = re.compile(r"</?[a-z]{1,10}>|^(?:∴|==?>|→|⇒)\s*|\s(?:==>|=>|→|⇒)\s")

JOINT = re.compile(r"[\s$]*(?:,|,?\s?(?:and|or|und|et|y|e|и))[\s$]*")
_AGAIN = re.compile(
    r",?\s(?:i\.\s?e\.|that is|namely|or|in other words|in (?:interval notation|lowest terms|simplest form)),?\s\$?$",
    re.IGNORECASE,
)
_TERM = re.compile(r"[$€£()\d.,%+\-–−*/×·÷=x]+")
_SIGNS = tuple("+-–−*/=×·÷")
_RESTRICTS = re.compile(
    r"\W*(?:in|on|at|for|after|before|during|to|of|with|by(?!\s\w+ing)|from|over|within|per|out|under|if|when|until|"
    r"without|while|among|between|besides|assuming|suppose|supposing)\b",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[A-Za-z' ]{1,60};\s?")
_ROW = re.compile(r"\|\s*([^|]+?)\s*\|\s*([^|]+?)\s*\|\s*$")
_AND = re.compile(r",?\sand\s")
_A_CLAUSE = re.compile(r"[A-Za-z][A-Za-z '’-]*\s")  # up to its value
_IS = re.compile(r"\s(?:\w+\s)?(?:is|are|was|were|remains?|goes?|stays?)\b")
_LEADS_IN = re.compile(r"\W*[A-Z][a-z]+ing\b[^,]*,\s*")  # setting each factor to zero,
_AND_ANOTHER = re.compile(r",?\s(?:and|while|whereas)\s(?=[A-Z][a-z]+\s)")
_NEVER = re.compile(r"(?!)")


def statement(tail: str, answer: str, question: str) -> Statement:
    """The last clause that holds the answer, parted at it; without a value where the sentence doesn't hold it."""
    previous, sentence = last_sentence(tail)
    clause = last_clause(tail, _NEVER) or (sentence or tail.rstrip().rpartition("\n")[2])[-LINE:]
    earlier = sentence[: max(0, sentence.rfind(clause[:20]))]
    earlier = "" if _LEADS_IN.fullmatch(earlier) else earlier
    clause = _ROW.sub(r"\1: \2", clause.replace("*", "")) if clause.startswith("|") else clause
    clause = of_whom(without_asides(clause), question)
    told, answer = " ".join(question.split()), answer.rstrip(".! ")
    for part in parts(clause):
        at = part.rfind(answer)
        spans = [s for s in values(part) if at < 0 or (s.start < at + len(answer) and at < s.end)]
        if spans or at >= 0:
            start, end = _meant(spans, part, told) if spans else (at, at + len(answer))
            lead = clause[: max(0, clause.rfind(part))]
            belongs = _RESTRICTS.match(lead) or _LABEL.fullmatch(lead)
            before = (lead.replace(" ;", ":") if belongs else "") + _without_sum(part[:start], part[start:end])
            refers = previous if ANAPHOR.match(part) or PRONOUN.match(part) else ""
            says = next((text for text in (lead, earlier) if roots(text) - SILENT), refers)
            return Statement(before, part[start:end], part[end:], says)
    return Statement(clause, "", "", earlier)


def own_clause(statement: Statement) -> Statement:
    """Without the clauses that tell other values: of "it ends at 11:30, and the break starts at" the second one."""
    before, after = statement.before, statement.after
    led = [m for m in _AND.finditer(before) if values(before[: m.start()]) and _A_CLAUSE.fullmatch(before, m.end())]
    ended = (m for m in _AND.finditer(after) if _states_another(after[m.end() :]))
    first = next(ended, None)
    return statement._replace(
        before=before[led[-1].start() :] if led else before, after=after[: first.start()] if first else after
    )


def _states_another(clause: str) -> bool:
    """Whether it tells of a value, and not only names another one: "65 are left", but not "65 pens"."""
    span = next(iter(values(clause)), None)
    return span is not None and (span.start > 0 or _IS.match(clause, span.end) is not None)


def _without_sum(before: str, value: str) -> str:
    """Without the beginning of the calculation that the value ends, and without what says the same again."""
    if again := _AGAIN.search(before):  # -2 < x < 2, in interval notation (-2,2)
        same = [span for span in values(before) if span.end == again.start()]
        before = before[: same[0].start] if same else before
    words = before.split(" ")
    while words and words[-1] == "":
        words.pop()
    kept, behind = len(words), value
    while kept and (_TERM.fullmatch(words[kept - 1]) or _is_counted(words, kept - 1, behind)):
        kept -= 1
        behind = words[kept]
    ends = kept < len(words) and (value.startswith(_SIGNS) or words[-1].endswith((*_SIGNS, "x", "$", "€", "£")))
    return " ".join(words[:kept]) + " " if ends else before


def _is_counted(words: list[str], at: int, behind: str) -> bool:
    """Whether a word is what a term of a calculation counts: toys of "62 toys - 48 toys"."""
    a_word = words[at].replace("/", "").isalpha()
    return a_word and at > 0 and words[at - 1][-1:].isdecimal() and behind.startswith((*_SIGNS, "x "))


def _meant(spans: list[Told], part: str, told: str) -> tuple[int, int]:
    """From where to where the value goes: a list as a whole; else the last that the question doesn't give."""
    between = [part[a.end : b.start] for a, b in pairwise(spans)]
    if not all(map(JOINT.fullmatch, between)):
        new = [s for s in spans if not given(s, told)] or spans
        return new[-1].start, new[-1].end
    return spans[0].start, spans[-1].end


def of_whom(clause: str, question: str) -> str:
    """The part that names whom the question asks about, of "Ken had 18 at first and Sofia had 36"."""
    needed, named = ask(question).needed, roots(question) & ask(question).persons
    split = [one for one in _AND_ANOTHER.split(clause) if one]
    if len(split) < 2 or not needed or not all(roots(one) & named and values(one) for one in split):
        return clause
    mine = [one for one in split if roots(one) & needed]
    return mine[0] if len(mine) == 1 else clause


def without_asides(clause: str) -> str:
    """A clause without what stands in brackets behind a value, arrows, and remarks that say nothing more."""
    clause = _ASIDE.sub("", _MARKS.sub(" ; ", _NOTHING_BUT.sub("", clause))).strip(" ;")
    return _COMMENT.sub("", clause)


def parts(clause: str) -> list[str]:
    """The clause from its last joint on, then what stands before that, up to the first."""
    at = [m for m in _JOINTS.finditer(clause) if not _LISTED.search(clause[m.start() :])]
    starts = [0, *(m.start() + 1 for m in at)]
    ends = [*(m.start() for m in at), len(clause)]
    return [clause[a:b].strip(" ,;—–") for a, b in zip(reversed(starts), reversed(ends), strict=True)]


def given(span: Told, told: str) -> bool:
    """Whether the question has it."""
    if not re.search(r"\d", span.text):
        said = spelled_out(span.text)
        words = rf"(?<![\d.,]){re.escape(said[0])}(?![\d.,]*\d)|\b{re.escape(span.text)}\b" if said else "(?!)"
        return re.search(words, told) is not None
    if not re.fullmatch(r"[-−\\$€£\s\d,.%]*[a-z %]*", span.text):
        return re.sub(r"[\s$]", "", span.text) in re.sub(r"[\s$]", "", told)
    digits = re.sub(r"[^\d.]", "", span.text).rstrip(".")
    return re.search(rf"(?<![\d.]){re.escape(digits)}(?!\d|\.\d)", told.replace(",", "")) is not None
