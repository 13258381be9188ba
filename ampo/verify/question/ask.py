"""The words in which a question asks, taken apart: "how many rows of flowers will he plant?" counts rows.

Read from the last sentence that asks, from its question word on, without the conditions in it ("if he buys 36"). What
else the question tells is not what it asks for: a statement in those words may be about anything.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ampo.verify.question.asked import asking
from ampo.verify.question.roots import FORMULA, NO_NOUNS, formulas, is_past, numbers, root, roots, words, words_of
from ampo.verify.text.units import is_unit_word

_FORM = re.compile(
    r"^\W*(?:please\s+)?(?:express|give|enter|round|write|state|report|leave|provide|format|show|separate|note|assume|"
    r"recall|use|remember|hint|your|the answer|answer)\b.*\b(?:answers?|solutions?|nearest|form|decimal|units?|work|"
    r"fractions?|radicals?|commas?|integer|places)\b",
    re.IGNORECASE | re.DOTALL,
)
_HOW = re.compile(r"\b(?:how|what|what's)\b", re.IGNORECASE)
_ASKS = re.compile(r"\b(?:how|what|what's|which|who|whose)\b", re.IGNORECASE)
_TASK = re.compile(
    r"\b(?:find|compute|calculate|determine|evaluate|simplify|solve|give|list|express|factor|write|rewrite|"
    r"estimate|state)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(r",?\s(?:if|given|assuming|suppose|supposing|provided)\b", re.IGNORECASE)
_LEAD = re.compile(
    r"(?:^|,\s)((?:in|after|by|at|on|over|during|for|out|from|before|per|to|of)\s[^,]*)(?=,|$)", re.IGNORECASE
)
_SHARED = re.compile(
    r"\b(?:each|every|apiece|per)\b(?!\s(?:second|minute|hour|day|week|month|year|night|morning|weekday|time|\d))",
    re.IGNORECASE,
)
_RELATIVE = re.compile(r"\b(?:that|which|who|whose|such|so that|where|when|while)\b", re.IGNORECASE)
_SKIPPED = words_of(
    """
    is are was were will would be the a an its his her their of total exact value number amount most least maximum
    minimum greatest smallest largest fewest possible sum's combined whole positive
    more less extra additional fewer
    """
)
_MORE = words_of("more less extra additional fewer total whole possible different")
_PLURALS = words_of("people men women children feet teeth mice geese fish sheep deer fruit")
_MONEY = words_of(
    "money profit change salary tip tax revenue earnings income budget dollars cents cost price pay wage bill"
)
_KIN = words_of(
    """
    mom mother mum dad father brother sister friend friends son daughter wife husband neighbor neighbour uncle aunt
    cousin grandmother grandfather grandma grandpa parents boss teacher brothers sisters mommy daddy
    """
)
_KIN_ROOTS = roots(" ".join(_KIN))
_ORDINALS = roots("first second third fourth last next other another someone")
_SCALES = roots("Celsius Fahrenheit Kelvin")
_MONTHS = words_of(
    "January February March April May June July August September October November December Monday Tuesday Wednesday "
    "Thursday Friday Saturday Sunday"
)
_BEGINS = roots(
    """
    the in on at for from if when after before while he she it they his her its their there this that these those how
    what which who each every all both some one two three four five six seven eight nine ten twenty assuming given since
    because however then also another half twice during over with of to by as and but or an calculate find determine
    once usually today yesterday tomorrow last next first second third finally
    """
)
_PAIR = re.compile(r"\b([A-Za-z]{3,}),? and (?:(?:her|his|their|its|the|an?) )?([A-Za-z]{3,})")
_SHORT = re.compile(r"(?<=[a-z]) \(([A-Z]{2,5})\)")  # the Greatest Common Divisor (GCD)
_PERFECT = re.compile(r"\b(?:have|has|had) been\b", re.IGNORECASE)
_LABEL = re.compile(r"(?<=[a-z,] )([A-HJ-Z])\b(?![.'’]\w)")
_NAMED_BY_LETTER = re.compile(r"\b([A-Z][a-z]+) \$([A-Z])\$")
_CAPITAL = re.compile(r"(?<![.?!:] )(?<!^)\b[A-Z][a-z]+")
_ANY_CAPITAL = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+(?: [A-Z][a-z]+)*\b")
_FIRST_NAME = re.compile(r"(?:^|[.?!]\s)([A-Z][a-z]+(?: [A-Z][a-z]+)*)(?=(?:['’]s)?\s[a-z])")
_HOW_MANY = re.compile(r"\bhow (many|much)\b|\bnumber of\b", re.IGNORECASE)
_HOW_MANY_OF = re.compile(r"\bhow many of [^?]{1,60}? (?:are|were|is|was) (?:an? )?([a-z]+)\b", re.IGNORECASE)
_WHAT = re.compile(r"\b(?:what|which|find|compute|calculate|determine|evaluate|estimate)\b", re.IGNORECASE)
_NOMINATIVE = re.compile(
    r"\b(?:did|does|do|will|would|can|could|should|must|has|have|had|is|was|were|are)\s(?:(?P<one>he|she)|they)\b|"
    r"\b(?:he|she)\s(?=\w)|\bthey\s(?:all\s)?(?=\w)",
    re.IGNORECASE,
)
_IT = re.compile(r"\b(?:did|does|do|will|would|can|could|should|must|has|have|had|is|was)\sit\b", re.IGNORECASE)
_SUBJECT = re.compile(
    r"(?:^|[.?!;,]\s|\b(?:and|but|when|while|if)\s)(?:an?|the|another|each|one) ([a-z]+)\b", re.IGNORECASE
)
_BASES = {"long": ("s", "m"), "old": ("s",)} | dict.fromkeys(("far", "tall", "high", "wide", "deep"), ("m",))


class Ask(NamedTuple):
    """What is asked for. Words stand as their roots; what there is none of is empty.

    text: the words that ask. words, main: all of them, and those before "that", "which" and their like. order: those
        that say something, as they stand.
    head: what is counted or measured. counts: whether "how many" asks. modifiers, complement: of what is counted,
        worker of "worker bees", flowers of "rows of flowers".
    money: whether a sum of money is asked for. measures: the bases of the units that are ("s" of "how long").
    people: whom the words name. needed: those of them whom a statement can't leave out. stands_in: the names that the
        pronoun stands for. owners: who is the only one named by the question. persons: all who may do something.
    numbers: each with the word behind it, of the main part and of the rest.
    pairs: what is joined by "and". formulas: in one spelling. labels: B of "candidate B".
    shared: whether it is asked for each of several.
    """

    text: str = ""
    words: frozenset[str] = frozenset()
    main: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()
    head: frozenset[str] = frozenset()
    counts: bool = False
    modifiers: frozenset[str] = frozenset()
    complement: frozenset[str] = frozenset()
    money: bool = False
    measures: tuple[str, ...] = ()
    people: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()
    stands_in: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    persons: frozenset[str] = frozenset()
    numbers: tuple[frozenset[tuple[str, str]], ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    formulas: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    shared: bool = False


class _Noun(NamedTuple):
    """words: those that may stand for what is asked for. counts, much: whether "how many", "how much" asks."""

    words: list[str]
    counts: bool = False
    much: bool = False


@lru_cache(maxsize=1024)
def ask(question: str) -> Ask:
    """What a question asks for; nothing where no sentence asks."""
    clause, start = _clause(_NAMED_BY_LETTER.sub(r"\1 \2", _sentence(question)))
    if not clause:
        return Ask()
    relative = _RELATIVE.search(clause, start + 6)
    main, rest = (clause[: relative.start()], clause[relative.start() :]) if relative else (clause, "")
    short = _SHORT.search(clause)
    noun = _noun(_SHORT.sub("", clause[start:]))
    head = roots(" ".join((*noun.words, short[1]) if short else noun.words))
    plain = FORMULA.sub(" ", clause)
    people = (roots(" ".join(_CAPITAL.findall(plain))) | (roots(clause) & _KIN_ROOTS)) - _SCALES
    names = _names(question)
    return Ask(
        text=clause,
        words=roots(clause),
        main=roots(main),
        order=_order(clause[start:], head),
        head=head,
        counts=noun.counts,
        modifiers=_modifiers(clause[start:]) - head if noun.counts else frozenset(),
        complement=_complement(clause, head) if noun.counts else frozenset(),
        money=_is_money(noun, question),
        measures=_measures(clause[start:], noun.words),
        people=people,
        needed=people - roots(clause.partition(" than ")[2]),
        stands_in=_stands_in(clause, question, names) - roots(clause),
        owners=roots(" ".join(names)) if len(names) == 1 else frozenset(),
        persons=roots(" ".join(names)) | _KIN_ROOTS | _ORDINALS,
        numbers=tuple(numbers(part) for part in (main, rest) if part),
        pairs=tuple((root(a), root(b)) for a, b in _PAIR.findall(clause)),
        formulas=formulas(clause),
        labels=frozenset(_LABEL.findall(plain)),
        shared=_SHARED.search(main) is not None,
    )


def _is_money(noun: _Noun, question: str) -> bool:
    if noun.much and not noun.words:
        return True
    return bool({*noun.words} & _MONEY) and (noun.much or noun.counts or "$" in question)


def _modifiers(clause: str) -> frozenset[str]:
    """Worker of "how many worker bees"."""
    m = re.search(r"\b(?:how many|number of)\b", clause, re.IGNORECASE)
    return frozenset(map(root, _phrase(clause[m.end() :], _MORE))) if m else frozenset()


def _complement(clause: str, head: frozenset[str]) -> frozenset[str]:
    """Flowers of "rows of flowers", where the rows are counted."""
    found = re.finditer(r"\b([A-Za-z]+) of ((?:the )?[A-Za-z]+(?: [A-Za-z]+)?)", clause)
    return frozenset(root(w) for m in found if root(m[1]) in head or m[1] == "many" for w in _phrase(m[2], _SKIPPED))


def _order(clause: str, head: frozenset[str]) -> tuple[str, ...]:
    """The roots of the words in their order, without those of grammar and the units that are asked for."""
    kept = (w for w in words(clause) if w.lower() not in NO_NOUNS and (root(w) in head or not is_unit_word(w)))
    return tuple(map(root, kept))


def _sentence(question: str) -> str:
    sentences = [" ".join(s.split()) for s in asking(question)]
    asks = [s for s in sentences if not _FORM.search(s)]
    return (asks or sentences or [""])[-1]


def _clause(sentence: str) -> tuple[str, int]:
    """What of a sentence asks, and where in it the question word stands."""
    words = list(_HOW.finditer(sentence)) or list(_TASK.finditer(sentence))[:1] or list(_ASKS.finditer(sentence))
    how = [m for m in words if m[0].lower() == "how"]
    if not words:
        return sentence, 0
    at = (how or words[:1])[-1].start()
    while (m := re.search(r"\b(?:at|in|to|by|for|of|from|on)\s$", sentence[:at])) is not None:
        at = m.start()
    lead = sentence[:at]
    kept = (
        ""
        if re.match(r"\W*(?:if|suppose|given|assum|when|since|while|because|let)", lead, re.IGNORECASE)
        else (" ".join(m[1] for m in _LEAD.finditer(lead)))
    )
    clause = sentence[at:]
    cut = _CONDITION.search(clause)
    clause = _PERFECT.sub(" ", clause[: cut.start()] if cut else clause)
    return f"{kept} {clause}".strip(), len(kept) + 1 if kept else 0


def _noun(clause: str) -> _Noun:
    """The noun that is asked for."""
    if of := _HOW_MANY_OF.search(clause):
        return _Noun([of[1].lower()], counts=True)
    if m := _HOW_MANY.search(clause):
        found = _phrase(clause[m.end() :], _MORE)
        if m[1] and m[1].lower() == "much":
            return _Noun(found[-1:], much=True)
        plural = [w for w in found if w in _PLURALS or (w.endswith("s") and not w.endswith("ss"))]
        units = [w for w in found if is_unit_word(w)]
        return _Noun(units[:1] or plural[-1:] or found, counts=True)
    m = _WHAT.search(clause)
    if m is None:
        return _Noun([])
    text = clause[m.end() :]
    found = _phrase(re.sub(r"^(?:'s)?\s*", "", text), _SKIPPED)
    found = [w for w in found if not is_past(w) and not w.endswith(("ed", "ing"))] or found
    most = re.match(r"\s(?:is|are|was|were) the (?:most|fewest|least) [a-z]", text)
    return _Noun(found[-1:], counts=bool(most and found and found[-1].endswith("s")))


def _phrase(text: str, skipped: frozenset[str] = frozenset()) -> list[str]:
    """The words from a text's beginning up to one that ends a noun phrase. skipped: those that lead to the noun."""
    found: list[str] = []
    for m in re.finditer(r"\s*([^\s]+)", text):
        word = m[1].strip("(").lower()
        bare = word.rstrip("?.,;:)")
        if not found and bare in skipped:
            continue
        if not re.fullmatch(r"[a-z][a-z'-]*", bare) or bare in NO_NOUNS or len(bare) < 2:
            break
        found.append(bare)
        if bare != word or len(found) > 5:
            break
    return found


