"""Formulas of logic and of sets over single letters: p \\wedge q, \\neg p \\vee q, A \\cap B^c.

Terms may stand in any order; nothing is transformed: p \\to q is not \\neg p \\vee q here, as a question may ask for
either. `normalise` writes \\land as \\And, apart from the "and" of a list. A \\wedge of letters unlike p and q may
be the product of vectors.
"""

from __future__ import annotations

import re

from ampo.verify.formula.tree import UnreadableError
from ampo.verify.kinds.answers import Answer, Proposition
from ampo.verify.kinds.reader import Reader
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.context import Setting

_PIECE = re.compile(
    r"\s*(?:(\\(?:And|Or|wedge|vee|neg|to|cap|cup|setminus|triangle|oplus|leftrightarrow|iff|implies|overline|bar)(?![a-zA-Z]))"
    r"|\^\s*(?:(c)(?![a-zA-Z])|\{\s*(c|\\complement|')\s*\}|(\\complement))|(['()\[\]{}])|([a-zA-Z](?![a-zA-Z])))\s*"
)
_SIGNS = ("\\And", "\\Or", "\\wedge", "\\vee", "\\cap", "\\cup")
_BINDS = {
    "\\And": 3, "\\wedge": 3, "\\Or": 2, "\\vee": 2, "\\cap": 3, "\\cup": 3, "\\setminus": 3, "\\triangle": 3,
    "\\oplus": 3, "\\to": 1, "\\implies": 1, "\\leftrightarrow": 1, "\\iff": 1,
}  # fmt: skip
_SAME_SIGN = {
    "\\And": "\\wedge",
    "\\Or": "\\vee",
    "\\implies": "\\to",
    "\\iff": "\\leftrightarrow",
    "\\oplus": "\\triangle",
}
_IN_ANY_ORDER = frozenset({"\\wedge", "\\vee", "\\cap", "\\cup", "\\triangle", "\\leftrightarrow"})
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_LETTERS = frozenset("pqrstPQRSTABC")
_MOST = 60  # signs and letters


def _read(text: str, reader: Reader) -> Proposition | None:
    del reader
    if not (any(sign in text for sign in _SIGNS) or text.startswith("\\neg")):
        return None
    pieces, at = [], 0
    while at < len(text):
        m = _PIECE.match(text, at)
        if m is None or len(pieces) >= _MOST:
            return None
        pieces.append("'" if m[2] or m[3] or m[4] else m[1] or m[5] or m[6])
        at = m.end()
    letters = {piece for piece in pieces if piece.isalpha()}
    if "\\wedge" in pieces and not letters <= _LETTERS and not {"\\vee", "\\Or", "\\neg"} & set(pieces):
        return None
    try:
        parser = _Parser(pieces)
        tree = parser.formula(0)
    except UnreadableError:
        return None
    return None if parser.pieces or isinstance(tree, str) else Proposition(tree)


class _Parser:
    """pieces: what is not read yet, the next one last."""

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = pieces[::-1]

    def _next(self) -> str:
        return self.pieces[-1] if self.pieces else ""

    def formula(self, level: int) -> tuple | str:
        """What is joined by signs that bind at least so much: those of one level by one sign only."""
        if level > max(_BINDS.values()):
            return self._term()
        terms, signs = [self.formula(level + 1)], set()
        while _BINDS.get(self._next()) == level:
            sign = self.pieces.pop()
            signs.add(_SAME_SIGN.get(sign, sign))
            terms.append(self.formula(level + 1))
        if not signs:
            return terms[0]
        sign = signs.pop()
        if signs or (len(terms) > 2 and sign not in _IN_ANY_ORDER):
            raise UnreadableError("it takes brackets to tell what is joined first")
        return _joined(sign, terms)

    def _term(self) -> tuple | str:
        piece = self.pieces.pop() if self.pieces else ""
        if piece == "\\neg":
            return ("not", self._term())
        if piece in ("\\overline", "\\bar"):
            return ("not", self._behind(self._term()))
        if piece in _CLOSING:
            inner = self.formula(0)
            if not self.pieces or self.pieces.pop() != _CLOSING[piece]:
                raise UnreadableError("an open bracket")
            return self._behind(inner)
        if len(piece) == 1 and piece.isalpha():
            return self._behind(piece)
        raise UnreadableError(f"no term: {piece}")

    def _behind(self, term: tuple | str) -> tuple | str:
        """A term with the marks of a complement that follow it."""
        while self._next() == "'":
            self.pieces.pop()
            term = ("not", term)
        return term


def _joined(sign: str, terms: list[tuple | str]) -> tuple:
    """Terms under one sign, those of the same sign inside them as well, in one order where any will do."""
    if sign not in _IN_ANY_ORDER:
        return (sign, *terms)
    flat = [part for term in terms for part in (term[1:] if isinstance(term, tuple) and term[0] == sign else (term,))]
    return (sign, *sorted(flat, key=repr))


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    del setting, equal
    return gold.tree == answer.tree if isinstance(gold, Proposition) and isinstance(answer, Proposition) else None


KIND = Kind(order=35, same=_same, read=_read)
