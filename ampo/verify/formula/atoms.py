"""What stands between the operators of a formula: numbers, names, functions, and whatever is in brackets."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from ampo.verify.formula.tokens import FUNCTIONS, GREEK, TRIG
from ampo.verify.formula.tree import Tree, UnreadableError, num, number, product

MAX_DEPTH = 40
_ACCENTS = {"dot", "ddot", "hat", "bar", "tilde", "overline", "widehat"}
_SILENT = {"vec", "mathbf", "mathrm", "mathit", "mathcal", "boldsymbol", "bm", "rm", "operatorname", "mathsf", "text"}
_APPLIED_NAMES = """
f g h u F G H I delta mho Phi phi psi varphi Gamma theta y
"""
_APPLIED = frozenset(_APPLIED_NAMES.split())
_CLOSING = {"(": ")", "[": "]", "{": "}", "\\lfloor": "\\rfloor", "\\lceil": "\\rceil", "\\lvert": "\\rvert"}
_BRACKET_FUNCTION = {"\\lfloor": "floor", "\\lceil": "ceil", "\\lvert": "abs"}
_ENDS = {"\\rfloor", "\\rceil", "\\rvert", "\\choose", "\\cdot", "\\times", "\\div", "\\over", "\\pm", "\\mp", "\\ast"}
_OF_NUMBERS = {"/", "\\frac", "{", "}", "-", "+"}
_RATIONAL = {"num", "add", "mul", "div", "neg", "i"}
_NOT_IN_ARGUMENT = {"(", "[", "\\hat", *("\\" + name for name in FUNCTIONS)}  # cos t \hat{i} is (cos t) \hat{i}


class AtomReader(ABC):
    """Recursive descent over the tokens, from atoms down; `depth` bounds the nesting.

    Attributes:
        at: the place of the next token.
        bars: how many `|` are open.
    """

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at, self.bars = tokens, 0, 0

    @abstractmethod
    def sum(self, depth: int) -> Tree:
        """A whole formula."""

    @abstractmethod
    def power(self, depth: int) -> Tree:
        """An atom with what is raised behind it."""

    @abstractmethod
    def exponent(self, base: Tree, depth: int) -> Tree:
        """A base with the exponent that follows."""

    def peek(self, ahead: int = 0) -> str:
        """The next token, or one after it; "" behind the end."""
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        """The next token, which is then behind. Raises UnreadableError for another one than is expected."""
        piece = self.peek()
        if not piece or (expected and piece != expected):
            raise UnreadableError(f"expected {expected or 'more'}, found {piece or 'the end'}")
        self.at += 1
        return piece

    def atom(self, depth: int) -> Tree:
        """The next atom."""
        if depth > MAX_DEPTH:
            raise UnreadableError("nested too deeply")
        piece = self.take()
        if piece[0].isdigit() or piece[0] == ".":
            return Tree("num", (), number(piece))
        if piece in _CLOSING:
            return self._bracket(piece, depth)
        if piece == "|":
            self.bars += 1
            inner = self.sum(depth + 1)
            self.take("|")
            self.bars -= 1
            return Tree("abs", (inner,))
        if piece[0] == "\\":
            return self._command(piece[1:], depth)
        if piece.isalpha():
            return self._symbol(piece)
        raise UnreadableError(f"unexpected {piece}")

    def _bracket(self, opening: str, depth: int) -> Tree:
        inner = self.sum(depth + 1)
        if opening == "{" and self.peek() in ("\\choose",):
            self.take()
            inner = Tree("binom", (inner, self.sum(depth + 1)))
        self.take(_CLOSING[opening])
        return Tree(_BRACKET_FUNCTION[opening], (inner,)) if opening in _BRACKET_FUNCTION else inner

    def group(self, depth: int) -> Tree:
        """{...}, or the next single piece."""
        if self.peek() == "{":
            self.take()
            tree = self.sum(depth + 1)
            self.take("}")
            return tree
        return self.atom(depth + 1)

    def starts_atom(self, piece: str) -> bool:
        """Whether a token begins an atom."""
        if piece == "|":
            return self.bars == 0
        return bool(piece) and (piece[0].isalnum() or piece[0] in ".({[" or (piece[0] == "\\" and piece not in _ENDS))

    def _command(self, name: str, depth: int) -> Tree:
        if name == "frac":
            return Tree("div", (self.group(depth), self.group(depth)))
        if name in ("binom", "dbinom", "tbinom"):
            return Tree("binom", (self.group(depth), self.group(depth)))
        if name in ("sqrt", "cbrt"):
            return self._root(name, depth)
        if name in ("pi", "Pi"):
            return Tree("pi")
        if name in ("infty", "inf", "infinity", "oo"):
            return Tree("infinity")
        if name in FUNCTIONS:
            return self._function(FUNCTIONS[name], depth)
        if name in _ACCENTS:
            inner = self.group(depth)
            if name in ("overline", "bar") and _is_complex(inner):
                return _conjugate(inner)
            if inner.op not in ("sym", "i"):
                raise UnreadableError("an accent on something that is no name")
            return self._subscripted(f"{name} {inner.name or 'i'}")
        if name in _SILENT and self.peek() == "{":
            return self._named()
        if name in ("imath", "jmath"):
            return Tree("i")
        if name in GREEK:
            return self._symbol(name.removeprefix("var"))
        raise UnreadableError(f"\\{name}")

    def _named(self) -> Tree:
        """\\mathrm{abc}: one symbol of that name, or a known function or constant."""
        self.take("{")
        name = ""
        while self.peek() not in ("}", ""):
            name += self.take().removeprefix("\\").strip()
        self.take("}")
        if name in FUNCTIONS:
            return self._function(FUNCTIONS[name], 1)
        if not name.isalnum():
            raise UnreadableError(f"the name {name!r}")
        return self._symbol(name)

    def _root(self, name: str, depth: int) -> Tree:
        degree = num(3) if name == "cbrt" else num(2)
        if self.peek() == "[":
            self.take()
            degree = self.sum(depth + 1)
            self.take("]")
        return Tree("root", (self.group(depth), degree))

    def _function(self, name: str, depth: int) -> Tree:
        """\\sin^2 x, \\log_2 8, \\cos(2t), \\ln 2: without brackets the argument is the product that follows."""
        base = exponent = None
        while self.peek() in ("_", "^"):
            if self.take() == "_":
                base = self._base(name, depth)
            elif self.peek() == "{":
                exponent = self.group(depth)
            else:
                exponent = self.exponent(num(1), depth).args[1]
        if self.peek() == " ":  # \\log_2 8
            self.take()
        args = self._arguments(depth) if self.peek() in ("(", "{", "[") else (self._bare_argument(depth),)
        if name == "log" and base is not None:
            args = (*args, base)
        elif name == "lg":
            name, args = "log", (*args, num(10))
        if exponent is not None and exponent in (Tree("neg", (num(1),)), num(-1)) and "arc" + name in TRIG:
            return Tree("arc" + name, args)
        if name == "cis":
            name, args = "pow", (Tree("e"), product(Tree("i"), args[0]))
        tree = Tree(name, args)
        return tree if exponent is None else Tree("pow", (tree, exponent))

    def _base(self, name: str, depth: int) -> Tree:
        """Of \\log_{10} 5 and \\log_10 5; \\log_264 is \\log_2 64, as LaTeX sets it."""
        digits, behind = self.peek(), self.peek(1)
        alone = not (behind == " " or self.starts_atom(behind) or behind == "^")
        if name == "log" and digits.isdigit() and len(digits) > 1 and alone:
            self.tokens[self.at : self.at + 1] = [digits[0], digits[1:]]
        return self.group(depth)

    def _arguments(self, depth: int) -> tuple[Tree, ...]:
        closing = _CLOSING[self.take()]
        args = [self.sum(depth + 1)]
        while self.peek() == ",":
            self.take()
            args.append(self.sum(depth + 1))
        self.take(closing)
        return tuple(args)

    def _bare_argument(self, depth: int) -> Tree:
        minus = self.peek() == "-" and bool(self.take())
        value = self.power(depth + 1)
        while self.starts_atom(self.peek()) and self.peek() not in _NOT_IN_ARGUMENT:
            value = product(value, self.power(depth + 1))
        return Tree("neg", (value,)) if minus else value

    def _symbol(self, name: str) -> Tree:
        if name == "e" and self.peek() != "_":
            return Tree("e")
        if name == "i" and self.peek() != "_":
            return Tree("i")
        return self._subscripted(name)

    def _subscripted(self, name: str) -> Tree:
        if self.peek() == "_":
            self.take()
            name += "_" + self.label()
        return self._applied(Tree("sym", (), None, name))

    def label(self) -> str:
        """A subscript as text."""
        if self.peek() != "{":
            piece = self.take().removeprefix("\\")
            if piece in ("text", "mathrm", "rm"):
                return self.label()
            if not piece[0].isalnum() or piece in ("frac", "sqrt", "binom", "left"):
                raise UnreadableError(f"no subscript: {piece}")
            return piece
        self.take()
        depth, parts = 1, []
        while depth:
            piece = self.take()
            depth += (piece == "{") - (piece == "}")
            if depth and piece not in ("\\text", "\\mathrm", "{", "}", " ", "\\rm"):
                parts.append(piece.removeprefix("\\"))
        return "".join(parts)

    def _of_a_number(self, name: str) -> Tree | None:
        """\\Gamma(1/2) and \\zeta(2), of numbers alone: else these are names, or functions that may be any."""
        end = self.at + 1
        while end < len(self.tokens) and (self.tokens[end][0].isdigit() or self.tokens[end] in _OF_NUMBERS):
            end += 1
        if name not in ("Gamma", "zeta") or self.peek() != "(" or self.tokens[end : end + 1] != [")"]:
            return None
        (argument,) = self._arguments(1)
        less = Tree("add", (argument, num(-1)))
        return Tree("zeta", (argument,)) if name == "zeta" else Tree("factorial", (less,))

    def _applied(self, symbol: Tree) -> Tree:
        """f(x) for names that functions usually have and a bracket that holds one name or number."""
        if value := self._of_a_number(symbol.name):
            return value
        known = symbol.name.rstrip("'") in _APPLIED or symbol.name.startswith(("dot ", "ddot "))
        alone = self.peek(2) == ")" and self.peek(1)[:1] not in "({[+-"
        if known and self.peek() == "(" and (alone or self._holds_an_indexed_name()):
            self.take()
            argument = self.atom(1)
            self.take(")")
            return Tree("apply", (argument,), None, symbol.name)
        return symbol

    def _holds_an_indexed_name(self) -> bool:
        """Whether the bracket that is next holds x_n or x_{n-1}."""
        rest = "".join(self.tokens[self.at : self.at + 12])
        return re.match(r"\([a-zA-Z]_(?:\w|\{\w(?:[+-]\d)?\})\)", rest) is not None

    def primed(self, base: Tree) -> Tree:
        """A name with one prime more."""
        if base.op == "sym":
            return self._applied(Tree("sym", (), None, base.name + "'"))
        raise UnreadableError("a prime on something that is no name")


def _is_complex(tree: Tree) -> bool:
    """Whether a formula is made of numbers and i, both of them."""
    return bool(tree.args) and _made_of(tree, _RATIONAL) and _conjugate(tree) != tree


def _made_of(tree: Tree, ops: set[str]) -> bool:
    return tree.op in ops and all(_made_of(t, ops) for t in tree.args)


def _conjugate(tree: Tree) -> Tree:
    """With -i for i."""
    if tree.op == "i":
        return Tree("neg", (tree,))
    return tree._replace(args=tuple(map(_conjugate, tree.args)))
