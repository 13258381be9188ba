"""Classes of whole numbers: n = 2 (mod 5), "multiples of 3", "n even", and 5k + 2 with a whole parameter."""

from __future__ import annotations

import re
from math import lcm

from ampo.verify.formula.equality import substitute, symbols
from ampo.verify.formula.exact import exact
from ampo.verify.formula.tree import num
from ampo.verify.kinds.answers import Answer, Labelled, Residues, Unordered, Value
from ampo.verify.kinds.registry import Equal, Kind
from ampo.verify.question.asked import moduli
from ampo.verify.question.context import Setting
from ampo.verify.text.phrases import plain

MAX_MODULUS = 5000
_MOD = re.compile(
    r"^(?:[a-zA-Z]\s*(?:\\equiv|=)\s*)?(.{1,80}?)\s*[,(]?\s*\(?\s*(?:\\pmod|\\bmod|\\mod|mod)(?![a-zA-Z])\s*\{?\s*(\d{1,4})\s*\}?\s*\)?$"
)
_WRITTEN_MOD = re.compile(r"(?:\\ )?\(?\\(?:text|mathrm|operatorname)\s*\{\s*\(?\s*mod\s*(\d*)\s*\)?\s*\}(?:\\ )?")
_DIVIDES = re.compile(r"(\d{1,4})\s*(?:\||\\mid)\s*[a-z]")
_MEMBER = re.compile(r"([-+]|\\pm)?\s*(\d{1,9})")
_MULTIPLES = re.compile(r"^(?:all )?(?:the )?(?:integer )?multiples of (\d{1,4})$", re.IGNORECASE)
_OF_CLASSES = re.compile(
    r"\bmod(?:ulo)?\b|\\p?mod|\bremainder|\bresidue|congruen|\bdivided\b|\binverse\b", re.IGNORECASE
)
_PARITY = re.compile(
    r"^(?:[a-eij-z]\s+(?:is\s+|must be\s+)?(even|odd)|(?:all\s+)?(even|odd) (?:integers?|numbers?))$", re.IGNORECASE
)


def residues(text: str) -> Residues | None:
    """The classes that a text names; None where it names none."""
    words = plain(text)
    if divides := _DIVIDES.fullmatch(text):
        return Residues(int(divides[1]), (0,)) if int(divides[1]) > 1 else None
    multiples, parity = _MULTIPLES.match(words), _PARITY.match(words)
    if multiples and int(multiples[1]) > 1:
        return Residues(int(multiples[1]), (0,))
    if parity:
        return Residues(2, (int((parity[1] or parity[2]).lower() == "odd"),))
    m = _MOD.match(_WRITTEN_MOD.sub(r" mod \1", text))
    if m is None or int(m[2]) < 2:  # modulo 1 all are the same
        return None
    members: list[int] = []
    for part in re.split(r",|\band\b|\bor\b", m[1]):
        member = _MEMBER.fullmatch(part.strip())
        if member is None:
            return None
        value = int(member[2])
        members += [value, -value] if member[1] == "\\pm" else [-value if member[1] == "-" else value]
    return Residues(int(m[2]), tuple(members))


def same_classes(gold: Answer, answer: Answer) -> bool:
    """Whether two answers, one of them in classes, are the same whole numbers. A single residue stands for its number
    where that is what was asked for."""
    if isinstance(gold, Value) and isinstance(answer, Residues) and not symbols(gold.tree):
        return len(answer.members) == 1 and 0 <= answer.members[0] < answer.modulus and _is(gold, answer.members[0])
    a, b = _classes(gold), _classes(answer)
    if a is None or b is None:
        return False
    modulus = lcm(a.modulus, b.modulus)
    return modulus <= MAX_MODULUS and _all(a, modulus) == _all(b, modulus)


def _all(classes: Residues, modulus: int) -> set[int]:
    return {(m + i) % modulus for m in classes.members for i in range(0, modulus, classes.modulus)}


def _classes(answer: Answer) -> Residues | None:
    """An answer as classes: 5k + 2, or several such."""
    if isinstance(answer, Residues):
        return answer
    if isinstance(answer, Labelled):
        return _classes(answer.body)
    if isinstance(answer, Unordered):
        found = [_classes(i) for i in answer.items]
        parts = [f for f in found if f is not None]
        modulus = lcm(*(p.modulus for p in parts)) if len(parts) == len(found) and parts else MAX_MODULUS + 1
        return Residues(modulus, tuple(r for p in parts for r in _all(p, modulus))) if modulus <= MAX_MODULUS else None
    return _linear(answer) if isinstance(answer, Value) else None


def _linear(value: Value) -> Residues | None:
    names = symbols(value.tree)
    if len(names) != 1 or value.unit or value.percent or value.degrees:
        return None
    (name,) = names
    at = [exact(substitute(value.tree, {name: num(k)})) for k in (0, 1, 2, 5, -7)]
    whole = [int(v) for v in at if v is not None and v.denominator == 1]
    if len(whole) != len(at):
        return None
    step = whole[1] - whole[0]
    if any(v - whole[0] != k * step for v, k in zip(whole, (0, 1, 2, 5, -7), strict=True)):
        return None
    return Residues(abs(step), (whole[0],)) if 0 < abs(step) <= MAX_MODULUS and abs(whole[0]) < 10**9 else None


def _is(value: Value, number: int) -> bool:
    return value.tree == num(number) and not (value.unit or value.percent or value.degrees)


def _same(gold: Answer, answer: Answer, setting: Setting, equal: Equal) -> bool | None:
    del equal
    if not (isinstance(gold, Residues) or isinstance(answer, Residues)):
        return None
    if isinstance(gold, Value) and setting.question and not _OF_CLASSES.search(setting.question):
        return False
    given = moduli(setting.question) if isinstance(gold, Value) else []
    if given and isinstance(answer, Residues) and str(answer.modulus) not in given:
        return False
    return same_classes(gold, answer)


KIND = Kind(order=30, same=_same)
