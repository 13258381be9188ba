"""What words around an answer do: deny it, hedge it, set another beside it, lead to it, or nothing.

One table for all who read sentences. Each word stands once, under the one thing that it does; who reads a sentence says
which of these it minds. The languages beside English are in `ampo.verify.text.languages`.
"""

from __future__ import annotations

import re
from functools import cache

_DOES = {
    "denies": "no not never neither nor none cannot without non un isn't doesn't don't aren't wasn't weren't won't "
    "can't",
    # something beside it
    "offers": "or either both other another instead else alternatively",
    "contrasts": "but however although though yet",
    "supposes": "if unless except whether suppose supposing assume assumes assumed assuming assumption provided given",
    "places": "when where before after until",
    "hedges": "maybe perhaps possibly probably presumably might may could guess guesses guessed unclear unsure unknown "
    "likely unlikely depend depends depending interpretation",
    "bounds": "than less more fewer least most under over above below between beyond exceeding exceeds greater larger "
    "smaller bigger",
    "rounds": "about approximately roughly around nearly almost",
    "calculates": "twice double triple half halves third thirds quarter quarters minus negative plus times squared "
    "cubed doubled tripled halved thrice divided multiplied mod modulo factorial reciprocal inverse opposite",
    # nouns, which a question may ask about
    "derives": "square cube logarithm digit digits",
    "scales": "dozen hundred thousand million billion",
    "orders": "first second next extra",
    "falsifies": "wrong false incorrect mistaken mistake erroneous naive careless typo misprint",
    "affirms": "yes true right correct indeed",
    "reasons": "because since as so thus hence therefore then consequently finally thereby",
    "asks": "what how why who",
    "relates": "which whose whom",
    # what is yet to be done
    "plans": "let let's solve find compute calculate evaluate simplify determine prove show consider need needs should "
    "try help please want must asked asks",
    "excuses": "sorry apologize apologise apologies apologizing unable",
    # of the problem
    "talks": "i i'm i'll we we'll you your me problem question step steps todo",
    "tells": "the a an is are was were be been being it this that these those they there he she his her its their our "
    "my answer answers result value values solution solutions total final equal equals has have had did does "
    "do will would get gets gives give finds found obtain obtains conclude in on at of to for from by with "
    "and each per every all altogether overall exactly just only simply now today",
    "happens": "can cost costs day earned earns gave got left made make makes paid pay pays remain remaining remains "
    "sold spends spent take takes together took travel travels traveled year wins win winner",
}

TABLE: dict[str, str] = {}
for _role, _words in _DOES.items():
    for _word in _words.split():
        TABLE.setdefault(_word, _role)


@cache
def that(*does: str) -> frozenset[str]:
    """The words that do one of these things.

    Raises:
        KeyError: for a thing that the table doesn't know.
    """
    for role in does:
        _DOES[role]
    return frozenset(word for word, role in TABLE.items() if role in does)


@cache
def any_of(*does: str) -> re.Pattern[str]:
    """A pattern that finds such a word, in any case; for those that deny every "...n't" too."""
    found = "|".join(sorted(map(re.escape, that(*does)), key=len, reverse=True))
    return re.compile(rf"\b(?:{found})\b" + (r"|n['’]t\b" if "denies" in does else ""), re.IGNORECASE)


MAY_STAND = frozenset(["no", "none", "neither", "nor", "non", "un", "without", "except", "given", "provided", "likely"])
"""Of the words that deny, suppose or hedge: what a conclusion may hold all the same."""


@cache
def _another() -> re.Pattern[str]:
    return any_of("calculates", "derives", "falsifies")


def of_another(sentence: str, question: str) -> bool:
    """Whether a sentence speaks of twice, half, the wrong ... of something, which the question does not."""
    said, asked = ({word.lower() for word in _another().findall(text)} for text in (sentence, question))
    return bool(said - asked)
