"""A formula in pieces: numbers, commands, signs, and words taken apart into names that are known and single letters."""

from __future__ import annotations

import re

from ampo.verify.formula.tree import UnreadableError

MAX_TOKENS = 3000
_GREEK_NAMES = """
alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi omicron rho varrho sigma
varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma Upsilon Phi Psi Omega hbar ell mho
odot oplus nabla partial aleph
"""
_TRIG_NAMES = """
sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan arccot arcsinh arccosh arctanh
"""
GREEK, TRIG = _GREEK_NAMES.split(), _TRIG_NAMES.split()
FUNCTIONS = {name: name for name in [*TRIG, "ln", "log", "lg", "exp", "gcd", "lcm", "max", "min", "det"]} | {
    "arsinh": "arcsinh",
    "arcosh": "arccosh",
    "artanh": "arctanh",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "sech": "sech",
    "csch": "csch",
    "arcsec": "arcsec",
    "arccsc": "arccsc",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "tg": "tan",
    "ctg": "cot",
    "cosec": "csc",
    "abs": "abs",
    "floor": "floor",
    "ceil": "ceil",
    "Re": "re",
    "Im": "im",
    "arg": "arg",
    "cis": "cis",
}
_WORDS = """
not nor non and the any all yes but are was has for you our his her she may can its per two one six ten odd who how why
did out nan inf now new see say use let get got had him too nil
"""
_ENGLISH = frozenset(_WORDS.split())  # words rather than letters side by side
NAMES = set(FUNCTIONS) | set(GREEK) | {"sqrt", "pi", "cbrt", "infty", "inf", "oo", "infinity"}
_TOKEN = re.compile(
    r"(?P<code>0[xX][0-9a-fA-F]{1,64}|0[bB][01]{1,256})(?!\w)|(?P<num>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4}(?![\d.a-zA-Z{^]))?)|(?P<cmd>\\[a-zA-Z]+)|(?P<word>[a-zA-Z]+)"
    r"|(?P<op>\*\*|[-+*/^_!(){}\[\]|',:%&])|(?P<space>\s+)"
)


def tokens(text: str) -> list[str]:
    """The text in pieces. A word that is no known name is letters side by side, up to three of them."""
    found: list[str] = []
    at = 0
    while at < len(text):
        m = _TOKEN.match(text, at)
        if m is None:
            raise UnreadableError(f"unknown character {text[at]!r}")
        at = m.end()
        piece = m.group()
        if m.lastgroup == "word":
            found.extend(_letters(piece))
        elif m.lastgroup == "code":  # 0x1F, 0b101
            found.append(str(int(piece, 0)))
        elif m.lastgroup == "space":
            if found and found[-1] != " ":
                found.append(" ")
        else:
            found.append("^" if piece == "**" else piece)
    kept = [t for i, t in enumerate(found) if t != " " or _between_numbers(found, i)]
    if len(kept) > MAX_TOKENS:
        raise UnreadableError("too long")
    return kept


def _between_numbers(tokens: list[str], i: int) -> bool:
    """A space says something only in a mixed number: 3 1/2."""
    return 0 < i < len(tokens) - 1 and tokens[i - 1][0].isdigit() and tokens[i + 1][0].isdigit()


def _letters(word: str) -> list[str]:
    if word in NAMES or (word.lower() in NAMES and len(word) > 2):
        return ["\\" + (word if word in NAMES else word.lower())]
    for name in sorted(NAMES, key=len, reverse=True):
        if len(name) > 2 and name in word and name not in ("inf", "Phi", "Psi", "max", "min", "exp", "arg", "det"):
            head, _, tail = word.partition(name)
            if len(head) <= 3 and len(tail) <= 3:
                return [*head, "\\" + name, *tail]
    if len(word) > 3 or word.lower() in _ENGLISH:
        raise UnreadableError(f"a word: {word}")
    return list(word)
