"""Labels: x = 3 is 3 where that is asked for, f(m) = 2m is f(n) = 2n, and y = 2x + 3 an equation as well."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ampo.verify.formula.denominators import same_curve
from ampo.verify.formula.equality import proportional, rename, same, substitute, symbols
from ampo.verify.formula.parse import read
from ampo.verify.formula.tree import Tree, UnreadableError, num
from ampo.verify.kinds.answers import Answer, Broken, Equation, Labelled, Ordered, Phrase, Unordered, Value
from ampo.verify.kinds.named_ratios import bare_name, in_one_direction, of_other_names
from ampo.verify.kinds.registry import Equal, Kind, renamed
from ampo.verify.question import asked
from ampo.verify.question.context import Setting
from ampo.verify.text.phrases import phrase, plain
from ampo.verify.text.scan import split

_LABEL = re.compile(r"^(?:\\text\s*\{)?\s*[A-Za-z][A-Za-z \-']*\}?\s*(?:of [^=]{1,40})?$")
_TUPLE = re.compile(r"\(([^()]{1,60}(?:\([^()]{1,20}\)[^()]{0,60}){0,6})\)")
_INDEXED = re.compile(r"([a-zA-Z])_\{?([i-nr])\}?")
_MAX_QUESTION = 20_000
_OF_A_LINE = re.compile(
    r"\b(?:lines?|equation (?:of|for)|asymptotes?|axis|directri(?:x|ces)|locus|curves?|tangent|planes?|graph"
    r"|bisector)\b",
    re.IGNORECASE,
)
_SOLVED_FOR = frozenset({"y", "z", "r", "rho"})
_SAYS_NOTHING = frozenset("the final answer result solution value is of shape type kind parity".split())  # noqa: SIM905


def labelled(gold: Answer, answer: Answer, setting: Setting, equal: Callable[[Answer, Answer], bool]) -> bool:
    """Whether two answers are the same of which one at least has a label.

    Args:
        gold: The reference answer.
        answer: The response's.
        setting: How the two are compared.
        equal: Whether what stands behind the labels is the same.
    """
    answer = in_one_direction(gold, answer, setting.question)
    if isinstance(gold, Labelled) and isinstance(answer, Labelled):
        gold, answer = _of_its_index(gold), _of_its_index(answer)
        called_alike = _name(gold) == _name(answer) or _in_another_case(gold, answer, setting.question)
        if called_alike and equal(gold.body, _rebound(gold, answer)):
            return True
        if _swapped(gold, answer) or (_drawn(gold, answer) and equal(gold.body, answer.body)):
            return True
        return not setting.solved and _as_equations(gold, answer)
    if isinstance(gold, Labelled):
        if isinstance(gold.body, Unordered) and isinstance(answer, Unordered) and equal(_each(gold), answer):
            return True  # y = \\pm 2x, and y - 2x = 0 with y + 2x = 0
        unsolved = setting.solved or _unsolved(gold, answer, setting.question)
        return (not unsolved and _as_equations(gold, answer)) or equal(gold.body, answer)
    if not isinstance(answer, Labelled) or _of_another(answer, setting.question):
        return False
    if answer.label.startswith("("):
        return any(equal(gold, body) for body in _as_tuples(answer, setting.question))
    return _as_equations(gold, answer) or equal(gold, _rebound(gold, answer))


def _unsolved(gold: Labelled, answer: Answer, question: str) -> bool:
    """Whether an equation still has to be solved for the number that the gold is: 2x + 3 = 11 is not x = 4.

    Where a line is asked for, x = 4 is one, and so is 2x = 8; x - 4 = 0 is x = 4 in another dress."""
    number = isinstance(gold.body, Value) and not symbols(gold.body.tree)
    left = isinstance(answer, Equation) and answer.right != num(0)
    return number and left and not _OF_A_LINE.search(question)


def _of_another(answer: Labelled, question: str) -> bool:
    """Whether a label says that the value is not what was asked for: x = 2x + 1, or y = 5 where x is to be found, or an
    answer's words are another's: odd = even."""
    if isinstance(answer.body, Phrase):
        said = re.findall(r"[a-z]{2,}", plain(answer.label).lower())
        return not set(said) <= _SAYS_NOTHING | set(re.findall(r"[a-z]{2,}", question.lower()))
    if of_other_names(answer, question):
        return True
    if isinstance(answer.body, Value) and not answer.bound and _name(answer) in symbols(answer.body.tree):
        return True
    return asked.another_name(answer.label + (f"({','.join(answer.bound)})" if answer.bound else ""), question)


def _of_its_index(answer: Labelled) -> Labelled:
    """a_n = 2^n - 1 as a function of n, whose letter tells nothing."""
    m = _INDEXED.fullmatch(answer.label)
    if m is None or answer.bound or not isinstance(answer.body, Value) or m[2] not in symbols(answer.body.tree):
        return answer
    return replace(answer, label=m[1], bound=(m[2],))


def _each(answer: Labelled) -> Unordered:
    """y = \\pm 2x as y = 2x, y = -2x."""
    assert isinstance(answer.body, Unordered)
    return replace(answer.body, items=tuple(replace(answer, body=item) for item in answer.body.items))


def _swapped(gold: Labelled, answer: Labelled) -> bool:
    """MR = SRMC and SRMC = MR: two names, neither of which is a value."""
    sides = [(_name(a).lower(), said_of(a.body)) for a in (gold, answer)]
    if gold.left is None or answer.left is None:  # a member of a set
        return False
    return "" not in sides[0] and sides[0] == sides[1][::-1]


def _drawn(a: Labelled, b: Labelled) -> bool:
    """f(x) = 2x + 3 and y = 2x + 3: a function, and the equation of its graph."""
    for function, graph in ((a, b), (b, a)):
        x_only = function.bound == ("x",) and not graph.bound and _name(graph) == "y"
        if x_only and isinstance(graph.body, Value) and symbols(graph.body.tree) == {"x"}:
            return True
    return False


def said_of(body: Answer) -> str:
    """The words of an answer: also of a product of letters, which "red" may be; "" where it has none."""
    if isinstance(body, Phrase):
        return body.words
    if not isinstance(body, Value) or body.unit:
        return ""
    letters = body.tree.args if body.tree.op == "mul" else (body.tree,)
    return "".join(t.name.lower() or t.op for t in letters) if all(t.op in ("sym", "e") for t in letters) else ""


def _in_another_case(gold: Labelled, answer: Labelled, question: str) -> bool:
    """p = nRT/V for P = nRT/V: one letter, whose two cases are not two things here.

    Neither is on the right side, nor both in the question."""
    letters = {_name(gold), _name(answer)}
    if not all(len(letter) == 1 for letter in letters) or len({letter.lower() for letter in letters}) > 1:
        return False
    if not all(isinstance(a.body, Value) and symbols(a.body.tree) and not a.bound for a in (gold, answer)):
        return False
    right = {n.partition("_")[0] for a in (gold, answer) if isinstance(a.body, Value) for n in symbols(a.body.tree)}
    return not letters & right and not all(re.search(rf"(?<![a-zA-Z\\]){n}(?![a-zA-Z])", question) for n in letters)


def _name(answer: Labelled) -> str:
    return bare_name(answer.label)


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
    if set(new.values()) & (symbols(answer.body.tree) - set(new)):  # f(t) = x + 1 says nothing of t
        return Broken(answer.label)
    return replace(answer.body, tree=rename(answer.body.tree, new))


def _as_equations(gold: Answer, answer: Answer) -> bool:
    """y = 2x + 3 and 2x - y + 3 = 0; not for definitions of functions, nor for values of single names."""
    a, b = equation_of(gold), equation_of(answer)
    if a is None or b is None:
        return False
    names = symbols(_difference(a))
    return bool(names) and names == symbols(_difference(b)) and same_equation(a, b)


def equation_of(answer: Answer) -> Equation | None:
    """An equation, also one that is solved for a name; None for definitions, quantities, and anything else."""
    if isinstance(answer, Equation):
        return answer
    if isinstance(answer, Labelled) and answer.left is not None and not answer.bound and isinstance(answer.body, Value):
        if answer.body.unit or answer.body.percent or answer.body.degrees:
            return None
        return Equation(answer.left, answer.body.tree)
    return None


def same_equation(gold: Equation, answer: Equation) -> bool:
    """Whether two equations have the same solutions, as far as a factor tells, or the curve's points."""
    a, b = _difference(gold), _difference(answer)
    return proportional(a, b) or same_curve(a, b) or _same_motion(a, b)


