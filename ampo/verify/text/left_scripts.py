r"""Symbols with a number above on their left: nuclides and terms of atoms, which a formula would read as powers.

{}^{14}_6 C, ^{14}C, C-14 and carbon-14 are one nuclide: element and mass number tell it, and an atomic number, where it
stands there, must be the element's. {}^3P_0 is a term, unless the question counts: then it is 3!/3!.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ampo.verify.text.chemistry import ELEMENTS

_DRESS = re.compile(r"\\(?:text|mathrm|mathsf|ce|rm|left|right)(?![a-zA-Z])|\\[,;! ]|[{}$\s]")
_TERM = re.compile(r"\^(\d{1,2})([SPDFGH])_(\d{1,2}(?:/2)?)")
_HALF = re.compile(r"\\[dt]?frac\s*\{?\s*(\d{1,2})\s*\}?\s*\{?\s*2\s*\}?")
_COUNTS = re.compile(r"how many|number of|\bways\b|arrange|permut|evaluate|comput|calculat|\bvalue\b", re.IGNORECASE)
_NUCLIDE = re.compile(r"(?:\^(\d{1,3})(?:_(\d{1,3}))?|_(\d{1,3})\^(\d{1,3}))([A-Z][a-z]?)")
_NAMED = re.compile(r"([A-Za-z]{1,13})-(\d{1,3})")
_NAME_WORDS = """
H hydrogen He helium Li lithium Be beryllium B boron C carbon N nitrogen O oxygen F fluorine Ne neon Na sodium Mg
magnesium Al aluminium Al aluminum Si silicon P phosphorus S sulfur S sulphur Cl chlorine Ar argon K potassium Ca
calcium Fe iron Co cobalt Ni nickel Cu copper Zn zinc Kr krypton Sr strontium Tc technetium I iodine Xe xenon Cs
cesium Cs caesium Ba barium Pb lead Po polonium Rn radon Ra radium Th thorium U uranium Np neptunium Pu plutonium Am
americium
"""
_NAMES: dict[str, str] = dict(zip(_NAME_WORDS.split()[1::2], _NAME_WORDS.split()[::2], strict=True))


class _Nuclide(NamedTuple):
    element: str
    mass: int


def same_symbol(gold: str, answer: str, question: str) -> bool | None:
    """Whether two texts, as they were written, are one term or nuclide; None where either is something else."""
    terms = _term(gold, question), _term(answer, question)
    if None not in terms:
        return terms[0] == terms[1]
    nuclides = _nuclide(gold), _nuclide(answer)
    if None not in nuclides:
        return nuclides[0] == nuclides[1]
    return None


def _bare(text: str) -> str:
    return _DRESS.sub("", _HALF.sub(r"\1/2", text))


def _term(text: str, question: str) -> tuple[str, ...] | None:
    m = None if len(text) > 80 or _COUNTS.search(question) else _TERM.fullmatch(_bare(text))
    return m and m.groups()


def _nuclide(text: str) -> _Nuclide | None:
    bare = _bare(text) if len(text) <= 80 else ""
    if m := _NUCLIDE.fullmatch(bare):
        element, mass, charge = m[5], m[1] or m[4], m[2] or m[3]
        wrong = charge and (element not in ELEMENTS or ELEMENTS.index(element) + 1 != int(charge))
        return None if wrong or element not in ELEMENTS else _Nuclide(element, int(mass))
    if m := _NAMED.fullmatch(bare):
        element = m[1] if m[1] in ELEMENTS else _NAMES.get(m[1].lower(), "")
        return _Nuclide(element, int(m[2])) if element else None
    return None
