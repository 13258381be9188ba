"""Chemical formulas, electron configurations, reactions, in one spelling: H2O is \\mathrm{H_2O}, and CO is not Co."""

from __future__ import annotations

import re

_ELEMENTS_WORDS = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru
Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At
Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr
"""
ELEMENTS = tuple(_ELEMENTS_WORDS.split())
"""By atomic number, from 1 on."""
_KNOWN = frozenset(ELEMENTS)
_DRESS = re.compile(r"\\(?:text|mathrm|mathsf|ce|rm)(?![a-zA-Z])|[{}]|_(?=\s*\{?\s*\d)")
_FORMULA = re.compile(r"(?:[A-Z][a-z]?\d{0,3}|[()]\d{0,2}){1,40}(?:\^\d?[+-])?")
_ARROW = re.compile(
    r"\\(?:to|rightarrow|longrightarrow|Rightarrow)(?![a-zA-Z])|-+>|(\\(?:rightleftharpoons|leftrightharpoons|leftrightarrow)"
    r"(?![a-zA-Z])|<=+>|<-+>)"
)
_SPECIES = re.compile(
    r"\s*(\d{1,3}(?:/\d{1,2})?)?\s*((?:[A-Z][a-z]?\d{0,3}|[()\[\]]\d{0,2}){1,40}|e(?=\s*\^?-))"
    r"(?:\s*\^\s*(\d?[+-])|([+-])(?=\s*(?:\+|\(|$)))?\s*(?:\((s|l|g|aq)\))?\s*(?:\+(?=\s*\S)|$)"
)
_SHELL = re.compile(r"\s*([1-8])\s*([spdf])\s*\^?\s*(\d{1,2})(?=\s|$|[1-8]\s*[spdf])")
_LIKE_ONE = re.compile(r"[A-Z]|\d\s*[spdf]")
_CORE = re.compile(r"\s*\[([A-Z][a-z])\]")


def same_formula(gold: str, answer: str) -> bool | None:
    """Whether two normalised texts are one formula; None where they may be something else: V_1I_1 is a product."""
    if reacting := reaction(gold):
        other = reaction(answer)
        return None if other is None else reacting == (other if _has_states(reacting) else _without_states(other))
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


def reaction(text: str) -> tuple[bool, list[str], list[str]] | None:
    """Whether a reaction goes both ways, and what stands on its sides, in one order; None for any other text."""
    arrows = list(_ARROW.finditer(text)) if len(text) <= 400 else []
    if len(arrows) != 1:
        return None
    (arrow,) = arrows
    before, after = (_side(part) for part in (text[: arrow.start()], text[arrow.end() :]))
    return (bool(arrow[1]), before, after) if before and after else None


def _has_states(found: tuple[bool, list[str], list[str]]) -> bool:
    return any(not substance.endswith(" ") for side in found[1:] for substance in side)


def _without_states(found: tuple[bool, list[str], list[str]]) -> tuple[bool, list[str], list[str]]:
    before, after = ([f"{substance.rpartition(' ')[0]} " for substance in side] for side in found[1:])
    return found[0], sorted(before), sorted(after)


def _side(text: str) -> list[str] | None:
    """The substances, each with its number, charge and state; None where anything else stands there."""
    bare, at, found = _DRESS.sub("", text).strip(), 0, []
    while at < len(bare):
        m = _SPECIES.match(bare, at)
        if m is None or m[2].count("(") != m[2].count(")") or not _KNOWN.issuperset(re.findall(r"[A-Z][a-z]?", m[2])):
            return None
        found.append(f"{m[1] or 1} {m[2]} {m[3] or m[4] or ''} {m[5] or ''}")
        at = m.end()
    return sorted(found)


def _formula(text: str) -> str | None:
    """Of two elements or more, or of one with a charge: a lone symbol is a name, and N_2 may be one."""
    symbols = re.findall(r"[A-Z][a-z]?", text)
    if not _FORMULA.fullmatch(text) or text.count("(") != text.count(")") or not _KNOWN.issuperset(symbols):
        return None
    return text if len(symbols) > 1 or "^" in text else None


def _configuration(text: str) -> str | None:
    core = _CORE.match(text)
    shells, at = [], core.end() if core else 0
    while m := _SHELL.match(text, at):
        shells.append("".join(m.groups()))
        at = m.end()
    enough = len(shells) > (0 if core else 1) and len({shell[:2] for shell in shells}) == len(shells)
    return " ".join([core[1] if core else "", *sorted(shells)]) if enough and not text[at:].strip() else None
