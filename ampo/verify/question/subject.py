"""Whether a sentence around a value speaks of what the question asks for, and of nothing else.

"Josh walks away with 18" does where the question asks what Josh makes; "her neighbour makes 18", "last week it was 18",
"the runner-up scored 18" don't: each has a word that is neither the question's own nor one that says nothing. A right
answer in other words is refused so; what is told of another thing must not be one.
"""

from __future__ import annotations

import re

from ampo.verify.question.asked import asking
from ampo.verify.question.number_sentence import stems
from ampo.verify.text.words import that

_OUTCOMES = """
adds add amount amounts away back becomes bring brings came carries come comes counts down drops earn earning end ends
equaling fall falls fetch fetches finish finishes finally follow follows get gets gives go goes hold holds keep keeps
land lands lead leads leave leaves leaving left lie lies live make makes making need needs net nets obtained off out own
owns place places point put puts reach reaches return returns run runs settle settles shake show shows sit sits spend
stand stands start take takes throughout turn turns up walk walks want wanted wants work works yield yields simplifies
simplify reduces simplified lowest terms simplest form decimal fraction interval notation solutions root roots range
working because also here still again once so ve ll re both whole entire roughly about approximately approx whose them
"""
_SAYS_NOTHING = stems(" ".join(that("tells", "happens", "reasons", "affirms", "rounds", "relates"))) | stems(_OUTCOMES)
_OPERATIONS = {
    "product": re.compile(r"[*×·]|\\times|\\cdot|multipl"),
    "sum": re.compile(r"\+|\badd"),
    "difference": re.compile(r"[-−]|subtract"),
    "quotient": re.compile(r"[/÷]|\\div|\\frac|divide"),
}
_RATE = re.compile(
    r"\b(?:per|each|every|apiece|hourly|daily|weekly|monthly|yearly|annual(?:ly)?|"
    r"an? (?:hour|day|week|month|year|minute|"
    r"second))\b",
    re.IGNORECASE,
)
_FORMULA = re.compile(r"\$[^$]*\$|\\\(.*?\\\)|\\[a-zA-Z]+")
_WORD = re.compile(r"[A-Za-z]{3,}(?:'[a-z]+)?")


def is_asked(words: str, question: str) -> bool:
    """Whether a text without its values has no word but the question's own and such as say nothing."""
    known = stems(question) | _SAYS_NOTHING
    known |= stems(" ".join(word for word, sign in _OPERATIONS.items() if sign.search(question)))
    if _RATE.search(words) and not _RATE.search(" ".join(asking(question))):
        return False
    return all(stems(word) <= known for word in _WORD.findall(_FORMULA.sub(" ", words.replace("\u2019", "'"))))
