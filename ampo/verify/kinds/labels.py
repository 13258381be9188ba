"""Labels: x = 3 is 3 where that is asked for, f(m) = 2m is f(n) = 2n, and y = 2x + 3 an equation as well."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ampo.verify.formula.denominators import same_curve
from ampo.verify.formula.equality import proportional, rename, symbols
from ampo.verify.formula.tree import Tree
from ampo.verify.kinds.answers import Answer, Equation, Labelled, Value
from ampo.verify.question import asked
from ampo.verify.question.context import Setting


def labelled(gold: Answer, answer: Answer, setting: Setting, equal: Callable[[Answer, Answer], bool]) -> bool:
    """Whether two answers are the same of which one at least has a label. equal: of what stands behind it."""
    if isinstance(gold, Labelled) and isinstance(answer, Labelled):
        if _name(gold) == _name(answer) and equal(gold.body, _rebound(gold, answer)):
            return True
        return not setting.solved and _as_equations(gold, answer)
    if isinstance(gold, Labelled):
        return (not setting.solved and _as_equations(gold, answer)) or equal(gold.body, answer)
    if not isinstance(answer, Labelled) or _of_another(answer, setting.question):
        return False
    return _as_equations(gold, answer) or equal(gold, _rebound(gold, answer))


def _of_another(answer: Labelled, question: str) -> bool:
    """Whether a label says that the value is not what was asked for: x = 2x + 1, or y = 5 where x is to be found."""
    if isinstance(answer.body, Value) and not answer.bound and _name(answer) in symbols(answer.body.tree):
        return True
    return asked.another_name(answer.label + (f"({','.join(answer.bound)})" if answer.bound else ""), question)


def _name(answer: Labelled) -> str:
    return re.sub(r"\\(?:text|mathrm)|[\s{}\\]", "", answer.label)


def _rebound(gold: Answer, answer: Labelled) -> Answer:
    """The answer's definition in the gold's variables: f(m) = 2m as f(n) = 2n."""
    if not isinstance(answer.body, Value) or not answer.bound:
        return answer.body
    bound: Sequence[str] = gold.bound if isinstance(gold, Labelled) else ()
    if not bound and isinstance(gold, Value):
        bound = sorted(symbols(gold.tree))
    if len(bound) != len(answer.bound):
        return answer.body
    new = dict(zip(answer.bound, bound, strict=True))
    if set(new.values()) & (symbols(answer.body.tree) - set(new)):
        return answer.body
    return replace(answer.body, tree=rename(answer.body.tree, new))


def _as_equations(gold: Answer, answer: Answer) -> bool:
    """y = 2x + 3 and 2x - y + 3 = 0; not for definitions of functions, nor for values of single names."""
    a, b = _equation(gold), _equation(answer)
    if a is None or b is None:
        return False
    names = symbols(_difference(a))
    return bool(names) and names == symbols(_difference(b)) and same_equation(a, b)


def _equation(answer: Answer) -> Equation | None:
    if isinstance(answer, Equation):
        return answer
    if isinstance(answer, Labelled) and answer.left is not None and not answer.bound and isinstance(answer.body, Value):
        return Equation(answer.left, answer.body.tree)
    return None


def same_equation(gold: Equation, answer: Equation) -> bool:
    """Whether two equations have the same solutions, as far as a factor tells, or the curve's points."""
    a, b = _difference(gold), _difference(answer)
    return proportional(a, b) or same_curve(a, b)


def _difference(equation: Equation) -> Tree:
    return Tree("add", (equation.left, Tree("neg", (equation.right,))))


def names_of(items: Sequence[Answer]) -> list[str]:
    """The label of each, "" where it has none."""
    return [_name(i) if isinstance(i, Labelled) else "" for i in items]


def of_different_names(labels: list[str]) -> bool:
    """Whether the values belong to different names, so that their order says which is which."""
    return len({label.partition("_")[0] for label in labels}) > 1


def without_labels(items: Sequence[Answer]) -> list[Answer]:
    """What stands behind the labels."""
    return [i.body if isinstance(i, Labelled) else i for i in items]
