"""Whether an earlier clause answers the question better than the one that a response ends in, with another value.

"The number is 74, and reversing its digits you'd obtain 47." ends in a remark. A solution's steps state other values
too, and often in the words of the question; what is worked out behind them, or in the last clause itself, is no remark.
"""

from __future__ import annotations

import re

from ampo.verify.find.last_sentence import SENTENCE
from ampo.verify.find.statement import given, parts
from ampo.verify.find.told import values
from ampo.verify.question.amounts import is_money, unit_of
from ampo.verify.question.ask import ask
from ampo.verify.question.case import Statement, noun_behind
from ampo.verify.question.contradiction import contradiction
from ampo.verify.question.roots import root, roots, words_of
from ampo.verify.question.wording import GRAMMAR, same
from ampo.verify.text.numerals import spelled_out

_READ = 1_000  # characters before the last clause
_SENTENCES = 3
_SHARES = roots("fraction percent percentage probability chance ratio")
_CALCULATED = re.compile(r"[=≈][\s\\$€£(]*$")
_END = re.compile(r"[=≈]\s*\\?[$€£]?\s?([-−]?\d[\d,]*(?:\.\d+)?)(?=[^=≈]*$)")
_GOES_ON = re.compile(r"\W*(?:but|however|yet|though)\b", re.IGNORECASE)
_SIDES = re.compile(r"[=≈]|\\approx")
_DRESS = re.compile(r"[$\\,\s]|\.0+(?!\d)")
_NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?(?:\s?/\s?\d+)?")
_ASKING = GRAMMAR | frozenset(
    map(
        root,
        words_of("how many much what which who when where find compute calculate determine be total if value"),
    )
)


def outdone(tail: str, told: Statement, question: str) -> Statement | None:
    """The clause to which what is told is only a remark; None where there is none.

    Args:
        tail: the end of a response.
        told: its last statement, of a value.
        question: what was asked.
    """
    asks, plain = ask(question).words - _ASKING, " ".join(question.split())
    at = tail.rfind(told.value) if told.value.strip() else -1
    if not asks or at < 0 or _CALCULATED.search(tail[max(0, at - 20) : at]) or "=" in told.value:
        return None
    mine = _score(f"{told.before}{told.value}{told.after}", asks)
    value = _number("".join(span.text for span in values(told.value)[-1:]) or told.value)
    for earlier in _earlier(tail[:at], told.before):
        spans = values(earlier)
        end = _END.search(earlier)
        said = _number(end[1] if end else _SIDES.split(spans[-1].text)[-1]) if spans else None
        if said == value and said is not None:
            return None
        score = _score(earlier, asks)
        if said is None or given(spans[-1], plain):
            continue
        if score > mine and (score > 1 or len(asks) == 1):
            span = spans[-1]
            found = Statement(earlier[: span.start], earlier[span.start : span.end], earlier[span.end :])
            if contradiction(found, question, new=False) is None and not _GOES_ON.match(found.after):
                return found if _of_its_kind(found, told, question) else None
    return None


def _of_its_kind(found: Statement, told: Statement, question: str) -> bool:
    """Whether a value may be what is asked for as well as the one that is told."""
    wanted, behind = ask(question), noun_behind(found.after)
    if wanted.words & _SHARES and not re.search(r"[/%]|frac|percent|per cent", found.value + found.after):
        return False
    if wanted.money and (behind or unit_of(found.value)):
        return is_money(found.value)
    mine = wanted.head & roots(f"{told.value} {' '.join(noun_behind(told.after))}")
    return not mine or bool(wanted.head & roots(f"{found.value} {' '.join(behind)}"))


def _earlier(head: str, before: str) -> list[str]:
    """The clauses before one, the last first. head: what stands before its value; before: that of it in the clause."""
    head = head[-_READ:]
    at = head.rfind(before.strip()[-30:]) if before.strip() else len(head)
    head = head[: max(0, at - len(before.strip()[:-30])) if at >= 0 else len(head)]
    sentences = [one for line in head.split("\n") for one in SENTENCE.split(line) if one.strip()]
    return [part for one in sentences[: -_SENTENCES - 1 : -1] for part in parts(one.strip()) if part]


def _score(clause: str, asks: frozenset[str]) -> int:
    """How many of the words that ask it has, or others that say the same."""
    said = roots(clause)
    return sum(bool(same(frozenset({word})) & said) for word in asks)


def _number(value: str) -> str | None:
    said = spelled_out(value.strip())
    found = _NUMBER.search(said[0] if said else _DRESS.sub("", value))
    return found[0].replace(" ", "") if found else None
