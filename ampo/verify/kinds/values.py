"""Single values: numbers and formulas, with units, percent signs and degrees, and decimals at the gold's precision."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from ampo.verify.formula import noncommuting
from ampo.verify.formula.equality import mentions, numeric, rename, same, symbols
from ampo.verify.formula.evaluate import context
from ampo.verify.formula.exact import UndefinedError, exact
from ampo.verify.formula.tree import TO_RADIANS, Tree, num
from ampo.verify.kinds import counted, families
from ampo.verify.kinds.answers import Answer, Value
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question import asked
from ampo.verify.question.context import Setting
from ampo.verify.text.units import CELSIUS, FAHRENHEIT, RADIAN, Unit, scale, unit

_TEMPERATURE = re.compile(r"temperature|celsius|fahrenheit|centigrade|thermomet|\bdegrees? [CF]\b", re.IGNORECASE)
_COULOMB, _KELVIN = unit("C"), unit("K")
_DIFFERENCE = re.compile(
    r"\b(?:difference|changes?|changed|rises?|rose|drops?|falls?|fell|increases?|decreases?)\b", re.IGNORECASE
)
_FLOAT_DIGITS = 15
_MEASURED = 3  # significant digits from which a measured decimal is taken for a rounded one


def same_value(gold: Value, answer: Value, setting: Setting) -> bool:
    """Numbers and formulas, with units, percent signs and degrees brought to the gold's."""
    if gold.times != answer.times:
        gold, answer = _counted(gold, setting.question), _counted(answer, setting.question)
    if _on_other_scales(gold, answer) and not _DIFFERENCE.search(setting.question):
        gold, answer = _in_kelvin(gold), _in_kelvin(answer)
    return any(_same_in(wanted, answer, setting) for wanted in _in_asked_unit(gold, answer, setting.question))


def _on_other_scales(gold: Value, answer: Value) -> bool:
    scales = (CELSIUS, FAHRENHEIT, _KELVIN)
    return gold.unit != answer.unit and gold.unit in scales and answer.unit in scales


def _same_in(gold: Value, answer: Value, setting: Setting) -> bool:
    """The same, with the gold in the unit that it is meant in."""
    if not _same_things(gold, answer, setting.question):
        return False
    factors = _factors(gold, answer, setting)
    return any(_same_tree(gold, replace(answer, tree=_scaled(answer.tree, f)), f, setting) for f in factors)


def _in_kelvin(value: Value) -> Value:
    """A temperature on the scale whose zero is absolute; any other value as it is."""
    if value.unit not in (CELSIUS, FAHRENHEIT):
        return value
    five_ninths, offset = (Fraction(1), "273.15") if value.unit == CELSIUS else (Fraction(5, 9), "459.67")
    tree = Tree("mul", (num(five_ninths), Tree("add", (value.tree, num(Fraction(offset))))))
    return replace(value, unit=_KELVIN, tree=tree, quantum=value.quantum and value.quantum * five_ninths)


def _counted(value: Value, question: str) -> Value:
    """Two dozen as the number 2 where the question asks how many dozen."""
    if not value.times or not counted.counts_in(value.times, question):
        return value
    return replace(value, tree=_scaled(value.tree, 1 / counted.Words(value.times).factor), times=())


def _same_things(gold: Value, answer: Value, question: str) -> bool:
    """Whether the words after two numbers agree, as far as both have any."""
    if gold.noun and answer.noun:
        return counted.same_noun(gold.noun, answer.noun, question)
    if gold.noun:
        return answer.unit is None or not answer.unit.known or gold.unit is not None
    if not answer.noun:
        return True
    if answer.unit is None and gold.unit:
        return counted.goes_on(answer.noun)
    if answer.unit is None and counted.asks_for_units(question):
        return counted.of_the_question(answer.noun, question)
    number = exact(answer.tree)
    return counted.is_count(answer.noun, number is not None and abs(number) <= 1, question)


