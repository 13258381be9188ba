"""Bounds on what is read: nothing a model writes reaches a parser before it has passed here. Linear time.

Two gates. `refusal` bounds length, depth and digits and refuses control characters; what passes goes to our own reader
alone, which knows every character and macro that it takes (anything else is unread) and computes nothing while it
reads. `symbolic` is a whitelist of characters and macros before latex2sympy2_extended, the one parser that isn't ours.

The numbers are far above what reference answers need (the longest of the supported benchmarks has 190 characters)
and far below what makes a parser slow. `symbolic` is stricter, because latex2sympy2_extended computes while it
parses: 2^{10^9} would be multiplied out.
"""

from __future__ import annotations

import re

MAX_LENGTH = 3000
MAX_DEPTH = 60
MAX_DIGITS = 1500

_FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e\ue000-\uf8ff]")
_DIGITS = re.compile(rf"\d{{{MAX_DIGITS}}}")
_BRACKETS = re.compile(r"[(\[{)\]}]")
_BEGIN = re.compile(r"\\begin\s*\{")

_SYMBOLIC = re.compile(r"[A-Za-z0-9\s\\+\-*/^_(){}\[\]|=<>,.:!&']*")
_MACROS = frozenset(
    [
        "frac",
        "sqrt",
        "cdot",
        "times",
        "div",
        "pm",
        "mp",
        "pi",
        "infty",
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "arcsin",
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
        "ln",
        "log",
        "exp",
        "le",
        "ge",
        "ne",
        "lt",
        "gt",
        "int",
        "sum",
        "prod",
        "lim",
        "to",
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "rho",
        "sigma",
        "tau",
        "upsilon",
        "phi",
        "chi",
        "psi",
        "omega",
        "Gamma",
        "Delta",
        "Theta",
        "Lambda",
        "Xi",
        "Pi",
        "Sigma",
        "Phi",
        "Psi",
        "Omega",
        "binom",
        "lfloor",
        "rfloor",
        "lceil",
        "rceil",
        "circ",
        "prime",
        "begin",
        "end",
        "partial",
        "cup",
        "cap",
        "in",
        "mathbb",
        "varepsilon",
        "varphi",
        "infty",
        "hbar",
        "ell",
        "dot",
        "ddot",
        "bar",
        "hat",
    ]
)
_LARGE = re.compile(
    r"\d{30}|\^\s*\{?\s*\(?-?\d{4}|\d\s*!\s*!|\d{4}\s*\}?\s*!|\\(?:sum|prod)[^=]*=[^^]*\^\s*\{?\s*\d{4}|[*]{2}"
)
_TOWER = re.compile(r"\^[^+\-*/=,&]{0,40}\^")


def refusal(text: str) -> str | None:
    """Why a text is not read, or None where it may be."""
    if len(text) > MAX_LENGTH:
        return f"longer than {MAX_LENGTH} characters"
    if _FORBIDDEN.search(text):
        return "control characters or lone surrogates"
    if _DIGITS.search(text):
        return f"a number of {MAX_DIGITS} digits or more"
    if len(_BEGIN.findall(text)) > 20:
        return "too many environments"
    if depth(text) > MAX_DEPTH:
        return f"nested deeper than {MAX_DEPTH}"
    return None


def depth(text: str) -> int:
    """The deepest nesting of brackets of any kind."""
    deepest = now = 0
    for m in _BRACKETS.finditer(text):
        now += 1 if m.group() in "([{" else -1
        deepest = max(deepest, now)
    return deepest


def symbolic(text: str) -> bool:
    """Whether a normalised text may be given to latex2sympy2_extended: known characters and macros, no large powers."""
    if len(text) > 400 or depth(text) > 12 or not _SYMBOLIC.fullmatch(text) or "__" in text:
        return False
    return not explosive(text) and all(m in _MACROS for m in re.findall(r"\\([a-zA-Z]+)", text))


def explosive(text: str) -> bool:
    """Whether a text has powers or factorials that a parser which computes would choke on."""
    return bool(_LARGE.search(text) or _TOWER.search(text))
