"""The reader of formulas: LaTeX and plain text alike become a tree, and nothing is evaluated while it is read.

The reader is our own, so that nothing a model writes ever reaches a parser that computes (sympy's `2^{10^9}` would)
or runs code (`parse_expr`). It knows arithmetic, roots, powers, logarithms, trigonometric functions, factorials,
binomials, floors and absolute values, symbols with subscripts and accents, and unknown functions `f(x)`. What it
doesn't know raises `UnreadableError`; then `ampo.verify.formula.symbolic` asks latex2sympy2_extended.
"""

from __future__ import annotations

from functools import lru_cache

from ampo.verify.formula.tokens import FUNCTIONS, GREEK, TRIG, tokens
from ampo.verify.formula.tree import Tree, UnreadableError, num, number

MAX_DEPTH = 40
_ACCENTS = {"dot", "ddot", "hat", "bar", "tilde", "overline", "widehat"}
_SILENT = {"vec", "mathbf", "mathrm", "mathit", "mathcal", "boldsymbol", "bm", "rm", "operatorname", "mathsf", "text"}
_APPLIED_NAMES = """
f g h u F G H I delta mho Phi phi psi varphi Gamma theta y
"""
_APPLIED = frozenset(_APPLIED_NAMES.split())


@lru_cache(maxsize=2048)
def read(text: str) -> Tree:
    """The tree of a cleaned formula. Raises UnreadableError."""
    pieces = tokens(text)
    reader = _Reader(pieces)
    tree = reader.sum(0)
    if reader.at < len(pieces):
        raise UnreadableError(f"left over: {pieces[reader.at]}")
    return tree


def _product(a: Tree, b: Tree) -> Tree:
    """Flat, so that a long product isn't a deep tree."""
    return Tree("mul", (*(a.args if a.op == "mul" else (a,)), b))