def _in_asked_unit(gold: Value, answer: Value, question: str) -> list[Value]:
    """The gold with the unit that the question asks for, where it has none of its own and the answer has one: what it
    may be; nothing where the answer's unit measures another thing than what is asked for."""
    if gold.unit or gold.degrees or gold.percent or not question:
        return [gold]
    wanted = asked.asked(question)
    angle = _is_angle(answer) or mentions(answer.tree, {"pi"})
    if wanted.degrees and angle and not mentions(gold.tree, {"pi"}):
        return [replace(gold, degrees=True)]
    if answer.degrees:
        return [replace(gold, unit=wanted.like(RADIAN))]
    if answer.unit is None or not answer.unit.known:
        return [gold]
    if not wanted.units:
        return _in_mentioned_unit(gold, answer.unit, question)
    if answer.unit == _COULOMB and CELSIUS in wanted.units:
        return [replace(gold, unit=CELSIUS)]
    like = wanted.like(answer.unit)
    return [] if like is None else [replace(gold, unit=like)]


def _in_mentioned_unit(gold: Value, found: Unit, question: str) -> list[Value]:
    """The gold as it stands, since nobody knows in what it is measured: 3 may be hours where all is told in minutes.
    In a unit smaller than the question's own it is none (41/12 m where all is told in km), but what it is in these;
    nothing in another currency."""
    units = asked.mentioned(question)
    like = [u for u in units if u.dims == found.dims]
    if not like:
        return [] if not found.physical and any(not u.physical for u in units) else [gold]
    itself = [gold] if found.factor >= min(u.factor for u in like) else []
    return itself + [replace(gold, unit=u) for u in like if u != found]


def _is_angle(value: Value) -> bool:
    return value.degrees or (value.unit is not None and value.unit.dims == RADIAN.dims)


def _scaled(tree: Tree, factor: Tree | Fraction) -> Tree:
    if factor == 1:
        return tree
    return Tree("mul", (tree, factor if isinstance(factor, Tree) else Tree("num", (), factor)))


_TO_DEGREES = Tree("div", (num(180), Tree("pi")))


def _factors(gold: Value, answer: Value, setting: Setting) -> list[Tree | Fraction]:
    """By what the answer's number may be multiplied to be in the gold's unit."""
    if gold.degrees != answer.degrees and (gold.unit or answer.unit) in (CELSIUS, FAHRENHEIT):
        # 40 degrees, of the scale that the other side names: no angle
        return [Fraction(1)] if gold.unit or _TEMPERATURE.search(setting.question) else []
    if gold.degrees != answer.degrees:
        if gold.unit or answer.unit or gold.percent or answer.percent:
            if gold.degrees:
                return [_TO_DEGREES] if _is_angle(answer) else []
            return [TO_RADIANS] if _is_angle(gold) else []
        if gold.degrees:
            return [_TO_DEGREES] if mentions(answer.tree, {"pi"}) else [Fraction(1)]
        return [TO_RADIANS] if mentions(gold.tree, {"pi"}) else [Fraction(1)]
    if gold.percent and not answer.percent:
        if answer.unit is not None:
            return []
        bare = _above_one(gold) or (setting.question and setting.percent)
        return [Fraction(100), Fraction(1)] if bare else [Fraction(100)]
    if answer.percent and not gold.percent:
        return [Fraction(1, 100), Fraction(1)] if setting.percent and _above_one(gold) else [Fraction(1, 100)]
    if gold.unit == CELSIUS and answer.unit == _COULOMB:
        return [Fraction(1)]  # 25 C
    factor = scale(gold.unit, answer.unit)
    return [] if factor is None else [factor]


def _above_one(value: Value) -> bool:
    """Whether a bare gold may be a number of percent: 35 may, 0.35 is a share."""
    number = exact(value.tree)
    return number is not None and abs(number) >= 1


def _same_tree(gold: Value, answer: Value, factor: Tree | Fraction, setting: Setting) -> bool:
    products = noncommuting.same(gold.tree, answer.tree, setting.question)
    if products is not None or same(gold.tree, answer.tree):
        return products is not False
    if gold.tree.op == "base" and answer.tree.op == "num":
        return answer.quantum is None and gold.tree.args[0] == answer.tree
    if symbols(gold.tree) or symbols(answer.tree):
        return not (setting.together or setting.bounded) and families.same_families([gold], [answer], setting.integers)
    if _converted(gold, answer, factor):
        return True
    if gold.quantum is None:
        return answer.quantum is not None and factor == 1 and is_float_of(gold.tree, answer.tree, answer.quantum)
    return _rounds_to(gold, answer, factor, setting)


