"""Whether a statement around a value answers what the question asks, and is not told of another thing.

"Josh walks away with 18" does where the question asks what Josh makes; "he makes 18 dollars per egg", "his neighbour
makes 18", "7 eggs" where dozens are asked for don't. Two things are asked of a statement:

- that it has no word but those in which the question asks (`ampo.verify.question.ask`), such as say the same, and such
  as say nothing (`ampo.verify.question.wording`);
- that it agrees with what is asked in each feature of a table (`ampo.verify.question.agreement`).

A right answer in other words is refused so; what is told of another thing must not be an answer.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ampo.verify.question.agreement import AGREE
from ampo.verify.question.amounts import A_PERIOD
from ampo.verify.question.ask import Ask, ask
from ampo.verify.question.asked import asked
from ampo.verify.question.case import Case, Statement, noun_behind
from ampo.verify.question.roots import compact, formulas, root, roots
from ampo.verify.question.wording import (
    COMPARES,
    COST,
    DIFFERENT,
    GRAMMAR,
    HAVE,
    IDIOMS,
    NUMERALS,
    SHARES,
    SILENT,
    SUMS,
    same,
)
from ampo.verify.text.languages import FOREIGN
from ampo.verify.text.phrases import plain
from ampo.verify.text.units import is_unit_word, unit

ANAPHOR = re.compile(
    r"\W*(?:(?:then|and|so|thus) )?(?:it|that|this|which|these|those)(?:['’]s|\s(?:is|are|was|were|makes?|gives?|"
    r"means?|comes?|equals?|leaves?|would|will|can|could|has|have|had|brings?|puts?|amounts?|adds?|totals?))\b",
    re.IGNORECASE,
)
_IS_THAT = re.compile(r"\W*(?:it\b|(?:that|this|which)(?:['’]s|\s(?:is|was|are|were|equals|comes)\b))", re.IGNORECASE)
_LEADS_IN = re.compile(r"^\W*(?:that|this|which|it) (?:gives|makes|means|brings|puts)\b", re.IGNORECASE)
_OUT_OF = re.compile(
    r"^\W*(?:out )?of (?:(?:the|her|his|their|its|all|these|those) )*[\d,.]+ [a-z]+,?\s", re.IGNORECASE
)
_OPTION = re.compile(r",?\s(?:which is |that is )?(?:choice|option|answer) \(?[A-Z]\)?\W*$")
_REASON = re.compile(r",?\s(?:since|because|as required|as asked)\b.*$", re.IGNORECASE | re.DOTALL)
_METHODS = re.compile(
    r"\b(?:factor|factors|factoring|split|middle|divid\w+|multipl\w+|subtract\w*|add|adds|adding|both|sides?|us|using|"
    r"formula|substitut\w+|expand\w*|simplif\w+|solv\w+|equation|rearrang\w+|comput\w+|calculat\w+|set|setting|"
    r"derivative|times|minus|plus|work|works|root|square)\b",
    re.IGNORECASE,
)
_VALUES = re.compile(r"[\d.,$%]+")
_OWNER = re.compile(r"\b([A-Z][a-z]+)['’]s? ([a-z]+)")
_DEED = re.compile(r"\b(?:did|does|do|will|would|can|could|should|must|has|have|had)\b", re.IGNORECASE)
_REMAINS = roots("remain work valid hold possible")
_OPERATIONS = {
    "product": re.compile(r"[*×·]|\\times|\\cdot|multipl"),
    "sum": re.compile(r"\+|\badd"),
    "difference": re.compile(r"[-−]|subtract"),
    "quotient": re.compile(r"[/÷]|\\div|\\frac|divide"),
}
_SUM = re.compile(r"(?<![\w.])-?\d[\d.,]*(?:\s*[-+*/×·÷−]\s*\d+(?:[.,]\d+)*)+")
_SPOKEN = tuple(
    (re.compile(rf"\s(?:{words})\s", re.IGNORECASE), sign)
    for words, sign in (
        ("plus", "+"),
        ("minus", "-"),
        ("times|multiplied by", "*"),
        ("divided by", "/"),
        ("is|equals|is equal to|gives|makes", "="),
    )
)
_COUNTED = re.compile(r"\W*(?:\d[\d,.]*|\w+(?=\s[a-z]))(\s.*)$", re.DOTALL)
_PIECES = roots("piece number kind type sort part slice amount")
_OPPOSITES = (
    (re.compile(r"\bincreas", re.IGNORECASE), re.compile(r"\bdecreas", re.IGNORECASE)),
    (re.compile(r"\bprofits?\b", re.IGNORECASE), re.compile(r"\bloss(?:es)?\b", re.IGNORECASE)),
    (re.compile(r"\b(?:more|longer|older|higher)\b", re.IGNORECASE),
     re.compile(r"\b(?:less|fewer|shorter|younger|lower)\b", re.IGNORECASE)),
)  # fmt: skip


def objection(statement: Statement, question: str) -> str | None:
    """Why a statement doesn't answer: a word that neither asks nor says nothing, or the feature that differs."""
    wanted = ask(question)
    named = _names_what_is_asked(statement.value, wanted)
    if (lead := _before_the_sum(statement, wanted)) is not None:
        named, statement = True, statement._replace(before=_METHODS.sub(" ", _VALUES.sub(" ", lead)))
    statement = _plain(statement, wanted, named)
    if FOREIGN.search(statement.words) and _is_foreign(statement.words, question):
        return "told of something else, in another language"
    said = roots(statement.words) - NUMERALS
    known = _known(question) | (_REMAINS if named else frozenset())
    if said & same(wanted.words) - GRAMMAR - SUMS - HAVE - wanted.head:  # she has eaten
        known |= HAVE
    if other := said - known - _units_told(statement, wanted, said, question):
        return f"told of something else: {min(other)}"
    case = Case(statement, said, wanted, _tells(statement, wanted), question)
    return next((f"told of something else: {what}" for what, agrees in AGREE.items() if not agrees(case)), None)


