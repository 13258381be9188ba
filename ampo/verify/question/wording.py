"""The words of statements by what they say: nothing, the same as another, a sum, a comparison, a rate.

Tables of roots (`ampo.verify.question.roots`), for all who compare a statement with what is asked.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ampo.verify.question.roots import roots
from ampo.verify.text.words import that

PERIODS = "second|minute|hour|day|week|month|year|night|morning|weekday|trip|time"

GRAMMAR = roots(
    """
    the an and is it its that this these those there they he she him her his hers their them theirs our ours we us you
    your my in on at of to for from with into onto out off up down by do does did will would shall can
    """
)
SILENT = (
    GRAMMAR
    | roots(" ".join(that("reasons", "affirms", "rounds", "relates")))
    | roots(
        """
        equal equals equaling amount amounts become becomes yield yields mean means result results obtain obtained
        conclude answer answers value values solution solutions final finally exactly just only simply indeed precisely
        again once here exact approx approximately about roughly around nearly almost decimal fraction simplest form
        lowest terms simplified simplify simplifies expressed written rounded dollars dollar cents usd away still yet
        interval notation ordered pair verdict conclusion namely possible such
        """
    )
)
SUMS = roots("total totals totaling altogether together all combined sum overall number")
COMPARES = roots(
    "more less fewer longer older younger taller shorter heavier lighter faster slower further farther bigger larger "
    "smaller greater higher lower cheaper extra additional difference"
)
SHARES = roots("each every apiece per")
LEFT = roots("left leave remain remaining keep leftover still")
HAVE = roots("have")
COST = roots("cost price")
DIFFERENT = roots("difference average mean probability chance ratio percent percentage fraction")
NUMERALS = roots("one two three four five six seven eight nine ten eleven twelve")
UNTOLD = roots("number amount value answer result quantity money fraction percent percentage")
ALIKE = tuple(
    map(
        roots,
        (
            "have own hold contain possess there",
            "left leave remain remaining keep still retain have leftover",
            "earn make gain get receive take collect net pocket obtain",
            "spend pay cost",
            "cost price charge worth",
            "need require take must",
            "long length last",
            "old age",
            "tall high height",
            "far distance away apart",
            "fast speed",
            "wide width",
            "deep depth",
            "heavy weigh weight",
            "likely probability chance",
            "percent percentage",
            "sum total altogether together all combined overall",
            "finish complete end",
            "big size large",
            "solve solution root zero",
        ),
    )
)
IDIOMS = tuple(
    (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), word)
    for pattern, word in (
        ("lcm", "least common multiple"),
        ("gcd", "greatest common divisor"),
        ("gcf", "greatest common factor"),
        ("hcf", "highest common factor"),
        (r"(?:walk(?:s|ed)? off|end(?:s|ed)? up|(?:is|are|was|were) left) with", "keep"),
        (r"(?:walk(?:s|ed)? away|go(?:es)? home|went home) with|(?:bring|take|pull)s? (?:in|home)", "make"),
        (
            r"work(?:s|ed)? out (?:to|at|as)|turn(?:s|ed)? out (?:to be|at)?|com(?:es?|ing) (?:out )?(?:to|at|as)|"
            r"came (?:out )?(?:to|at|as)|add(?:s|ed)? up to|end(?:s|ed)? up (?:at|being)?|boils down to|shakes? out at|"
            r"(?:sit|stand|land|settle)s? (?:at|on)|(?:we )?(?:see|know|find|found)|to find|follows that|adding|"
            r"puts(?= [\w ]{2,30} at\b)|in the end(?! of)|we (?:get|have|obtain|now have)",
            "",
        ),
    )
)  # each with what it says, or nothing


@lru_cache(maxsize=2048)
def same(words: frozenset[str]) -> frozenset[str]:
    """The words that say the same as one of these, and these."""
    return words.union(*(row for row in ALIKE if row & words))