def _converted(gold: Value, answer: Value, factor: Tree | Fraction) -> bool:
    """Whether a decimal is the gold in another unit, rounded as such conversions are: 2.0 eV is 3.2e-19 J, 10 pc is
    32.6 ly. With as many digits as the gold has, and three for a whole number. answer: in the gold's unit already."""
    value, found = exact(gold.tree), exact(answer.tree)
    if not isinstance(factor, Fraction) or not _uneven(factor) or not value or not found or answer.quantum is None:
        return False
    place = answer.quantum * factor
    digits = len(str(int(abs(value) / gold.quantum))) if gold.quantum else _MEASURED
    enough = len(str(int(abs(found) / place))) >= max(digits, 2)
    return enough and abs(value - found) <= place / 2


def _uneven(factor: Fraction) -> bool:
    """Whether a factor has more than three digits that count: of 1.609344 km in a mile, and not 3600 s in an hour."""
    return max(len(str(n).rstrip("0")) for n in (factor.numerator, factor.denominator)) > _MEASURED


def is_float_of(gold: Tree, answer: Tree, quantum: Fraction) -> bool:
    """Whether a decimal of 15 digits or more is an exact gold as a program prints it. Not where the gold has so few
    decimals that the program would have shown them."""
    known, value = exact(gold), exact(answer)
    if value is None or abs(value) / quantum < 10 ** (_FLOAT_DIGITS - 1):
        return False
    if known is not None:
        return not _terminates(known) and abs(known - value) <= quantum
    try:
        difference = abs(numeric(gold) - context().mpf(value.numerator) / value.denominator)
    except UndefinedError:
        return False
    return difference <= context().mpf(quantum.numerator) / quantum.denominator


def _terminates(value: Fraction) -> bool:
    return 10**_FLOAT_DIGITS % value.denominator == 0


def _rounds_to(gold: Value, answer: Value, factor: Tree | Fraction, setting: Setting) -> bool:
    """A decimal gold stands for every exact value that rounds to it. A decimal answer with more digits is the gold only
    where the question asks to round, or the gold is measured: it has a power of ten, or three digits or more and it or
    its question a physical unit."""
    quantum, value = gold.quantum, exact(gold.tree)
    if (
        quantum is None
        or value is None
        or value == 0
        or (quantum < 1 and value.denominator == 1 and not gold.scientific)
    ):
        return False
    digits = len(str(int(abs(value) / quantum)))
    tolerance = min(quantum / 2, abs(value) / 20) if gold.scientific else quantum / 2
    decimal = answer.quantum is not None or _has_decimals(answer.tree)
    if decimal:
        fine = answer.quantum is None or answer.quantum * (factor if isinstance(factor, Fraction) else 1) < quantum
        if gold.scientific and digits < 2 and not setting.rounds:
            return False  # 7 * 10^{35} with one digit is no rounded 7.1 * 10^{35}
        if not fine or not (gold.scientific or setting.rounds or (digits >= _MEASURED and _measured(gold, setting))):
            return False
    elif digits < 2:
        return False
    try:
        difference = abs(numeric(answer.tree) - context().mpf(value.numerator) / value.denominator)
    except UndefinedError:
        return False
    if context().im(numeric(answer.tree)):
        return False  # 1.39e9 + i rounds to nothing
    return difference <= context().mpf(tolerance.numerator) / tolerance.denominator * (1 + context().mpf(10) ** -30)


def _measured(gold: Value, setting: Setting) -> bool:
    return gold.degrees or (gold.unit is not None and gold.unit.physical) or setting.measured


def _has_decimals(tree: Tree) -> bool:
    if tree.op == "num":
        return (
            tree.value is not None and tree.value.denominator != 1 and _terminates(tree.value)
        )  # 2\\frac{1}{3} has none
    return any(_has_decimals(t) for t in tree.args)


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    del equal
    return same_value(gold, answer, setting) if isinstance(gold, Value) and isinstance(answer, Value) else None


def _renamed(answer: Answer, new: dict[str, str]) -> Value | None:
    return replace(answer, tree=rename(answer.tree, new)) if isinstance(answer, Value) else None


KIND = Kind(order=101, same=_same, rename=_renamed)
