"""The rules that decide about an answer that the cheap ones leave open, in their order; the first that speaks decides.

Some know texts (dates, phrases, chemical formulas), some only refuse (another form than asked for, another domain);
then the two are compared by their kinds (`structure`, `compare`), and sympy is asked about what isn't known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

from ampo.verify.find.short_response import HEDGED
from ampo.verify.formula.combinatorics import expanded
from ampo.verify.formula.equality import symbols
from ampo.verify.formula.series import same_written_out
from ampo.verify.kinds.answers import Answer, Ordered, Phrase, Unread, Value
from ampo.verify.kinds.compare import matches
from ampo.verify.kinds.compared import comparable
from ampo.verify.kinds.counted import says_none
from ampo.verify.kinds.domains import bounded, compatible, in_one_order, narrowed, same_bounds
from ampo.verify.kinds.images import mentioned
from ampo.verify.kinds.moments import same_moment
from ampo.verify.kinds.structure import integer_parameters, parse, readings
from ampo.verify.question.asked import another_measure
from ampo.verify.question.context import Setting
from ampo.verify.question.form import unlike
from ampo.verify.question.number_sentence import stated
from ampo.verify.question.phrase_sentence import another_case, states
from ampo.verify.question.respective import in_asked_order, several_numbers
from ampo.verify.question.respelling import respelled
from ampo.verify.question.subject import another_noun
from ampo.verify.ruling import Ruling, not_shown
from ampo.verify.text.chemistry import same_formula
from ampo.verify.text.decimal_commas import with_point
from ampo.verify.text.left_scripts import same_symbol
from ampo.verify.text.normalise import normalise, of_answer
from ampo.verify.text.phrases import phrase
from ampo.verify.text.scan import split
from ampo.verify.text.synonyms import synonymous
from ampo.verify.text.units import unit

_SO = re.compile(r"[,;.]\s+(?:and\s+)?(?:so|therefore|hence|thus)\s+(?:that\s+)?", re.IGNORECASE)

_ONLY = re.compile(
    r"\bis the (?:only|unique) (?:[a-z]+ )?(?:solution|answer|root|value|possibility)\}?$"
    r"|^(?:the )?only [a-z ]{1,30} is\b",
    re.IGNORECASE,
)
_ALL_INTEGERS = re.compile(
    r"^(?:\\text\s*\{\s*)?(?:all|any|every)\s+integers?\s*(?:\}\s*)?(?=[a-zA-Z]\s*(?:[<>]|\\(?:ge|le)))"
)
_WITH_COMPOUND_UNIT = re.compile(
    r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?\s+([a-zA-Z]{1,3}\s?(?:/|\*|\\cdot)\s?[a-zA-Z]{1,3}(?:\^\{?\d\}?)?)"
)  # 10 m/s
_COUNTS = re.compile(r"\bhow many\b|\bnumber of\b", re.IGNORECASE)


class Pair:
    """A gold and an answer, normalised, with what the question tells. wanted, found: their kinds.

    written: as they were before."""

    def __init__(self, gold: str, answer: str, question: str) -> None:
        self.written = gold, answer
        self.question = question
        self.gold, text = respelled(normalise(gold), of_answer(answer, gold), question)
        self.wanted: Answer = parse(self.gold)
        text = with_point(self.gold, text) or text
        if integer_parameters(question) and not integer_parameters(gold):
            text = _ALL_INTEGERS.sub("", text)  # the question has said so
        self.text = expanded(text, question) if isinstance(self.wanted, Value) else text
        golds, answers = (in_asked_order(side, question) for side in (self.gold, self.text))
        bare = (golds or several_numbers(self.gold)) and (answers or several_numbers(self.text))
        self.placed = bool(bare and (golds or answers))
        if self.placed:
            self.wanted, self.text = parse(golds or self.gold), answers or self.text
        declared = integer_parameters(gold)
        whole, begins = declared or integer_parameters(answer), bounded(gold) or bounded(answer)
        self.setting = Setting(question, whole, declared=declared, bounded=begins, placed=self.placed)

    @cached_property
    def found(self) -> Answer:
        return parse(self.text)


def decide(pair: Pair) -> Ruling:
    """What the first rule says that says anything."""
    return next(ruling for rule in _RULES if (ruling := rule(pair)) is not None)


def _left_scripts(pair: Pair) -> Ruling | None:
    same = same_symbol(*pair.written, pair.question)
    return None if same is None else Ruling(same, "nuclide or term")


def _case(pair: Pair) -> Ruling | None:
    return Ruling(False, "another case of the letters") if another_case(pair.gold, pair.text) else None


def _moment(pair: Pair) -> Ruling | None:
    same = same_moment(pair.gold, pair.text, pair.question)
    return None if same is None else Ruling(same, "time or date")


def _phrase(pair: Pair) -> Ruling | None:
    same = (
        isinstance(pair.wanted, Phrase)
        and _worded(pair.gold) == _worded(pair.text) != ""
        and _signs(pair.gold) == _signs(pair.text)
    )
    return Ruling(True, "phrase") if same else None


def _signs(text: str) -> list[str]:
    """The signs of a formula, which words lose: -(c) is not c."""
    return re.findall(r"[<>=*^]|(?<![\w\s])-(?=\s*\(?\w)|^-|\\\{(?=\s*\\(?:emptyset|\{))", text)


def _worded(text: str) -> str:
    return phrase(in_one_order(text))


def _synonym(pair: Pair) -> Ruling | None:
    return Ruling(True, "the same in other words") if synonymous(pair.gold, pair.text) else None


def _chemistry(pair: Pair) -> Ruling | None:
    same = same_formula(pair.gold, pair.text)
    return None if same is None else Ruling(same, "chemical formula")


def _stated_phrase(pair: Pair) -> Ruling | None:
    said = states(pair.gold, pair.text, pair.question)
    return Ruling(True, "a sentence that states the phrase") if said else None


def _as_asked(pair: Pair) -> Ruling | None:
    if not pair.question:
        return None
    if not pair.placed and another_noun(pair.text, pair.question):
        return Ruling(False, "another thing than asked for")
    if another_measure(pair.text, pair.question):
        return Ruling(False, "another measure than asked for")
    if _ONLY.search(pair.text) and _COUNTS.search(pair.question) and _numeric(pair.wanted):
        return Ruling(False, "a solution, where their number is asked for")
    other = unlike(pair.gold, pair.text, pair.question)
    return Ruling(False, other) if other else None


def _none(pair: Pair) -> Ruling | None:
    said = pair.gold == "0" and says_none(pair.text, pair.question)
    return Ruling(True, "none of what is counted") if said else None


def _domain(pair: Pair) -> Ruling | None:
    if not same_bounds(pair.gold, pair.text) or narrowed(pair.gold, pair.text, pair.question):
        return Ruling(False, "another condition")
    if compatible(pair.gold, pair.text) or (mentioned(pair.wanted) and mentioned(pair.found)):
        return None
    return Ruling(False, "another domain of the parameter")


def _kinds(pair: Pair) -> Ruling | None:
    """The answer's kind against each that the gold may have, also with the letters at its end as a unit."""
    with_letter = (parse(pair.gold, letters=True),) if _ends_in_a_unit(pair.gold, pair.question) else ()
    for wanted in (*readings(pair.gold), *with_letter):
        if matches(wanted, pair.found, pair.setting):
            return Ruling(True, _against(wanted, pair.found))
        unsure = any(isinstance(x, (Value, Unread)) for x in (wanted, pair.found))
        if isinstance(wanted, Value) and unsure and _may_have_unit(pair.text, pair.question):
            with_unit = parse(pair.text, letters=True)
            if with_unit != pair.found and matches(wanted, with_unit, pair.setting):
                return Ruling(_numeric(wanted), f"{_against(wanted, pair.found)}, with a unit")
    return None


