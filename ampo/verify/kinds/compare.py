"""Whether an answer is the gold: a rule for each pair of kinds.

Not symmetric where mathematics isn't: the gold's own precision decides what a decimal may stand for (gold 0.33
accepts 1/3, gold 1/3 refuses 0.33), a gold with a unit accepts a bare number of that unit, a gold that is a tuple
accepts its values side by side in order, and a bare list of golds refuses a tuple.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ampo.verify.formula.equality import mentions, same, symbols
from ampo.verify.formula.tree import Tree
from ampo.verify.kinds import families, images, names, piecewise, vectors
from ampo.verify.kinds.answers import (
    Answer,
    Ascending,
    Broken,
    Equation,
    Inequality,
    Labelled,
    Matrix,
    Ordered,
    Phrase,
    Piecewise,
    Ratio,
    Region,
    Residues,
    Unordered,
    Unread,
    Value,
)
from ampo.verify.kinds.ascending import same_order
from ampo.verify.kinds.determinants import multiple_of_identity
from ampo.verify.kinds.labels import labelled, names_of, of_different_names, same_equation, solved, without_labels
from ampo.verify.kinds.ordinals import same_in_words
from ampo.verify.kinds.ratios import as_quotient, same_ratio
from ampo.verify.kinds.regions import as_region, same_region
from ampo.verify.kinds.residues import same_classes
from ampo.verify.kinds.values import same_value
from ampo.verify.question import asked
from ampo.verify.question.context import Setting


def matches(gold: Answer, answer: Answer, setting: Setting) -> bool:
    """Whether the answer is the gold, under the names it has or under others (see `ampo.verify.kinds.names`)."""
    return (
        _equal(gold, answer, setting)
        or any(
            _equal(gold, names.renamed(answer, way), setting)
            for way in names.ways(gold, answer, setting.question, setting.integers)
        )
        or (
            isinstance(gold, Value)
            and isinstance(answer, Value)
            and names.same_up_to_constant(gold, answer, setting.question)
        )
    )


def _equal(gold: Answer, answer: Answer, setting: Setting) -> bool:
    """Whether the answer is the gold, name for name."""
    if isinstance(gold, Broken) or isinstance(answer, Broken):
        return False
    if gold == answer:
        return True
    if images.mentioned(gold) or images.mentioned(answer):
        return images.same_image(gold, answer, setting.declared)
    if isinstance(gold, Residues) or isinstance(answer, Residues):
        return same_classes(gold, answer)
    if isinstance(gold, Labelled) or isinstance(answer, Labelled):
        return labelled(gold, answer, setting, lambda g, a: _equal(g, a, setting))
    if isinstance(gold, Unordered) or isinstance(answer, Unordered):
        return _lists(gold, answer, setting)
    if isinstance(gold, Ordered) and isinstance(answer, Ordered):
        return _ordered(gold, answer, setting)
    if isinstance(gold, Region) or isinstance(answer, Region):
        return _regions(gold, answer, setting)
    if vectors.readable(gold, answer):
        return vectors.same_vector(gold, answer, lambda g, a: _equal(g, a, setting))
    if isinstance(gold, Matrix) and isinstance(answer, Value):
        multiple = multiple_of_identity(answer, len(gold.rows))
        return multiple is not None and _matrices(gold, multiple, setting)
    if isinstance(gold, (Matrix, Ordered)) and isinstance(answer, (Matrix, Ordered)):
        return _matrices(gold, answer, setting)
    if isinstance(gold, (Value, Ratio)) and isinstance(answer, (Value, Ratio)):
        return _numbers(gold, answer, setting)
    if piecewise.readable(gold, answer):
        return piecewise.same_function(gold, answer)
    return _others(gold, answer, setting)


def _numbers(gold: Value | Ratio, answer: Value | Ratio, setting: Setting) -> bool:
    if isinstance(gold, Value) and isinstance(answer, Value):
        return same_value(gold, answer, setting)
    if isinstance(gold, Value) and gold.quantum is not None and isinstance(answer, Ratio):  # 6.67 for 20:3
        quotient = as_quotient(answer)
        return quotient is not None and same_value(gold, Value(quotient), setting)
    return same_ratio(gold, answer)


def _others(gold: Answer, answer: Answer, setting: Setting) -> bool:
    if isinstance(gold, Value) and isinstance(answer, Equation) and not symbols(answer.right):
        return answer.left in asked.expressions(setting.question) and _equal(gold, Value(answer.right), setting)
    if isinstance(gold, Equation) and isinstance(answer, Equation):
        return same_equation(gold, answer)
    if isinstance(gold, Equation) and isinstance(answer, Value):
        return solved(gold, answer)
    if isinstance(gold, Ascending) and isinstance(answer, Ascending):
        return same_order(gold, answer)
    if isinstance(gold, (Value, Phrase)) and isinstance(answer, (Value, Phrase)):
        return same_in_words(gold, answer)
    if isinstance(gold, Inequality) and isinstance(answer, Inequality):
        return gold.strict == answer.strict and _same_side(gold, answer)
    if isinstance(gold, Piecewise) and isinstance(answer, Piecewise) and not piecewise.readable(gold, answer):
        return len(gold.cases) == len(answer.cases) and _paired(
            gold.cases, answer.cases, lambda g, a: _equal(g[0], a[0], setting) and _equal(g[1], a[1], setting)
        )
    if isinstance(gold, Unread) and isinstance(answer, Unread):
        return "".join(gold.text.split()) == "".join(answer.text.split())
    return False


def _same_side(gold: Inequality, answer: Inequality) -> bool:
    a = Tree("add", (gold.large, Tree("neg", (gold.small,))))
    b = Tree("add", (answer.large, Tree("neg", (answer.small,))))
    return same(a, b)


def _lists(gold: Answer, answer: Answer, setting: Setting) -> bool:
    if isinstance(gold, Region) or isinstance(answer, Region):
        return _regions(gold, answer, setting)
    if isinstance(gold, Unordered) and isinstance(answer, Unordered):
        if _in_doubt(gold, answer):
            return False
        if setting.ordered and _comes_in_order(gold, answer):
            return _in_order(without_labels(gold.items), without_labels(_as_asked(answer.items, setting)), setting)
        if _same_members(list(gold.items), list(answer.items), setting):
            return True
        if setting.repeated:
            return False
        golds, answers = _distinct(gold.items, setting), _distinct(answer.items, setting)
        return _same_members(golds, answers, setting) or families.same_families(golds, answers, setting.integers)
    if isinstance(gold, Unordered) and isinstance(answer, Ordered):
        labels = names_of(gold.items)
        return (
            len(set(labels)) == len(gold.items) > 1
            and "" not in labels
            and _in_order(without_labels(gold.items), answer.items, setting)
        )
    if isinstance(gold, Unordered) and isinstance(answer, Phrase):  # line segment and circle
        said = answer.words.split(" and ")
        words = sorted(i.words for i in gold.items if isinstance(i, Phrase))
        return len(words) == len(gold.items) > 1 and words == sorted(said)
    if isinstance(gold, Ordered) and isinstance(answer, Unordered):
        return _tuple_of_list(gold, answer, setting)
    golds = _distinct(gold.items if isinstance(gold, Unordered) else (gold,), setting)
    answers = _distinct(answer.items if isinstance(answer, Unordered) else (answer,), setting)
    if len(golds) == len(answers) == 1:
        return _equal(golds[0], answers[0], setting)
    return families.same_families(golds, answers, setting.integers)


def _in_doubt(gold: Unordered, answer: Unordered) -> bool:
    """Whether one side joins different names, or their values, by "and", and the other by "or": x = 3 or y = 4."""
    names_only = all(isinstance(i, Value) and i.tree.op == "sym" for i in gold.items)
    named = names_only or of_different_names(names_of(gold.items)) or of_different_names(names_of(answer.items))
    return named and gold.alternatives != answer.alternatives


def _comes_in_order(gold: Unordered, answer: Unordered) -> bool:
    """Whether the values of a bare list are told apart by their places: where both have labels, these tell."""
    named = all(isinstance(i, Labelled) for i in (*gold.items, *answer.items))
    return not gold.braces and not named and all(isinstance(i, (Value, Phrase, Labelled)) for i in gold.items)


def _distinct(items: Sequence[Answer], setting: Setting) -> list[Answer]:
    kept: list[Answer] = []
    for item in items:
        if not any(_equal(k, item, setting) and _equal(item, k, setting) for k in kept[:30]):
            kept.append(item)
    return kept


def _same_members(golds: list[Answer], answers: list[Answer], setting: Setting) -> bool:
    if len(golds) != len(answers):
        return False
    gold_labels, labels = names_of(golds), names_of(answers)
    if of_different_names(gold_labels) != of_different_names(labels):
        return _in_order(without_labels(golds), without_labels(answers), setting)
    return _paired(golds, answers, lambda g, a: _equal(g, a, setting))


def _in_order(golds: Sequence[Answer], answers: Sequence[Answer], setting: Setting) -> bool:
    setting = replace(setting, together=setting.together or len(golds) > 1)
    return len(golds) == len(answers) and all(_equal(g, a, setting) for g, a in zip(golds, answers, strict=True))


def _paired(golds: Sequence, answers: Sequence, equal) -> bool:
    """Whether each answer belongs to one gold and each gold to one answer."""
    left = list(answers)
    for gold in golds:
        found = next((i for i, a in enumerate(left) if equal(gold, a)), None)
        if found is None:
            return False
        del left[found]
    return not left


def _tuple_of_list(gold: Ordered, answer: Unordered, setting: Setting) -> bool:
    """(1, 2) as "x = 1, y = 2", or as "1, 2" with its brackets forgotten."""
    if answer.braces or answer.alternatives or gold.opening not in ("(", "\\langle") or gold.closing == "]":
        return len(answer.items) == 1 and _equal(gold, answer.items[0], setting)
    labels = names_of(answer.items)
    if "" not in labels and len(set(labels)) != len(labels):
        return False
    return _in_order(gold.items, without_labels(_by_name(answer.items)), setting)


def _as_asked(items: Sequence[Answer], setting: Setting) -> Sequence[Answer]:
    """y = 2, x = 1 in the order in which the question asks for them."""
    places = asked.in_asked_order(names_of(items), setting.question)
    return (
        items if places is None else [item for _, item in sorted(zip(places, items, strict=True), key=lambda p: p[0])]
    )


def _by_name(items: Sequence[Answer]) -> Sequence[Answer]:
    """y = 2, x = 1 in the order of their names, where these have one; else as they stand."""
    labels = names_of(items)
    if "" in labels or len(set(labels)) != len(labels) or not _alphabetical(labels):
        return items
    return [item for _, item in sorted(zip(labels, items, strict=True), key=lambda pair: pair[0])]


def _alphabetical(labels: list[str]) -> bool:
    return set(labels) <= set("xyzw") or set(labels) <= set("abcdefgh")


def _ordered(gold: Ordered, answer: Ordered, setting: Setting) -> bool:
    round_gold, round_answer = _brackets(gold), _brackets(answer)
    if round_gold != round_answer and (len(gold.items) == 2 or "half" in (round_gold, round_answer)):
        return False
    return _in_order(gold.items, answer.items, setting)


def _brackets(pair: Ordered) -> str:
    if (pair.opening == "[") != (pair.closing == "]"):
        return "half" + pair.opening
    return "square" if pair.opening == "[" else "round"


def _regions(gold: Answer, answer: Answer, setting: Setting) -> bool:
    if setting.a_point and isinstance(gold, Ordered) and _brackets(gold) == "round" and _finite(gold):
        return False
    a, b = as_region(gold), as_region(answer)
    if a is None or b is None:
        return False
    if a.variable and b.variable and a.variable != b.variable:
        return False
    return same_region(a, b)


def _finite(pair: Ordered) -> bool:
    return all(isinstance(i, Value) and not mentions(i.tree, {"infinity"}) for i in pair.items)


def _matrices(gold: Matrix | Ordered, answer: Matrix | Ordered, setting: Setting) -> bool:
    if isinstance(gold, Matrix) and isinstance(answer, Matrix):
        return len(gold.rows) == len(answer.rows) and all(
            _in_order(g, a, setting) for g, a in zip(gold.rows, answer.rows, strict=True)
        )
    matrix, pair = (gold, answer) if isinstance(gold, Matrix) else (answer, gold)
    if not isinstance(matrix, Matrix) or not isinstance(pair, Ordered):
        return False
    if all(isinstance(i, Ordered) for i in pair.items):
        rows = [i.items for i in pair.items if isinstance(i, Ordered)]
        return len(rows) == len(matrix.rows) and all(map(lambda g, a: _in_order(g, a, setting), matrix.rows, rows))
    if len(matrix.rows) > 1 and len(matrix.rows[0]) > 1:
        return False
    return _in_order([c for row in matrix.rows for c in row], pair.items, setting)
