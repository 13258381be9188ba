"""The reader of formulas with operators that bind a letter: sums, products, definite integrals.

The letter has a name of its own in the tree ("bound 1"), and must not stand outside of what it is bound in. A name with
an index is a function of the index (F_{n-k}), and so is a usual name of a function before a bracket.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

from ampo.verify.formula.parse import FormulaReader, read
from ampo.verify.formula.tokens import GREEK, tokens
from ampo.verify.formula.tree import Tree, UnreadableError, num

BINDERS = frozenset({"sum", "prod", "int"})
_MOST = 6  # of a formula
_FUNCTIONS = frozenset("fghFGHPQ") | {"phi", "psi", "Phi", "Psi", "mu", "Gamma", "zeta"}
_DEPTH = {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}
_ENDLESS = re.compile(r"\\sum\s*_\s*\{\s*([a-zA-Z])\s*\\ge\s*(\d)\s*\}(?!\s*\^)")
_BINDS = re.compile(r"(\\(?:sum|prod)\s*(?:\^\s*(?:\{[^{}]*\}|\\?\w+)\s*)?_\s*\{\s*\\?[a-zA-Z]+\s*)=")
_INDEX = re.compile(r"[a-zA-Z0-9]|\\[a-z]+")


@lru_cache(maxsize=512)
def with_binders(text: str) -> Tree | None:
    """The tree of a normalised formula that has such an operator; None for any other and for what can't be read."""
    if not any("\\" + op in text for op in BINDERS):
        return None
    try:
        pieces = tokens(_BINDS.sub(r"\1:", _ENDLESS.sub(r"\\sum_{\1=\2}^{\\infty} ", text)))
        integrals = pieces.count("\\int")
        if integrals and integrals != sum(a == "d" and _is_letter(b) for a, b in pairwise(pieces)):
            return None  # a derivative in it
        reader = _BoundReader(pieces)
        tree = reader.sum(0)
    except UnreadableError:
        return None
    whole = reader.at == len(reader.tokens) and reader.bound
    return tree if whole and not reader.bound & _outside(tree) else None


def _outside(tree: Tree) -> set[str]:
    """The names of a tree, but for those in an integral's bounds: \\int_0^x f(x) dx is read as it is meant."""
    parts = tree.args[:1] if tree.op == "int" else tree.args
    return set().union(*map(_outside, parts)) if tree.args else {tree.name}


class _BoundReader(FormulaReader):
    """See the module. scope: the letters that are bound here, with their names; bound: all that are bound somewhere."""

    def __init__(self, tokens: list[str]) -> None:
        super().__init__(tokens)
        self.scope: dict[str, str] = {}
        self.bound: set[str] = set()

    def _command(self, name: str, depth: int) -> Tree:
        if name in ("sum", "prod"):
            return self._series(name, depth)
        return self._integral(depth) if name == "int" else super()._command(name, depth)

    def _series(self, op: str, depth: int) -> Tree:
        high = self._limit("^", depth)
        self.take("_")
        self.take("{")
        letter = _letter(self.take())
        self.take(":")
        low = self.sum(depth + 1)
        self.take("}")
        high = high or self._limit("^", depth)
        return self._bound(op, letter, (low, high), lambda: self.term(depth + 1))

    def _integral(self, depth: int) -> Tree:
        """With its differential behind the integrand, which is a sum then, or in a numerator."""
        low = self._limit("_", depth)
        high = self._limit("^", depth)
        limits = low or self._limit("_", depth), high
        at, inside = self._differential()
        letter, before, behind = _letter(self.tokens[at + 1]), self.tokens[self.at : at], self.tokens[at + 2 :]
        if inside:
            empty = before[-1:] == ["{"] and behind[:1] == ["}"]
            self.tokens[self.at :] = [*before, *(["1"] if empty else []), *behind]
            return self._bound("int", letter, limits, lambda: self.term(depth + 1))
        self.tokens[self.at :] = ["{", *(before or ["1"]), "}", *behind]
        return self._bound("int", letter, limits, lambda: self.group(depth))

    def _limit(self, mark: str, depth: int) -> Tree | None:
        if self.peek() != mark:
            return None
        self.take()
        limit = self.group(depth)
        if self.peek() == " ":
            self.take()
        return limit

    def _differential(self) -> tuple[int, bool]:
        """Where the d of this integral stands, behind those of the ones inside it; whether it is inside of brackets."""
        depth = inner = 0
        for at in range(self.at, len(self.tokens) - 1):
            piece = self.tokens[at]
            depth += _DEPTH.get(piece, 0)
            inner += piece == "\\int"
            if piece == "d" and _is_letter(self.tokens[at + 1]):
                if not inner:
                    return at, depth > 0
                inner -= 1
            if depth < 0:
                break
        raise UnreadableError("an integral without a differential")

    def _bound(self, op: str, letter: str, limits: tuple[Tree | None, Tree | None], body: Callable[[], Tree]) -> Tree:
        low, high = limits
        if low is None or high is None or letter in self.bound or len(self.bound) >= _MOST:
            raise UnreadableError("no bounds, or a letter bound twice, or too many of them")
        self.bound.add(letter)
        self.scope[letter] = name = f"bound {len(self.bound)}"
        tree = Tree(op, (body(), low, high), None, name)
        del self.scope[letter]
        return tree

    def _symbol(self, name: str) -> Tree:
        if name in self.scope:
            if self.peek() == "_" or (self.peek() == "(" and name in _FUNCTIONS):
                raise UnreadableError("a bound letter as the name of something else")
            return Tree("sym", (), None, self.scope[name])
        return super()._symbol(name)

    def _subscripted(self, name: str) -> Tree:
        if self.peek() != "_":
            return self._applied(Tree("sym", (), None, name))
        self.take()
        return Tree("apply", self._index(self.label()), None, name + "_")

    def _index(self, label: str) -> tuple[Tree, ...]:
        """What an index counts: n and k of a_{nk} and of a_{n,k}, the one number of F_{n-k-1}."""
        if not re.search(r"[-+*/^(]", label):
            names = _INDEX.findall(label.replace(",", ""))
            if "".join(names) != label.replace(",", ""):
                raise UnreadableError("no index")
            return tuple(self._name(n.removeprefix("\\")) for n in names)
        parts = label.split(",")
        if any(re.search(r"[a-zA-Z]\s*[a-zA-Z(]|\d\s*\(", part) for part in parts):
            raise UnreadableError("two names side by side in an index")
        return tuple(self._renamed(read(part)) for part in parts)

    def _name(self, name: str) -> Tree:
        return num(int(name)) if name.isdigit() else Tree("sym", (), None, self.scope.get(name, name))

    def _renamed(self, tree: Tree) -> Tree:
        name = tree.op if tree.op in ("i", "e") else tree.name
        if not tree.args and tree.op != "num":
            return self._name(name)
        return tree._replace(args=tuple(map(self._renamed, tree.args)))

    def _applied(self, symbol: Tree) -> Tree:
        if symbol.name.rstrip("'") not in _FUNCTIONS or self.peek() != "(":
            return symbol
        return Tree("apply", self._arguments(1), None, symbol.name)


def _is_letter(piece: str) -> bool:
    return (len(piece) == 1 and piece.isalpha()) or piece.removeprefix("\\") in GREEK


def _letter(piece: str) -> str:
    if not _is_letter(piece):
        raise UnreadableError("no letter to bind")
    return piece.removeprefix("\\").removeprefix("var")