def _conclusion(pair: Pair) -> Ruling | None:
    """What a last clause draws from the others: "The lines are perpendicular, so the angle is 90\\circ"."""
    *reasons, last = _SO.split(pair.text)
    if not reasons or HEDGED.search(pair.text) or re.search(r"[\d=]", " ".join(reasons)):
        return None  # a number in a reason may be the answer proper
    if not isinstance(pair.wanted, (Value, Ordered)) or another_measure(last, pair.question):
        return None
    return Ruling(True, "a conclusion") if matches(pair.wanted, parse(last), pair.setting) else None


def _stated_number(pair: Pair) -> Ruling | None:
    number = stated(pair.text, pair.question) if _numeric(pair.wanted) else None
    same = number and matches(pair.wanted, parse(number), pair.setting)
    return Ruling(True, "a sentence that states the number") if same else None


def _sympy(pair: Pair) -> Ruling | None:
    unread = isinstance(pair.wanted, Unread) or isinstance(pair.found, Unread)
    if not unread or isinstance(pair.wanted, Phrase) or not _single(pair.gold) or not _single(pair.text):
        return None
    if same_written_out(pair.gold, pair.text):
        return Ruling(True, "term by term")
    from ampo.verify.formula import symbolic

    return Ruling(True, "sympy") if symbolic.same(pair.gold, pair.text) else not_shown("sympy")


def _neither(pair: Pair) -> Ruling:
    return Ruling(False, _against(pair.wanted, pair.found), shown=comparable(pair.wanted, pair.found))


_RULES: tuple[Callable[[Pair], Ruling | None], ...] = (
    _left_scripts,
    _case,
    _moment,
    _phrase,
    _synonym,
    _chemistry,
    _stated_phrase,
    _as_asked,
    _none,
    _domain,
    _kinds,
    _stated_number,
    _conclusion,
    _sympy,
    _neither,
)


def _against(wanted: Answer, found: Answer) -> str:
    return f"{type(wanted).__name__.lower()} against {type(found).__name__.lower()}"


def _may_have_unit(text: str, question: str) -> bool:
    """Whether the letters at the end may be a unit: the question doesn't use a single one of them as a name."""
    letter = re.search(r"(?<![a-zA-Z])([a-zA-Z])$", text)
    return bool(re.search(r"[a-zA-Z]", text)) and not (letter and re.search(rf"\${letter[1]}\b", question))


def _ends_in_a_unit(gold: str, question: str) -> bool:
    """Whether a gold is a number with one letter apart that the question doesn't use as a name: 300 K."""
    compound = _WITH_COMPOUND_UNIT.fullmatch(gold)
    if compound and (found := unit(compound[1])) and found.physical:
        return True
    m = re.fullmatch(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)? ([a-zA-Z])", gold)
    return m is not None and bool(question) and not re.search(rf"(?<![a-zA-Z]){m[1]}(?![a-zA-Z])", question)


def _numeric(value: Answer) -> bool:
    return isinstance(value, Value) and not symbols(value.tree)


def _single(text: str) -> bool:
    """One expression: no list, no relation, no words."""
    joints = {",", ";", "and", "or", "=", "<", ">", "\\le", "\\ge", "\\in", "\\cup"}
    return len(split(text, joints)) == 1 and "\\text" not in text
