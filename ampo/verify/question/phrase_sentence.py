"""A sentence that states a short phrase: "The function is even" says `even`, "No, it is not possible." says `No`.

What is left of the sentence without the phrase must be lead-ins, articles and the question's own words. A negation, an
alternative, another name, or a word that the question sets beside the gold ("even or odd") is never passed over.
"""

from __future__ import annotations

import re

from ampo.verify.text.phrases import opposite_aliases, phrase, plain
from ampo.verify.text.words import that

MAX_GOLD, MAX_WORDS = 5, 16
_NOUNS = """
solution function graph curve shape figure limit series sequence integral number day winner wins win set equation system
"""
_FILL = that("tells", "reasons") - {"because", "since", "and", "each", "every", "per"}
_FILL |= {"must", "which", "could", "correct", *_NOUNS.split()}
_INFINITE = frozenset({"diverge", "diverges", "tend", "tends", "approach", "approaches", "go", "goes", "equal"})
_NEVER = that("denies", "offers", "contrasts", "supposes", "hedges", "falsifies") - {"could"}
_NEVER |= {"and", "true", "yes", "than", "less", "more", "most", "least", "opposite"}
_SUPERLATIVES = frozenset({"most", "least"})  # of a question that asks who has the most
_CALCULATED = re.compile(r"[<>]|\\(?:leq?|geq?|neq?)(?![a-zA-Z])|(?<!\w)-\s*\(?\s*\w|[+*/^]")  # -(CO), x > CO
_NAMES = re.compile(r"[A-Za-z]{2}|[A-Z]{3}|[A-Z]?[a-z]+[A-Z][A-Za-z]*|[A-Z]{2,}[a-z]+")  # CO, mg, ABC, NaCl
_SHORT_WORDS = frozenset({"no", "up", "on", "in", "by", "at", "it", "if", "so", "or", "yes", "all", "odd"})
_ALTERNATIVE = re.compile(r"\b(?:or|but|maybe|perhaps|possibly|unless|unclear|unsure|might)\b", re.IGNORECASE)
_VERDICT = re.compile(r"(yes|no|true|false)\s*[,.;:\u2013\u2014-]+\s*(\S.*)", re.IGNORECASE | re.DOTALL)
_AFFIRMS = re.compile(
    r"(?:it|this|that) (?:is|was) (?:indeed |certainly |always )?(?:possible|true|correct|so|the case|valid|right)\b"
    r"|(?:it|they|he|she) (?:is|are|does|do|can|must|will)\W*$",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\b(?:not|no|never|neither|cannot|impossible)\b|n't\b", re.IGNORECASE)


def states(gold: str, answer: str, question: str) -> bool:
    """Whether a normalised answer is a sentence that says the words of the gold and nothing else."""
    gold, answer = _infinity(plain(gold)), _infinity(plain(answer))
    if not re.fullmatch(r"[A-Za-z][A-Za-z' -]+", gold) or "?" in answer or _CALCULATED.search(answer):
        return False
    wanted = phrase(gold).split()
    if not 0 < len(wanted) <= MAX_GOLD or len(answer.split()) > MAX_WORDS:
        return False
    if len(wanted) == 1 and opposite_aliases(wanted[0]) in ("true", "false"):
        return _verdict(wanted[0], answer)
    if any(len(word) < 2 for word in wanted):
        return False
    if wanted == ["neither"]:
        return _neither(answer, question)
    if len(wanted) > 1 and phrase(answer).split() == wanted[:-1]:
        return _without_noun(wanted, question)
    words = phrase(answer).split()
    places = [i for i in range(len(words)) if words[i : i + len(wanted)] == wanted]
    if len(places) != 1:
        return False
    rest = words[: places[0]] + words[places[0] + len(wanted) :]
    allowed = _FILL | _asked(question) | (_INFINITE if "infinity" in gold else frozenset())
    return all(_passed_over(word, allowed) for word in rest)


def another_case(gold: str, answer: str) -> bool:
    """Whether a gold whose case tells (CO, mg, AB, NaCl) stands in the answer in another case only."""
    name = plain(gold)
    if not _NAMES.fullmatch(name) or name.lower() in _SHORT_WORDS:
        return False
    words = re.findall(r"[A-Za-z]+", plain(answer))
    return name not in words and name.lower() in {word.lower() for word in words}


def _neither(answer: str, question: str) -> bool:
    """Neither of two words, which a question that is known offers."""
    m = re.fullmatch(r"(?:(?:it|this|the [a-z]+) is )?neither ([a-z]+) nor ([a-z]+)", answer.lower().strip(" ."))
    offered = set(re.findall(r"[a-z]+", question.lower()))
    return m is not None and m[1] != m[2] and (not question or {m[1], m[2]} <= offered)


def _without_noun(gold: list[str], question: str) -> bool:
    """Whether what a phrase is short of is what the question asks the kind of: "saddle" of a critical point."""
    asked = {phrase(word) for word in re.findall(r"[A-Za-z]+", plain(question))}
    return gold[-1] in asked and not set(gold[:-1]) & (_NEVER | asked)


def _passed_over(word: str, allowed: frozenset[str]) -> bool:
    denies = word in _NEVER and word not in allowed & _SUPERLATIVES
    return not denies and (word in allowed or (len(word) == 1 and word.isalpha()))


def _verdict(gold: str, answer: str) -> bool:
    """Yes or no first, and then what doesn't contradict it."""
    if opposite_aliases(phrase(answer)) == opposite_aliases(gold):
        return True
    m = _VERDICT.fullmatch(answer.strip())
    if m is None or opposite_aliases(m[1].lower()) != opposite_aliases(gold):
        return False
    if (
        not re.search(r"[A-Za-z]{2}", m[2])
        or _ALTERNATIVE.search(m[2])
        or re.search(r"\b(?:yes|no|true|false)\b", m[2], re.IGNORECASE)
    ):
        return False
    denied = bool(_NEGATED.search(m[2]))
    return not denied if opposite_aliases(gold) == "true" else denied or not _AFFIRMS.match(m[2])


def _superlative(question: str) -> frozenset[str]:
    """The only one that the question has."""
    found = frozenset(w for w in _SUPERLATIVES if re.search(rf"\b{w}\b", question))
    return found if len(found) == 1 else frozenset()


def _infinity(text: str) -> str:
    """Infinity and its sign as one word."""
    text = re.sub(r"(?:-|\b(?:minus|negative)\s)\s*(?:\\infty(?![a-zA-Z])|infinity\b)", " minusinfinity ", text)
    return " ".join(
        re.sub(r"(?:(?:\+|\b(?:plus|positive)\s)\s*+|(?<!\s)\s*+)\\infty(?![a-zA-Z])", " infinity ", text).split()
    )


def _asked(question: str) -> frozenset[str]:
    """The question's words that tell nothing: no names, and none that it sets beside an "or" or between commas."""
    text = plain(question[-5_000:])
    sides = re.findall(r"(?<![\w'-])([\w'-]++)(?:,?\s++or\s++(?:an?\s++|the\s++)?([\w'-]++)|()(?=\s*+,))", text)
    offered = {phrase(word) for side in sides for word in side if word}
    words = {phrase(word) for word in re.findall(r"[A-Za-z']+", text) if word.islower() and len(word) > 1}
    return frozenset(words - offered - _NEVER) | _superlative(text)
