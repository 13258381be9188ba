"""The reader of formulas: LaTeX and plain text alike become a tree, and nothing is evaluated while it is read.

The reader is our own, so that nothing a model writes ever reaches a parser that computes (sympy's `2^{10^9}` would)
or runs code (`parse_expr`). It knows arithmetic, roots, powers, logarithms, trigonometric functions, factorials,
binomials, floors and absolute values, symbols with subscripts and accents, and unknown functions `f(x)`. What it
doesn't know raises `UnreadableError`; then `ampo.verify.formula.symbolic` asks latex2sympy2_extended.
"""

from __future__ import annotations

from functools import lru_cache

from ampo.verify.formula.atoms import MAX_DEPTH, AtomReader
from ampo.verify.formula.tokens import tokens
from ampo.verify.formula.tree import Tree, UnreadableError, num, number, product


@lru_cache(maxsize=2048)
def read(text: str) -> Tree:
    """The tree of a cleaned formula. Raises UnreadableError."""
    pieces = tokens(text)
    reader = FormulaReader(pieces)
    tree = reader.sum(0)
    if reader.at < len(pieces):
        raise UnreadableError(f"left over: {pieces[reader.at]}")
    return tree


def read_or_none(text: str) -> Tree | None:
    """The same; None where it is no formula that the reader knows."""
    try:
        return read(text)
    except UnreadableError:
        return None


class FormulaReader(AtomReader):
    """The operators between atoms, from sums down."""

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
                value = product(value, self.signed(depth))
            elif piece in ("/", "\\div", "\\over"):
                self.take()
                value = Tree("div", (value, self.signed(depth)))
            elif piece == "%":
                self.take()
                value = Tree("div", (value, num(100)))
            elif piece == " " and self._mixed(value):
                value = self._mixed_number(value)
            elif self.starts_atom(piece):
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
        return product(value, factor)

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

    def power(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise UnreadableError("nested too deeply")
        base = self.atom(depth)
        while True:
            piece = self.peek()
            if piece == "^":
                self.take()
                base = self.exponent(base, depth)
            elif piece == "!":
                base = self._factorial(base)
            elif piece == "'":
                self.take()
                base = self.primed(base)
            elif piece == "_" and base.op == "num":
                self.take()
                base = Tree("base", (base, self.group(depth)))
            else:
                return base

    def _factorial(self, base: Tree) -> Tree:
        marks = 0
        while self.peek() == "!":
            self.take()
            marks += 1
        if marks > 2:
            raise UnreadableError("a multiple factorial")
        return Tree("factorial" if marks == 1 else "double factorial", (base,))

    def exponent(self, base: Tree, depth: int) -> Tree:
        if self.peek() == "{" and self.peek(1) in ("\\prime", "'"):
            self.take()
            while self.peek() in ("\\prime", "'"):
                self.take()
                base = self.primed(base)
            self.take("}")
            return base
        if self.peek() == "\\prime":
            self.take()
            return self.primed(base)
        if self.peek() in ("-", "+"):
            minus = self.take() == "-"
            exponent = self.power(depth + 1)
            return Tree("pow", (base, Tree("neg", (exponent,)) if minus else exponent))
        indexed = base.op == "sym" and "_" not in base.name
        if indexed and self.peek() != "{" and self.peek(1) == "_":  # v^2_0
            exponent = self.atom(depth + 1)
        else:
            exponent = self.group(depth) if self.peek() == "{" else self.power(depth + 1)
        if indexed and self.peek() == "_":
            self.take()
            base = base._replace(name=f"{base.name}_{self.label()}")
        return Tree("pow", (base, exponent))
