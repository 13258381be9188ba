"""Every pattern of a package's modules, and strings that make a backtracking matcher work hard on it.

A pattern's worst strings come out of its structure: for each part that repeats without bound, what must stand before
it, then a character of it many times, and an end that fails. A part that repeats inside of another one that does, and
neighbours that share a character, are what makes a matcher try every way to divide such a run.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any, NamedTuple

_METHODS = {"compile", "match", "search", "fullmatch", "sub", "subn", "findall", "finditer", "split"}
_UNBOUNDED = 100  # repetitions from which on a bound is none
_CANDIDATES = "a1 \n\t.,-+=({[$\\x0Z*_/:;!?%'\"é|<>#&^~@"


class Found(NamedTuple):
    """where: module and line. name: of the constant that holds it, "" in a call. methods: by which it is asked."""

    where: str
    name: str
    pattern: re.Pattern[str]
    methods: frozenset[str]

    def run(self, text: str) -> None:
        """Ask it of a text by each of its methods."""
        for method in self.methods & {"match", "fullmatch"}:
            getattr(self.pattern, method)(text)
        if self.methods - {"match", "fullmatch"}:
            for _ in self.pattern.finditer(text):
                pass


def patterns(module: str) -> Iterator[Found]:
    """The patterns of a module's source: compiled ones, and those in calls."""
    loaded = importlib.import_module(module)
    assert loaded.__file__
    source = Path(loaded.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source)
    named = {
        node.value: target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in _METHODS
            and node.args
        ):
            text = _value(node.args[0], loaded)
            if isinstance(text, str):
                asked = {node.func.attr} if node.func.attr != "compile" else _methods(named.get(node), source)
                yield Found(
                    f"{module}:{node.lineno}",
                    named.get(node, ""),
                    re.compile(text, _flags(node, loaded)),
                    frozenset(asked),
                )


def _methods(name: str | None, source: str) -> set[str]:
    """The methods by which a compiled pattern is asked; searched where that isn't seen."""
    found = re.findall(rf"(?<![\w.]){name}\.(\w+)\(", source) if name else []
    passed = name is None or re.search(rf"(?<![\w.]){name}(?![\w.]| = )", source)
    return {*found, *(["search"] if passed or not found else [])}


def _value(node: ast.expr, module: ModuleType) -> Any:
    try:
        return eval(compile(ast.Expression(node), "pattern", "eval"), vars(module))
    except NameError:  # made of a function's own names
        return None


def _flags(node: ast.Call, module: ModuleType) -> int:
    assert isinstance(node.func, ast.Attribute)
    place = {"compile": 1, "sub": 4, "subn": 4, "split": 3}.get(node.func.attr, 2)
    given = next((k.value for k in node.keywords if k.arg == "flags"), None)
    given = given or (node.args[place] if len(node.args) > place else None)
    return int(_value(given, module) or 0) if given is not None else 0


def worst(pattern: re.Pattern[str], n: int) -> Iterator[str]:
    """Strings of about n characters, each hard for another of the pattern's repetitions."""
    seen: set[str] = set()
    for prefix, pump in _pumps(_parser.parse(pattern.pattern, pattern.flags), ""):
        for text in (prefix + pump * (n // len(pump)), pump * (n // len(pump))):
            for end in ("\x00", ""):
                if text + end not in seen:
                    seen.add(text + end)
                    yield text + end


def _pumps(tree: Any, before: str) -> Iterator[tuple[str, str]]:
    """(what stands before it, what is repeated) for every unbounded repetition, and for those inside of one."""
    for op, arg in tree:
        if op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
            low, high, inner = arg
            if high is c.MAXREPEAT or high >= _UNBOUNDED:
                yield before, _witness(inner) or " "
                for other in _members(inner):
                    yield before, other
            yield from _pumps(inner, before)
            before += _witness(inner) * min(int(low), 5)
        elif op is c.SUBPATTERN:
            yield from _pumps(arg[3], before)
            before += _witness(arg[3])
        elif op is c.BRANCH:
            for branch in arg[1]:
                yield from _pumps(branch, before)
            before += _witness(arg[1][0])
        elif op in (c.ASSERT, c.ASSERT_NOT):
            yield from _pumps(arg[1], before)
        elif op is c.ATOMIC_GROUP:
            yield from _pumps(arg, before)
            before += _witness(arg)
        else:
            before += _witness([(op, arg)])


def _members(tree: Any) -> list[str]:
    """A few different characters that one round of a repetition takes."""
    if len(tree) == 1 and tree[0][0] in (c.IN, c.ANY, c.NOT_LITERAL, c.CATEGORY):
        return [x for x in (" ", "\n", "a", "1", ".", "(", "\\", "{") if _takes(tree[0], x)]
    return []


def _witness(tree: Any) -> str:
    """A short text that the parts match, as far as that is seen without looking around."""
    text = ""
    for op, arg in tree:
        if op is c.LITERAL:
            text += chr(arg)
        elif op in (c.IN, c.ANY, c.NOT_LITERAL, c.CATEGORY):
            text += next((x for x in _CANDIDATES if _takes((op, arg), x)), "") or _first(arg)
        elif op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
            text += _witness(arg[2]) * min(int(arg[0]), 40)
        elif op is c.SUBPATTERN:
            text += _witness(arg[3])
        elif op is c.ATOMIC_GROUP:
            text += _witness(arg)
        elif op is c.BRANCH:
            text += _witness(arg[1][0])
    return text


def _first(members: Any) -> str:
    for op, arg in members if isinstance(members, list) else []:
        if op is c.LITERAL:
            return chr(arg)
        if op is c.RANGE:
            return chr(arg[0])
    return ""


def _takes(item: Any, character: str) -> bool:
    op, arg = item
    if op is c.ANY:
        return character != "\n"
    if op is c.NOT_LITERAL:
        return ord(character) != arg
    if op is c.LITERAL:
        return ord(character) == arg
    if op is c.RANGE:
        return arg[0] <= ord(character) <= arg[1]
    if op is c.CATEGORY:
        return _in_category(arg, character)
    if op is c.IN:
        negated = arg[0][0] is c.NEGATE
        return any(_takes(part, character) for part in (arg[1:] if negated else arg)) != negated
    return False


def _in_category(category: Any, character: str) -> bool:
    name = str(category).rpartition("CATEGORY_")[2]
    kind = name.removeprefix("UNI_").removeprefix("NOT_").removeprefix("UNI_")
    word = character.isalnum() or character == "_"
    found = {"SPACE": character.isspace(), "DIGIT": character.isdigit(), "WORD": word}.get(kind, False)
    return found != ("NOT" in name)
