"""The value of a last sentence that holds one: "Josh walks away with $70,000.", "What's left is 256(4 − π)."

People and models end in free words; what counts is that one value is told and nothing is said against it. Values are
formulas, numbers, and numbers in words. Passed over are what stands in brackets behind another value, and numbers that
the question gives where they only lead to it ("over 50 weeks Jill makes $57,500"). Of clauses the last one counts that
holds a value ("16 people, which leaves only four"), of a chain of equations its last side. Refused is a sentence

- that denies, supposes, guesses, plans, asks, or speaks for others (`ampo.verify.text.words`, `find.standing`);
- that bounds, compares or multiplies ("more than", "twice"), or speaks of an extreme or a sum, where the question
  does not;
- that names somebody whom the question doesn't ask about, or says what the question says;
- with two values that are no list, since it can't be told which one is meant.

Without a question none of this can be told, and nothing is taken. Whether the sentence answers what is asked, is asked
of it as of each unmarked one (`ampo.verify.find.statement`, `ampo.verify.question.subject`).
"""

from __future__ import annotations

import re
from itertools import pairwise

from ampo.verify.find.arrival import worked_out
from ampo.verify.find.ending import holds
from ampo.verify.find.last_sentence import last_clause, last_sentence
from ampo.verify.find.standing import objection
from ampo.verify.find.statement import JOINT, given, of_whom, parts, without_asides
from ampo.verify.find.told import NAME, PART, Told, values
from ampo.verify.question.number_sentence import of_another_name
from ampo.verify.text.languages import FOREIGN, concluded
from ampo.verify.text.words import any_of, that