def _same_motion(a: Tree, b: Tree) -> bool:
    """Whether two equations give the same highest derivative: m x'' + kx = 0 and x'' = -(k/m) x."""
    derivatives = [max((n for n in symbols(t) if n.endswith("'")), key=len, default="") for t in (a, b)]
    if derivatives[0] != derivatives[1] or not derivatives[0]:
        return False
    name = derivatives[0]
    at = [[substitute(t, {name: num(k)}) for k in (0, 1, 2)] for t in (a, b)]
    slopes = [Tree("add", (one, Tree("neg", (zero,)))) for zero, one, _ in at]
    functions = {n for t in (a, b) for n in symbols(t) if n.rstrip("'") == name.rstrip("'")}
    varied = [[substitute(s, dict.fromkeys(functions, num(k))) for k in (3, 7)] for s in slopes]
    if not all(same(*pair) for pair in varied):  # x x'' = x y' is fulfilled by x = 0, too
        return False
    linear = all(same(two, Tree("add", (zero, slope, slope))) for (zero, _, two), slope in zip(at, slopes, strict=True))
    return linear and same(Tree("mul", (at[0][0], slopes[1])), Tree("mul", (at[1][0], slopes[0])))


def solved(gold: Equation, answer: Value) -> bool:
    """Whether a formula is what an equation of two names gives for its y, which was left out: 6/x for xy = 6."""
    missing = symbols(_difference(gold)) - symbols(answer.tree)
    if len(missing) != 1 or not symbols(answer.tree) or answer.unit or answer.percent or answer.degrees:
        return False
    (name,) = missing
    return name in _SOLVED_FOR and same_equation(gold, Equation(Tree("sym", (), None, name), answer.tree))


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


