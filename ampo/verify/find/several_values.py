"""The values of a last sentence where the question asks for several: "The larger number is 33 and the smaller is 21.",
"There are seven motorcycles and thirteen cars in the lot."

Each word between and around them must be the question's, or one that says nothing or only which of them is meant.
"""

from __future__ import annotations

import re

from ampo.verify.find.told import Told, values
from ampo.verify.question.ask import ask
from ampo.verify.question.asked import asking
from ampo.verify.question.roots import root, roots
from ampo.verify.question.wording import COMPARES, SILENT, same
from ampo.verify.text.languages import FOREIGN
from ampo.verify.text.numerals import spelled_out

_ASKS = re.compile(
    r"\b(?:what are|find|determine|give) (?:the |all |both |their |his |her |these |real )*(?:two|three|both|solutions|"
    r"numbers|values|roots|zeros|ages|lengths|dimensions|integers|siblings|they|ages)\b|\bwhat are (?:the|their|his|"
    r"her) "
    r"\w+s\b|\bordered pair|\bhow many (?:\w+ ){1,2}and (?:how many )?\w+",
    re.IGNORECASE,
)
_COUNTS = re.compile(r"\bhow many ([a-z]+) and (?:how many )?([a-z]+)", re.IGNORECASE)
_ONES = roots("one other first second third old year years whole real so thus while")
_PLAIN = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?(?:/\d+)?")
MOST = 4


def several_values(clause: str, question: str) -> str | None:
    """The values, each with its noun where each is counted; None where it doesn't tell of what is asked alone."""
    if not any(_ASKS.search(sentence) for sentence in asking(question)) or FOREIGN.search(clause.replace("−", "-")):
        return None
    spans = [one for span in values(clause) for one in _single(span)]
    if not 2 <= len(spans) <= MOST:
        return None
    said = clause
    for span in reversed(spans):
        said = f"{said[: span.start]} ; {said[span.end :]}"
    if re.search(r"[=+*/×÷<>≈]|\b(?:or|not|if|than)\b|\d", said) or _other_words(said, question):
        return None
    told = [_number(span.text) for span in spans]
    nouns = [root(noun) for m in _COUNTS.finditer(question) for noun in m.groups()]
    if None in told or not nouns:
        return None if None in told else ", ".join(map(str, told))
    behind = [re.match(r"\s([a-z]+)", clause[span.end :]) for span in spans]
    if [root(m[1]) if m else "" for m in behind] not in (nouns, nouns[::-1]):
        return None
    return ", ".join(f"{number} {m[1]}" for number, m in zip(told, behind, strict=True) if m)


def _single(span: Told) -> list[Told]:
    """Each of "14, 16"."""
    if "," not in span.text or re.search(r"[=()\[\]]|\d,\d", span.text):
        return [span]
    return [Told(span.start + m.start(), span.start + m.end(), m[0]) for m in _PLAIN.finditer(span.text)]


def _other_words(said: str, question: str) -> bool:
    wanted = ask(question)
    known = SILENT | same(wanted.words) | roots(question) | COMPARES | _ONES
    return bool({word for word in roots(said) if word not in known and word + "s" not in known})


def _number(text: str) -> str | None:
    bare = re.sub(r"\s(?:years?)\b", "", text.strip("$ "))
    if _PLAIN.fullmatch(bare):
        return bare.replace("−", "-")
    said = spelled_out(bare)
    return said[0] if said and not said[1] else None