_MINDED = (
    that("denies", "offers", "supposes", "hedges", "excuses", "falsifies", "contrasts")
    - {"un", "non", "provided", "given", "other", "either", "however", "but", "both", "else"}
) | {"would", "someone", "pretend", "imagine", "try", "let", "let's", "wait"}
_AGAINST = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, _MINDED)))})\b|n['’]t\b|\?|\.\.\.$|…$", re.IGNORECASE)
_PLANS = re.compile(
    r"\bneeds? to (?!be\b|go\b|pay\b)|\bto (?:find|get|compute|solve)\b|"
    r"^\W*(?:(?:first|next|then|now),? )?(?:solve|compute|calculate|evaluate|"
    r"determine|prove|consider|find|multiply|divide|add|subtract|check|note|recall|see|use|step|case|part)\b",
    re.IGNORECASE,
)
_CARRIED_OUT = re.compile(
    r"[=:]\s*\\?\$?\d[\d,]*(?:\.\d+)?%?(?:[A-Za-z'&/-]+)?(?:\s[A-Za-z'&/-]+){0,8}[\s.]*"
)  # the end of a plan
_STATES = re.compile(
    r"\b(?:is|are|was|were|be|equals?|gets?|makes?|leaves?|left|remains?|costs?|totals?)\b|=", re.IGNORECASE
)
_UNSOLVED = re.compile(r"[\d.,$\s]+[-+−*×·/÷][-+−*×·/÷\d.,()$\s]+")
_HOW_MANY = re.compile(
    r"\bhow many ((?:[a-z]+ ){0,3}?[a-z]+)(?= (?:do|did|does|are|is|will|were|was|can|could|"
    r"have|has|had|must|should)\b)",
    re.IGNORECASE,
)
_NEVER = re.compile(r"(?!)")
_BOUNDED = re.compile(
    any_of("calculates").pattern + r"|\b(?:at (?:least|most)|(?:more|less|fewer|greater|larger) than)\b", re.IGNORECASE
)
_MEASURING = re.compile(
    any_of("calculates", "derives").pattern
    + r"|\b(?:at (?:least|most)|(?:more|less|fewer|greater|larger) than|(?:min|max)im(?:um|al)|smallest|"
    r"largest|greatest|highest|lowest|longest|shortest|sum|difference|product|"
    r"quotient|average|mean|median|remainder|probability|area|perimeter|radius|diameter|volume)\b",
    re.IGNORECASE,
)
_COMPARES = re.compile(r"\W{0,2}(?:more|less|fewer|older|younger|taller|longer|shorter|times|out of|in \d)\b")
_LEADS_TO = re.compile(
    r"\b(?:for|of|in|after|over|at|from|with|to|by|than|all|the|those|these|out|these|of all|on|when|first|last|other|"
    r"within|every|each|per|through|into|with)\s+(?:(?:the|all|those|these|other|first|last|his|her|its|their|my|our|"
    r"an?) )*$|[-+−*×·/÷]\s?$",
    re.IGNORECASE,
)


_OPERAND = re.compile(r"\b(?:than|by|from|times|plus|minus|of)\s+(?:the\s)?$|\b(?:while|whereas)\b", re.IGNORECASE)
_IS_PART = re.compile(r" of\b.*\b(?:is|are|was|were|equals?)\b")  # 40 % of the cost is ...
_UNMARKED = str.maketrans(dict.fromkeys("$\\ ,"))


def sole_value(tail: str, question: str) -> str | None:
    """The one value of the last sentence; None where there is none, or more, or something speaks against it."""
    clause = last_clause(tail, _NEVER) if question else None
    if clause is None or " ".join(clause.split()) in " ".join(question.split()):
        return None
    clause = of_whom(without_asides(clause), question)
    if speaks_against(clause, question):
        return None
    asks = question.lower()
    planned = any(m[0].lower() not in asks for m in _PLANS.finditer(clause))
    end = max(clause.rfind("="), clause.rfind(":") if "=" in last_sentence(tail)[1] else -1)
    if planned and not _CARRIED_OUT.fullmatch(clause, max(end, 0)):
        return None
    if FOREIGN.search(clause) and (said := concluded(clause)):
        return said
    part, spans = next(((part, spans) for part in parts(clause) if (spans := values(part))), ("", []))
    return _taken(tail, clause, part, spans, question) if spans else None


def speaks_against(clause: str, question: str) -> bool:
    """Whether a clause denies, supposes, guesses or asks, where the question does not."""
    asks = question.lower()
    return any(m[0].lower() not in asks or m[0] in ("?", "...", "…") for m in _AGAINST.finditer(clause))


def _taken(tail: str, clause: str, part: str, spans: list[Told], question: str) -> str | None:
    """The value of the part that holds one: the one that is meant, or the last, where the response worked it out."""
    told = " ".join(question.split())
    meant = [span for span in spans if not _leads(span, part, told)] or spans
    last = ([span for span in meant if not given(span, told)] or meant)[-1]  # 12 minutes to speak 10 pages
    arrived = not _OPERAND.search(part[: last.start]) and holds(part.replace("$", ""))
    arrived = arrived and worked_out(tail, last.text, question)
    if _IS_PART.match(part, last.end) or _of_another(part, spans, question, arrived):
        return None
    chosen = _chosen(part, spans, question) or (_side(last.text, question) if arrived else None)
    places = (_place(clause, part, spans), _place(clause, part, [last]))
    return None if any(objection(clause, *place, question) for place in places) else chosen


def _place(clause: str, part: str, spans: list[Told]) -> tuple[int, int]:
    at = clause.rfind(part)
    return at + spans[0].start, at + spans[-1].end


def _chosen(text: str, spans: list[Told], question: str) -> str | None:
    """The value that is meant."""
    if not holds(text.replace("$", "")):
        return None
    if text[: spans[0].start].rstrip().endswith(":"):  # a label has rules of its own: `ampo.verify.find.ending`
        return None
    spans = [span for i, span in enumerate(spans) if not (i and _bracketed(text, spans[i - 1], span))]
    told = " ".join(question.split())
    new = [span for span in spans if not _leads(span, text, told)]
    new = [span for span in new if not _UNSOLVED.fullmatch(span.text)] or new or spans[-1:]
    named = [span for span in new if "=" in span.text and NAME.fullmatch(re.split("[=≈]", span.text)[0].strip())]
    if len(named) == 1 and all("=" in span.text for span in new):
        new = named  # 3x + 3 = 61 and x = 58/3
    if len(new) > 1 and (asked := _of_what_is_asked(new, text, question)):
        return asked
    if len({_bare(span.text) for span in new}) == 1:
        value = new[-1].text
        unsolved = re.search(r"[-+*/×·]", value.strip("-−$ ")) or len(spans) > 1  # or something else that is told
        return None if given(new[-1], told) and (unsolved or not _STATES.search(text)) else _side(value, told)
    between = (text[a.end : b.start] for a, b in pairwise(new))
    return ", ".join(span.text.strip("$") for span in new) if all(map(JOINT.fullmatch, between)) else None


def _bare(value: str) -> str:
    """Its last side without marks and dollars, by which two are the same."""
    return value.replace("≈", "=").rpartition("=")[2].translate(_UNMARKED).removesuffix("dollars")


def _bracketed(text: str, before: Told, span: Told) -> bool:
    """Whether it says the value before it again: "$18 (or 18 dollars)"."""
    bare = span.text.startswith("(") and not re.search(r"[,=]", span.text)
    return "(" in text[before.end : span.start] or bare


def _leads(span: Told, text: str, told: str) -> bool:
    """Whether it only leads to the value: "over 50 weeks", where the question gives the 50; "two thirds of it"."""
    share = PART.search(span.text) or span.text.endswith("%")
    return bool(share and text[span.end :].startswith(" of ")) or (
        given(span, told) and _LEADS_TO.search(text[: span.start]) is not None
    )


def _side(value: str, told: str) -> str:
    """The last side of a chain; an equation stays what it is where the question has its name with an "="."""
    sides = re.split(r"\s*[=≈]\s*", value.strip("$ "))
    named = len(sides) == 2 and NAME.fullmatch(sides[0]) and not re.search(rf"{re.escape(sides[0])}\s?[=,(]", told)
    return sides[-1] if len(sides) > 2 or (named and "," not in sides[1] and "(" not in sides[1]) else value


def _of_what_is_asked(spans: list[Told], text: str, question: str) -> str | None:
    """7 of "4 dimes and 7 nickels", where it is asked how many nickels there are."""
    asked = {m[1].lower() for m in _HOW_MANY.finditer(question)}
    if len(asked) != 1:
        return None
    noun = re.compile(rf"\s{re.escape(next(iter(asked)))}\b", re.IGNORECASE)
    found = [span.text for span in spans if noun.match(text, span.end)]
    return found[0] if len(found) == 1 else None


def _of_another(text: str, spans: list[Told], question: str, arrived: bool) -> bool:
    """Whether it compares, multiplies or bounds where the question does not, or is about somebody else."""
    words = text
    for span in reversed(spans):
        words = f"{words[: span.start]} {words[span.end :]}"
    asks = question.lower()
    extreme = ("at most", "at least") if re.search(r"largest|greatest|maxim|smallest|least|minim|fewest", asks) else ()
    first = re.match(r"\W*([A-Z][a-z]+)", words)
    if first and not re.search(rf"\b{first[1]}\b", question):
        words = words[first.end() :]  # it begins a sentence, and is nobody in the question
    minded, words = (_BOUNDED, text[: spans[-1].start]) if arrived else (_MEASURING, words)
    behind = _COMPARES.match(text, spans[-1].end)
    return (
        any(m[0].lower() not in asks and m[0].lower() not in extreme for m in minded.finditer(words))
        or (behind is not None and behind[0].strip(" ,").lower() not in asks)
        or (not arrived and of_another_name(words, question))
    )
