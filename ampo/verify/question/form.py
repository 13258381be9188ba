"""The form that a question asks for: its own formula, left as it is, is no answer, nor is a sum to "factor".

Formulas are compared as trees, whatever the order of terms and factors; what the gold itself is, is an answer.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ampo.verify.formula.equality import mentions, symbols
from ampo.verify.formula.parse import read_or_none
from ampo.verify.formula.tree import Tree, num
from ampo.verify.text.normalise import normalise
from ampo.verify.text.scan import split

_TASKS = (
    "find|compute|determine|evaluate|calculate|simplify|factor|factori[sz]e|expand|express|write|rationali[sz]e|convert|"
    "reduce|integrate|differentiate|solve|what is|what's"
)
_TASK = re.compile(rf"\b(?:{_TASKS})\b[^.?$]{{0,60}}(?:\$([^$]{{1,300}})\$|\\\((.{{1,300}}?)\\\))", re.IGNORECASE)
_FACTOR = re.compile(r"\bfactor(?:i[sz]e)?\b(?! of)", re.IGNORECASE)
_FRACTIONS = re.compile(r"\bpartial fractions?\b", re.IGNORECASE)
_ABSOLUTE = re.compile(r"\b(?:with|using|by|in terms of)\b[^.?]{0,40}\babsolute values?\b", re.IGNORECASE)
_EXPAND = re.compile(r"\bexpand\b", re.IGNORECASE)
_BASE = re.compile(
    r"\b(?:in|to|as) (?:an? )?(?:base[ -]?\$?(?!10)\w+|binary|octal|hexadecimal|ternary)\b", re.IGNORECASE
)
_TEN = re.compile(r"\b(?:in|to) (?:base[ -]?\$?(?:10|ten)\b|decimal)", re.IGNORECASE)
_UNDONE = re.compile(r"\\(?:sum|prod|int|lim)(?![a-zA-Z])")
_NOT_EXPANDED = re.compile(r"\\det(?![a-zA-Z])|\\begin\s?\{vmatrix\}")
_DETERMINANT = re.compile(r"\bdeterminant\b|\\det(?![a-zA-Z])|vmatrix", re.IGNORECASE)
_COMMON = re.compile(r"\b(?:gcd|lcm)\b|\\(?:gcd|lcm)(?![a-zA-Z])", re.IGNORECASE)
_OF_COMMON = re.compile(r"\bcommon (?:divisor|factor|multiple|denominator)\b", re.IGNORECASE)
_NAME = re.compile(r"\\?[a-zA-Z]")
_ANOTHER = "another form than asked for"
_HEXADECIMAL = re.compile(r"0x[\dA-F]{1,60}")
_SIGMA = re.compile(r"\b(?:sigma|summation) notation\b", re.IGNORECASE)
_ROUNDED = re.compile(r"\bround(?:ed|s|ing)? \$?\d+\.\d+\$? (?:off )?to\b", re.IGNORECASE)
_OWN = "the question's own expression"
_READ = 20_000  # characters of a question


def unlike(gold: str, answer: str, question: str) -> str | None:
    """Why a normalised answer isn't in the form that the question asks for; None where nothing speaks against it."""
    question = question[-_READ:]
    if not question or gold == answer:
        return None
    if _ROUNDED.search(question) and 0 < _places(gold) < _places(answer):
        return _ANOTHER
    if "=" in answer and _bare(answer).startswith(f"{_bare(gold)}=") and not _NAME.fullmatch(gold):
        return None
    last, tasks = _last_side(answer), _tasks(question)
    if "=" in answer and _bare(answer) in map(_bare, tasks):
        return _OWN
    if _UNDONE.search(last) and not _UNDONE.search(gold) and any(map(_UNDONE.search, tasks)):
        return _OWN
    if _COMMON.search(last) and not _COMMON.search(gold) and (_COMMON.search(question) or _OF_COMMON.search(question)):
        return _OWN
    if _NOT_EXPANDED.search(last) and not _NOT_EXPANDED.search(gold) and _DETERMINANT.search(question):
        return _OWN
    if _HEXADECIMAL.fullmatch(gold) and not _HEXADECIMAL.search(last) and _BASE.search(question):
        return _ANOTHER
    wanted, found = read_or_none(gold), read_or_none(last)
    if found and found.op == "base" and wanted and wanted.op == "num" and _to_another_base(question):
        return _ANOTHER  # than the base that is asked for, whose mark is gone
    if _SIGMA.search(question) and "\\sum" in gold and not re.search(r"\\(?:sum|ldots)", last):
        return _ANOTHER
    if found is None:
        said = _letters(last)  # \\sin(30^\\circ) of "What is \\sin 30^\\circ"
        return _OWN if said in map(_letters, tasks) and said != _letters(gold) else None
    if wanted is not None and canonical(wanted) == canonical(found):
        return None
    if not _literal(found) and canonical(found) in {canonical(t) for f in tasks if (t := read_or_none(f))}:
        return _OWN
    if wanted is None:
        return None
    return _ANOTHER if _another_form(wanted, found, question) else None


