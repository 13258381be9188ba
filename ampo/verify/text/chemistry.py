"""Chemical formulas and electron configurations, in one spelling: H2O is \\mathrm{H_2O}, and CO is not Co."""

from __future__ import annotations

import re

_ELEMENTS_WORDS = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru
Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At
Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr
"""
_ELEMENTS = frozenset(_ELEMENTS_WORDS.split())
_DRESS = re.compile(r"\\(?:text|mathrm|mathsf|ce|rm)(?![a-zA-Z])|[{}]|_(?=\s*\{?\s*\d)")
_FORMULA = re.compile(r"(?:[A-Z][a-z]?\d{0,3}|[()]\d{0,2}){1,40}(?:\^\d?[+-])?")
_SHELL = re.compile(r"\s*([1-8])\s*([spdf])\s*\^?\s*(\d{1,2})(?=\s|$|[1-8]\s*[spdf])")
_LIKE_ONE = re.compile(r"[A-Z]|\d\s*[spdf]")
_CORE = re.compile(r"\s*\[([A-Z][a-z])\]")


def same_formula(gold: str, answer: str) -> bool | None:
    """Whether two normalised texts are one formula; None where they may be something else: V_1I_1 is a product."""
    a = chemical(gold)
    b = chemical(answer) if a is not None else None
    if a is None or b is None:
        return None
    surely = any(c.isdigit() for c in a + b) and ("_" not in gold + answer or "\\mathrm" in gold)
    return True if a == b else False if surely else None


def chemical(text: str) -> str | None:
    """The one spelling of a formula or configuration; None for any other text."""
    if len(text) > 200 or not _LIKE_ONE.search(text):
        return None
    bare = _DRESS.sub("", text)
    return _configuration(bare) or _formula("".join(bare.split()))


def _formula(text: str) -> str | None:
    """Of two elements or more, or of one with a charge: a lone symbol is a name, and N_2 may be one."""
    symbols = re.findall(r"[A-Z][a-z]?", text)
    if not _FORMULA.fullmatch(text) or text.count("(") != text.count(")") or not _ELEMENTS.issuperset(symbols):
        return None
    return text if len(symbols) > 1 or "^" in text else None


def _configuration(text: str) -> str | None:
    core = _CORE.match(text)
    shells, at = [], core.end() if core else 0
    while m := _SHELL.match(text, at):
        shells.append("".join(m.groups()))
        at = m.end()
    enough = len(shells) > (0 if core else 1)
    return " ".join([core[1] if core else "", *shells]) if enough and not text[at:].strip() else None