class _Reader:
    """Recursive descent over the tokens; `depth` bounds the nesting."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at, self.bars = tokens, 0, 0

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        piece = self.peek()
        if not piece or (expected and piece != expected):
            raise UnreadableError(f"expected {expected or 'more'}, found {piece or 'the end'}")
        self.at += 1
        return piece

    def sum(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise UnreadableError("nested too deeply")
        terms = [self.term(depth)]
        while self.peek() in ("+", "-"):
            minus = self.take() == "-"
            term = self.term(depth)
            terms.append(Tree("neg", (term,)) if minus else term)
        return terms[0] if len(terms) == 1 else Tree("add", tuple(terms))

    def term(self, depth: int) -> Tree:
        if self.peek() in ("-", "+"):
            minus = self.take() == "-"
            term = self.term(depth + 1) if depth < MAX_DEPTH else self.power(depth)
            return Tree("neg", (term,)) if minus else term
        value, divisions = self.power(depth), 0
        while True:
            piece = self.peek()
            divisions += piece in ("/", "\\div", "%")
            if divisions > MAX_DEPTH:
                raise UnreadableError("too many divisions")
            if piece in ("*", "\\cdot", "\\times", "\\ast"):
                self.take()
                value = _product(value, self.signed(depth))
            elif piece in ("/", "\\div", "\\over"):
                self.take()
                value = Tree("div", (value, self.signed(depth)))
            elif piece == "%":
                self.take()
                value = Tree("div", (value, num(100)))
            elif piece == " " and self._mixed(value):
                value = self._mixed_number(value)
            elif self._starts_atom(piece):
                value = self._beside(value, depth)
            else:
                return value

    def signed(self, depth: int) -> Tree:
        if self.peek() in ("-", "+"):
            return Tree("neg", (self.power(depth),)) if self.take() == "-" else self.power(depth)
        return self.power(depth)

    def _beside(self, value: Tree, depth: int) -> Tree:
        """Side by side is a product, but for a whole number before a proper fraction: 1\\frac{4}{5}."""
        after_frac = self.peek() in ("\\frac",)
        before = self.tokens[self.at - 1][0]
        if self.peek()[0].isdigit() and (before.isdigit() or (before == "}" and not self._factors(value))):
            raise UnreadableError("two numbers side by side")
        factor = self.power(depth)
        if after_frac and value.op == "num" and factor.op == "div" and value.value and value.value.denominator == 1:
            top, bottom = factor.args[0].value, factor.args[1].value
            if top is not None and bottom is not None and 0 < top < bottom and value.value > 0:
                return Tree("num", (), value.value + top / bottom)
        return _product(value, factor)

    def _factors(self, value: Tree) -> bool:
        """2^{6}3^{5}7 is a product; in 10^{33}1 a digit is out of place."""
        last = value.args[-1] if value.op == "mul" else value
        return last.op == "pow" and (self.peek(1) == "^" or (self.peek() != "1" and last.args[0] != num(10)))

    def _mixed(self, value: Tree) -> bool:
        return value.op == "num" and self.peek(2) == "/" and self.peek(1).isdigit() and self.peek(3).isdigit()

    def _mixed_number(self, value: Tree) -> Tree:
        self.take(" ")
        top, _, bottom = number(self.take()), self.take("/"), number(self.take())
        whole = value.value or 0
        if whole.denominator != 1 or not 0 < top < bottom:
            raise UnreadableError("two numbers side by side")
        return Tree("num", (), whole + top / bottom)

    def _starts_atom(self, piece: str) -> bool:
        if piece == "|":
            return self.bars == 0
        return bool(piece) and (piece[0].isalnum() or piece[0] in ".({[" or (piece[0] == "\\" and piece not in _ENDS))

    def power(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise UnreadableError("nested too deeply")
        base = self.atom(depth)
        while True:
            piece = self.peek()
            if piece == "^":
                self.take()
                base = self._exponent(base, depth)
            elif piece == "!":
                self.take()
                base = Tree("factorial", (base,))
            elif piece == "'":
                self.take()
                base = self._primed(base)
            elif piece == "_" and base.op == "num":
                self.take()
                base = Tree("base", (base, self._group(depth)))
            else:
                return base

    def _exponent(self, base: Tree, depth: int) -> Tree:
        if self.peek() == "{" and self.peek(1) in ("\\prime", "'"):
            self.take()
            while self.peek() in ("\\prime", "'"):
                self.take()
                base = self._primed(base)
            self.take("}")
            return base
        if self.peek() == "\\prime":
            self.take()
            return self._primed(base)
        if self.peek() in ("-", "+"):
            minus = self.take() == "-"
            exponent = self.power(depth + 1)
            return Tree("pow", (base, Tree("neg", (exponent,)) if minus else exponent))
        indexed = base.op == "sym" and "_" not in base.name
        if indexed and self.peek() != "{" and self.peek(1) == "_":  # v^2_0
            exponent = self.atom(depth + 1)
        else:
            exponent = self._group(depth) if self.peek() == "{" else self.power(depth + 1)
        if indexed and self.peek() == "_":
            self.take()
            base = base._replace(name=f"{base.name}_{self._label()}")
        return Tree("pow", (base, exponent))

    def _primed(self, base: Tree) -> Tree:
        if base.op == "sym":
            return self._applied(Tree("sym", (), None, base.name + "'"))
        raise UnreadableError("a prime on something that is no name")

    def _group(self, depth: int) -> Tree:
        """{...}, or the next single piece."""
        if self.peek() == "{":
            self.take()
            tree = self.sum(depth + 1)
            self.take("}")
            return tree
        return self.atom(depth + 1)

    def atom(self, depth: int) -> Tree:
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

    def _command(self, name: str, depth: int) -> Tree:
        if name == "frac":
            return Tree("div", (self._group(depth), self._group(depth)))
        if name in ("binom", "dbinom", "tbinom"):
            return Tree("binom", (self._group(depth), self._group(depth)))
        if name in ("sqrt", "cbrt"):
            return self._root(name, depth)
        if name in ("pi", "Pi"):
            return Tree("pi")
        if name in ("infty", "inf", "infinity", "oo"):
            return Tree("infinity")
        if name in FUNCTIONS:
            return self._function(FUNCTIONS[name], depth)
        if name in _ACCENTS:
            inner = self._group(depth)
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
        return Tree("root", (self._group(depth), degree))

    def _function(self, name: str, depth: int) -> Tree:
        """\\sin^2 x, \\log_2 8, \\cos(2t), \\ln 2: without brackets the argument is the product that follows."""
        base = exponent = None
        while self.peek() in ("_", "^"):
            if self.take() == "_":
                base = self._group(depth)
            elif self.peek() == "{":
                exponent = self._group(depth)
            else:
                exponent = self._exponent(num(1), depth).args[1]
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
            name, args = "pow", (Tree("e"), _product(Tree("i"), args[0]))
        tree = Tree(name, args)
        return tree if exponent is None else Tree("pow", (tree, exponent))

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
        while self._starts_atom(self.peek()) and self.peek() not in _NOT_IN_ARGUMENT:
            value = _product(value, self.power(depth + 1))
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
            name += "_" + self._label()
        return self._applied(Tree("sym", (), None, name))

    def _label(self) -> str:
        """A subscript as text."""
        if self.peek() != "{":
            piece = self.take().removeprefix("\\")
            if piece in ("text", "mathrm", "rm"):
                return self._label()
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

    def _applied(self, symbol: Tree) -> Tree:
        """f(x) for names that functions usually have and a bracket that holds one name or number."""
        known = symbol.name.rstrip("'") in _APPLIED or symbol.name.startswith(("dot ", "ddot "))
        if known and self.peek() == "(" and self.peek(2) == ")" and self.peek(1)[:1] not in "({[+-":
            self.take()
            argument = self.atom(1)
            self.take(")")
            return Tree("apply", (argument,), None, symbol.name)
        return symbol


_CLOSING = {"(": ")", "[": "]", "{": "}", "\\lfloor": "\\rfloor", "\\lceil": "\\rceil", "\\lvert": "\\rvert"}
_BRACKET_FUNCTION = {"\\lfloor": "floor", "\\lceil": "ceil", "\\lvert": "abs"}
_ENDS = {"\\rfloor", "\\rceil", "\\rvert", "\\choose", "\\cdot", "\\times", "\\div", "\\over", "\\pm", "\\mp", "\\ast"}
_NOT_IN_ARGUMENT = {"(", "[", "\\hat", *("\\" + name for name in FUNCTIONS)}  # cos t \hat{i} is (cos t) \hat{i}