def label_of(text: str) -> tuple[str, tuple[str, ...], Tree | None] | None:
    """Name, bound variables and tree of a left side that is a mere name; no tree where it is words ("Area")."""
    m = re.fullmatch(
        r"(\\?[a-zA-Z]+(?:_\s*(?:\{[^{}]*\}|\w))?'*(?:\^\s*(?:\{-1\}|\{?[a-z*]\}?))?)\s*\(\s*([a-z](?:\s*,\s*[a-z])*|\\[a-z]+)\s*\)",
        text,
    )
    if m and not re.fullmatch(r"\\(?:sin|cos|tan|log|ln|exp)", m[1]):
        return m[1], tuple(v.strip() for v in m[2].split(",")), Tree("sym", (), None, m[1].lstrip("\\"))
    try:
        tree = read(text)
        if tree.op in ("sym", "e"):
            return tree.name or "e", (), tree
    except UnreadableError:
        pass
    if re.fullmatch(
        r"(?:\\angle|\\triangle|\\overline)?\s*\{?[A-Z](?:\s*_\{?\w\}?)?(?:\s*[A-Z](?:\s*_\s*\{?\w\}?)?){1,3}\}?|\|\s*[A-Z]{1,3}\s*\||\[[A-Z]{3,5}\]|\\angle\s*\w",
        text,
    ):
        return "".join(text.split()), (), Tree("sym", (), None, "".join(text.split()))
    if re.fullmatch(r"[a-zA-Z]+_\s*\{\s*\\?[a-z]+\s*\}|\\[Dd]elta\s*[a-zA-Z]|\\langle\s*[a-zA-Z]\s*\\rangle", text):
        return text, (), Tree("sym", (), None, text)
    if _LABEL.match(text) and len(text) <= 60 and len(phrase(text)) > 3:
        return text, (), None
    return None


def tuple_names(text: str) -> tuple[str, ...]:
    """x and y of (x, y), f(n) and g(n) of (f(n), g(n)); nothing where it isn't a tuple of different names."""
    m = _TUPLE.fullmatch(text)
    names = [part for _, part in split(m[1], {","})] if m else []
    named = all((label := label_of(name)) is not None and label[2] is not None for name in names)
    return tuple(names) if named and len(set(names)) == len(names) > 1 else ()


def _as_tuples(answer: Labelled, question: str) -> tuple[Answer, ...]:
    """(x, y) = (1, 2) as the tuple, in the order in which the question has the names, and as x = 1, y = 2."""
    names, body = tuple_names(answer.label), answer.body
    if not isinstance(body, Ordered) or len(names) != len(body.items):
        return (body,)
    items = dict(zip(names, body.items, strict=True))
    for m in _TUPLE.finditer(question[-_MAX_QUESTION:]):
        asked_for = tuple_names(m[0].replace("$", ""))
        if set(asked_for) == set(names):
            items = {name: items[name] for name in asked_for}
            break
    else:
        if set(names) <= set("xyzw") or set(names) <= set("abcdefgh"):
            items = dict(sorted(items.items()))
    labels = [(label_of(name), item) for name, item in items.items()]
    named = tuple(Labelled(label[0], item, label[1], label[2]) for label, item in labels if label is not None)
    return replace(body, items=tuple(items.values())), Unordered(named)


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    if isinstance(gold, Labelled) or isinstance(answer, Labelled):
        return labelled(gold, answer, setting, lambda g, a: equal(g, a, setting))
    return None


def _renamed(answer: Answer, new: dict[str, str]) -> Labelled | None:
    return replace(answer, body=renamed(answer.body, new)) if isinstance(answer, Labelled) else None


KIND = Kind(order=40, same=_same, rename=_renamed)