def another_noun(answer: str, question: str) -> bool:
    """Whether an answer counts another thing of the question than it asks for, or says the opposite: 7 eggs for "how
    many dozens of eggs", 10 women for "how many men", an increase for "by how much does it decrease"."""
    wanted = ask(question)
    for one, other in _OPPOSITES:
        for said, asks in ((one, other), (other, one)):
            if said.search(answer) and asks.search(wanted.text) and not said.search(wanted.text):
                return True
    found = _COUNTED.match(plain(answer)) if wanted.counts and wanted.head else None
    noun = noun_behind(found[1]) if found else []
    if not noun or all(map(is_unit_word, noun)):
        return False
    words = roots(" ".join(noun))
    if (words & roots(question)) - same(wanted.words):
        return not words & wanted.head or bool(wanted.modifiers)
    return words <= wanted.complement and not wanted.head & _PIECES


def _is_foreign(words: str, question: str) -> bool:
    """Whether a word of another script, or with an accent, is none of the question's."""
    return any(FOREIGN.search(word) and word not in question for word in words.split())


def _names_what_is_asked(value: str, wanted: Ask) -> bool:
    """Whether a value stands behind a name that the question asks about: x = 11, L = 4 of a luminosity."""
    name, is_, _ = value.strip("$ ").replace("≈", "=").partition("=")
    name = compact(name)
    initial = len(name) == 1 and any(word.startswith(name.lower()) for word in wanted.head)
    return bool(is_) and (name in wanted.formulas or initial)


def _before_the_sum(statement: Statement, wanted: Ask) -> str | None:
    """What stands before 8 * 5 of "8 * 5 is 40", where that is asked for; None where it doesn't say so."""
    said = f"{statement.before}{statement.value}"
    for word, sign in _SPOKEN:
        said = word.sub(sign, said)
    for asks in _SUM.findall(wanted.text):
        terms = r"\s*".join(map(re.escape, re.findall(r"[\d.,]+|\S", asks)))
        if m := re.fullmatch(rf"(.*?)(?<![\d.+*/×·÷−-]){terms}\s*=[^=]*", said, re.DOTALL):
            return m[1]
    return None


def _plain(statement: Statement, wanted: Ask, named: bool) -> Statement:
    """Without idioms and remarks, and with what stands before it where it says "that is" or nothing."""
    before = _OUT_OF.sub("", _LEADS_IN.sub("", statement.before))
    for pattern, word in IDIOMS:
        before = pattern.sub(f" {word} ", before)
    after = _REASON.sub("", _OPTION.sub("", statement.after))
    after = after.partition(":")[0] if roots(before) - SILENT else after
    if not named and (ANAPHOR.match(before) or not roots(before)):
        tells = _tells(Statement(before, statement.value, after), wanted)
        if _IS_THAT.match(before) or not tells:
            before = f"{_METHODS.sub(' ', _VALUES.sub(' ', statement.earlier))} {before}"
    return Statement(_owned(before, wanted), statement.value, _owned(after, wanted), statement.earlier)


def _owned(words: str, wanted: Ask) -> str:
    """Without the "Gary's" of "Gary's boat", where the question names Gary alone and asks about a boat."""
    return _OWNER.sub(lambda m: m[2] if root(m[1]) in wanted.owners and root(m[2]) in wanted.words else m[0], words)


def _tells(statement: Statement, wanted: Ask) -> bool:
    """Whether it says anything of what is asked: "19 stickers" doesn't."""
    asks = same(wanted.words) - GRAMMAR - SUMS
    if wanted.counts and not roots(statement.before) - SILENT - SUMS:
        asks -= wanted.head
    return bool(roots(statement.words) & asks) or bool(formulas(statement.words))


@lru_cache(maxsize=1024)
def _known(question: str) -> frozenset[str]:
    """The words that a statement may have."""
    wanted = ask(question)
    known = SILENT | same(wanted.words) | wanted.stands_in
    known |= roots(" ".join(word for word, sign in _OPERATIONS.items() if sign.search(question)))
    if not wanted.shared and not wanted.main & (DIFFERENT | COMPARES):
        known |= SUMS
    if A_PERIOD.search(wanted.text):
        known |= SHARES
    if not _DEED.search(wanted.text):
        known |= HAVE | wanted.owners | (COST if wanted.money else frozenset())
    return known


def _units_told(statement: Statement, wanted: Ask, said: frozenset[str], question: str) -> frozenset[str]:
    """Units: cm where centimeters are asked for; the noun behind a measure that is named, a difference of 25 points."""
    units = [word for word in re.findall(r"[A-Za-z]{2,}", statement.before) if is_unit_word(word)]
    known = frozenset(root(word) for word in units if (u := unit(word)) and asked(wanted.text).like(u))
    measured = not wanted.counts and bool(wanted.head & said)
    return known | (roots(" ".join(noun_behind(statement.after))) & roots(question) if measured else frozenset())