def _to_another_base(question: str) -> bool:
    return bool(_BASE.search(question)) and not _TEN.search(question)


def _places(text: str) -> int:
    """How many decimals a plain number has; 0 for any other text."""
    m = re.fullmatch(r"-?\d+\.(\d+)", text)
    return len(m[1]) if m else 0


def _last_side(answer: str) -> str:
    """What a chain of equations ends in; in \\log_2 64 = x that is the side before the name."""
    sides = [side for _, side in split(answer, {"="})]
    return sides[-2] if len(sides) > 1 and _NAME.fullmatch(sides[-1]) and not _NAME.fullmatch(sides[-2]) else sides[-1]


def _another_form(gold: Tree, answer: Tree, question: str) -> bool:
    if _FACTOR.search(question) and symbols(gold) and gold.op in ("mul", "pow"):
        return answer.op == "add"
    if _FRACTIONS.search(question) and gold.op == "add":
        return answer.op != "add"
    if _ABSOLUTE.search(question) and mentions(gold, {"abs"}):
        return mentions(answer, {"max", "min"}) and not mentions(gold, {"max", "min"})
    if _EXPAND.search(question) and gold.op == "add":
        return _has_product_of_sums(answer)
    if gold.op == "base":
        other = answer.op == "base" and answer.args[1] != gold.args[1]
        return other or (answer.op == "num" and answer != gold.args[0] and bool(_BASE.search(question)))
    return answer.op == "base" and answer.args[1] != num(10) and bool(_TEN.search(question))


def _has_product_of_sums(tree: Tree) -> bool:
    sums = [t for t in tree.args if t.op == "add" and symbols(t)]
    return (tree.op in ("mul", "pow") and bool(sums)) or any(map(_has_product_of_sums, tree.args))


@lru_cache(maxsize=512)
def _tasks(question: str) -> tuple[str, ...]:
    """The formulas that something is to be done with."""
    return tuple(normalise(m[1] or m[2]) for m in _TASK.finditer(question))


def _bare(text: str) -> str:
    return re.sub(r"[\s{}]", "", text)


def _letters(text: str) -> str:
    return re.sub(r"[()]", "", _bare(text))


def _literal(tree: Tree) -> bool:
    """A number, a name, or a fraction of whole numbers in lowest terms."""
    if tree.op == "neg":
        return _literal(tree.args[0])
    if tree.op == "div":
        top, bottom = (a.value for a in tree.args)
        return top is not None and bool(bottom) and (top / bottom).denominator == bottom > 1
    return not tree.args or mentions(tree, {"apply", "infinity"})


def canonical(tree: Tree) -> Tree:
    """The tree with sums and products flat, in one order, and without factors of one."""
    args = [canonical(a) for a in tree.args]
    if tree.op == "neg":
        return canonical(Tree("mul", (num(-1), tree.args[0]))) if tree.args[0].op != "num" else _negative(args[0])
    if tree.op not in ("add", "mul"):
        return tree._replace(args=tuple(args))
    flat = [b for a in args for b in (a.args if a.op == tree.op else (a,)) if tree.op == "add" or b != num(1)]
    return flat[0] if len(flat) == 1 else tree._replace(args=tuple(sorted(flat, key=repr)))


def _negative(number: Tree) -> Tree:
    return number._replace(value=-number.value) if number.value is not None else Tree("neg", (number,))
