"""The kinds of answers, as frozen dataclasses: what `structure` makes of a text and `compare` decides by."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Union

from ampo.verify.formula.tree import Tree
from ampo.verify.kinds.domains import Domain
from ampo.verify.text.units import Unit


@dataclass(frozen=True, slots=True)
class Value:
    """A number or formula.

    quantum: the place value of the last digit where the text is one decimal literal (0.01 for 0.33), else None.
    scientific: written with a power of ten. noun: words that name what is counted. times: words that have multiplied
    the number ("million").
    """

    tree: Tree
    unit: Unit | None = None
    percent: bool = False
    degrees: bool = False
    quantum: Fraction | None = None
    scientific: bool = False
    approximate: bool = False
    noun: tuple[str, ...] = ()
    times: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ordered:
    """(a, b, ...), [a, b], a half-open interval, or an angle-bracket vector: the other side tells which."""

    items: tuple[Answer, ...]
    opening: str
    closing: str


@dataclass(frozen=True, slots=True)
class Unordered:
    """Several values: a set in braces, or a list that stands bare. alternatives: joined by "or"."""

    items: tuple[Answer, ...]
    braces: bool = False
    alternatives: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """One interval. None is infinite; a single point has equal ends, both closed."""

    low: Tree | None
    low_closed: bool
    high: Tree | None
    high_closed: bool


@dataclass(frozen=True, slots=True)
class Region:
    """A union of intervals, the reals without points, or what an inequality in one variable says."""

    pieces: tuple[Piece, ...]
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Labelled:
    """`x = ...`, `f(x) = ...`, `x \\in ...`; bound: the variables of a function's definition."""

    label: str
    body: Answer
    bound: tuple[str, ...] = ()
    left: Tree | None = None


@dataclass(frozen=True, slots=True)
class Equation:
    """left = right, neither of which is a mere name."""

    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Inequality:
    """small < large (or <=) that says no more than that."""

    small: Tree
    large: Tree
    strict: bool


@dataclass(frozen=True, slots=True)
class Ascending:
    """terms[0] < terms[1] < ...; strict: whether each sign excludes equality; downward: it was written with >."""

    terms: tuple[Tree, ...]
    strict: tuple[bool, ...]
    downward: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of equal length."""

    rows: tuple[tuple[Answer, ...], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """All linear combinations of vectors."""

    vectors: tuple[tuple[Fraction, ...], ...]


@dataclass(frozen=True, slots=True)
class Piecewise:
    """Cases: value and condition."""

    cases: tuple[tuple[Answer, Answer], ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """a : b : ..."""

    terms: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Residues:
    """The whole numbers that are one of the members up to a multiple of the modulus."""

    modulus: int
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Image:
    """{value | parameter in domain}: what a formula takes over whole numbers. From 1 on is kept as from 0 on."""

    value: Value
    parameter: str
    domain: Domain


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words, in one spelling."""

    words: str


@dataclass(frozen=True, slots=True)
class Proposition:
    """A formula of logic or of sets: its sign and what the sign joins, in one order."""

    tree: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """Mathematics that the reader doesn't know, for the symbolic engine; nothing else equals it but the same text."""

    text: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Says something false or contradictory (5 = 7): equal to nothing. of_numbers: as anybody can calculate."""

    text: str
    of_numbers: bool = False


Answer = Union[  # noqa: UP007 - the names above refer to it before it exists
    Value,
    Ordered,
    Unordered,
    Region,
    Labelled,
    Equation,
    Inequality,
    Ascending,
    Matrix,
    Span,
    Piecewise,
    Ratio,
    Residues,
    Image,
    Phrase,
    Proposition,
    Unread,
    Broken,
]