def _measures(clause: str, noun: list[str]) -> tuple[str, ...]:
    """The bases of the units that "how long" and its like ask for."""
    m = re.match(r"(?:\w+ )?how (long|old|far|tall|high|wide|deep)\b", clause, re.IGNORECASE)
    if m:
        return _BASES[m[1].lower()]
    return ("s",) if noun[-1:] in (["time"], ["age"]) else ()


def _stands_in(clause: str, question: str, names: set[str]) -> frozenset[str]:
    """The names that a "he" or "they" of the words may stand for: of one whom the question names alone, or of all."""
    m = _NOMINATIVE.search(clause)
    if m is None:
        subjects = {root(noun) for noun in _SUBJECT.findall(question)} if _IT.search(clause) else set()
        return frozenset(subjects) if len(subjects) == 1 else frozenset()
    one = "they" not in m[0].lower()
    kin = {word for word in _KIN if not (one and word.endswith("s"))}  # "her friends" are no "she"
    if kin & {*words(question.lower())} or (one and len(names) != 1):
        return frozenset()
    return roots(" ".join(names))


def _names(question: str) -> set[str]:
    """Those whom a question names: Ann, Farmer Brown."""
    text = FORMULA.sub(" ", question[-20_000:])
    names = {name for name in _ANY_CAPITAL.findall(text) if name not in _MONTHS}
    lower = {*re.findall(r"\b[a-z]+\b", text)}
    for first in _FIRST_NAME.findall(text):
        if root(first.split()[0]) not in _BEGINS and (" " in first or first.lower() not in lower):
            names.add(first)
    return {name for name in names if not any(name != other and name in other for other in names)}
