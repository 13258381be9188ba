"""Property 3: a reference with one thing changed is another answer."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from ampo.verify import VerifierPool
from ampo.verify.text.scan import enclosed, split
from attacker.frame import Report, Scale, Trial, refused
from attacker.oracle import same
from attacker.references import Reference, sample

_FREE = re.compile(r"C_\{?1.*C_\{?2|^±")  # constants of any name, and both signs
_DIGIT = re.compile(r"\d")
_TINY = (
    ("neighbour", "\\frac{1}{1998!}", "\\frac{1}{1999!}"), ("neighbour", "\\frac{1}{1998!}", "\\frac{1}{2000!}"),
    ("sign", "\\frac{1}{1998!}", "-\\frac{1}{1998!}"), ("dropped", "e^{2024}+1", "e^{2024}"),
    ("sign", "e^{2024}+1", "e^{2024}-1"), ("neighbour", "e^{2024}+1", "e^{2024}+2"),
    ("dropped", "\\frac{x^{2024}}{2024!}", "0"), ("neighbour", "\\frac{x^{2024}}{2024!}", "\\frac{x^{2024}}{2025!}"),
    ("dropped", "1-\\left(\\frac{5}{6}\\right)^{10000}", "1"),
    ("neighbour", "1-\\left(\\frac{5}{6}\\right)^{10000}", "1-\\left(\\frac{5}{6}\\right)^{9999}"),
    ("dropped", "2024!+2024", "2024!"), ("neighbour", "e^{-3000}", "e^{-3001}"), ("dropped", "\\pi+10^{-700}", "\\pi"),
    ("dropped", "e^{-3000}+e^{-4000}", "e^{-3000}"), ("dropped", "x+\\frac{1}{2024!}", "x"),
    ("neighbour", "2^{2^{100}}", "2^{2^{100}+1}"), ("dropped", "\\tanh 3000", "1"), ("dropped", "\\cos 10^{-500}", "1"),
    ("dropped", "\\sqrt{10^{3000}+1}", "10^{1500}"), ("dropped", "10^{10^{10}}+1", "10^{10^{10}}"),
)  # fmt: skip


def attack(scale: Scale, pool: VerifierPool) -> Report:
    """Mutants of the references, and of the very large and the very small."""
    return refused(_trials(scale), pool, same)


def _trials(scale: Scale) -> Iterator[Trial]:
    for cause, gold, answer in _TINY:
        yield Trial(f"huge or tiny: {cause}", gold, answer)
    source = random.Random(scale.seed)
    for reference in sample(2 * scale.references, scale.seed + 1):
        if reference.options or len(reference.gold) > 200 or _FREE.search(reference.gold):
            continue
        for cause, mutant in mutants(reference, source):
            if mutant != reference.gold:
                yield Trial(
                    f"mutant: {cause}", reference.gold, mutant, reference.question if source.random() < 0.5 else ""
                )


def mutants(reference: Reference, source: random.Random) -> Iterator[tuple[str, str]]:
    """The cause of each, and the mutant."""
    gold = reference.gold.strip().strip("$").strip()
    digits = list(_DIGIT.finditer(gold))
    for m in source.sample(digits, min(2, len(digits))):
        yield "digit", f"{gold[: m.start()]}{(int(m[0]) + source.randint(1, 9)) % 10}{gold[m.end() :]}"
    for cause, pattern, replacement in _SWAPS:
        found = list(re.finditer(pattern, gold))
        if found and not _same_anyway(cause, gold):
            m = source.choice(found)
            yield cause, f"{gold[: m.start()]}{m.expand(replacement)}{gold[m.end() :]}"
    yield from _elements(gold, source)
    if len(split(gold, {",", ";", "=", "and", "or", "<", ">", "\\le", "\\ge", "\\in", "\\cup"})) == 1 and _formula(
        gold
    ):
        yield from _around(gold)


def _same_anyway(cause: str, gold: str) -> bool:
    """Whether such a change may leave the answer what it is: n and -n of a family, and cases that meet at a point."""
    repeats = "\\pi" in gold or "\\mathbb{Z}" in gold
    family = repeats and re.search(r"(?<![a-zA-Z\\])[kmn](?![a-zA-Z])", gold) is not None
    return (cause == "sign inside" and family) or (cause == "strict" and "cases" in gold)


# The cause, what is looked for, and what is put in its place.
_SWAPS = (
    ("sign inside", r"(?<=[\w)}])\s*\+(?=[^+])", r" - "),
    ("sign inside", r"(?<=[\w)}])\s*-(?=[^-])", r" + "),
    ("bracket", r"\[(?=[^\[\]()]*,[^\[\]()]*\))", r"("),
    ("strict", r"\\leq?(?![a-z])", r"<"),
    ("strict", r"<(?!=)", r"\\le "),
    ("strict", r"\\geq?(?![a-z])", r">"),
    ("exponent", r"\^(\d)(?!\d)", r"^{\g<1>7}"),
    ("exponent", r"\^\{(\d+)\}", r"^{\g<1>7}"),
    ("index", r"(?<=[a-zA-Z])_\{?(\d)\}?", r"_{\g<1>7}"),
    ("base", r"(?<=\d)_\{?(\d)\}?", r"_{1\g<1>}"),
    ("function", r"\\sin(?![a-z])", r"\\cos"),
    ("function", r"\\ln(?![a-z])", r"\\sin"),
    ("root", r"\\sqrt\{", r"\\sqrt[3]{"),
    ("prefix", r"\\text\{\s*cm", r"\\text{ mm"),
    ("prefix", r"\\text\{\s*km", r"\\text{ m"),
    ("unit", r"\\text\{\s*m\b", r"\\text{ s"),
    ("unit", r"\\text\{\s*(?:square )?inches", r"\\text{ feet"),
    ("infinity", r"(?<!-)\\infty", r"-\\infty"),
    ("union", r"\\cup", r"\\cap"),
    ("fraction", r"\\d?frac\{(\d+)\}\{(\d+)\}", r"\\frac{\2}{\1}"),
    ("point", r"(\d)\.(\d)", r"\1\2"),
    ("point", r"(?<![\d.,])(\d)(\d+)(?![\d.,])", r"\1.\2"),
)


def _elements(gold: str, source: random.Random) -> Iterator[tuple[str, str]]:
    """A list, tuple or set with an element more, less, or two of them in another order."""
    found = enclosed(gold)
    opening, inside, closing = found if found and found[0] in ("(", "[", "\\{") else ("", gold, "")
    parts = [part for _, part in split(inside, {","})]
    if not 2 <= len(parts) <= 12 or not all(parts) or "=" in gold or "\\text" in gold or re.search(r"\d,\d{3}", gold):
        return
    i = source.randrange(len(parts))
    yield "element less", opening + ", ".join(parts[:i] + parts[i + 1 :]) + closing
    yield "element more", opening + ", ".join([*parts, "4711"]) + closing
    if opening == "(" and closing == ")":
        yield "order", opening + ", ".join(reversed(parts)) + closing
        yield "chain", f"{gold} = {opening}{', '.join(reversed(parts))}{closing}"


def _formula(gold: str) -> bool:
    """A number or formula: no words."""
    return not re.search(r"\\text|(?<!\\)\b(?:[a-zA-Z]{3,}|[Nn]o)\b", gold)


def _around(gold: str) -> Iterator[tuple[str, str]]:
    """A formula with something before or after it. What rounds to a decimal reference is right."""
    if "\\pm" not in gold:
        yield "sign", f"-({gold})"
    if not re.search(r"\d\.\d|\de[-+]?\d|10\^", gold):
        yield "one more", f"({gold}) + 1"
        yield "a little more", f"({gold}) + 10^{{-700}}"
    yield "twice", f"2({gold})"
    yield "prime", f"({gold})'"
    yield "index of all", f"({gold})_{{205}}"
    if gold not in ("0", "1"):
        yield "modulus", f"{gold} \\pmod 2"
    yield "modulus", f"{gold} \\bmod 1"
    yield "power of ten", f"{gold} \\cdot 10^3"
    yield "not", f"\\text{{not }} {gold}"
    yield "not", f"\\text{{not }} x = {gold}"
    yield "not", f"x \\ne {gold}"
    yield "bound", f"x > {gold}"
    yield "bound", f"\\ge {gold}"
    yield "or", f"{gold} \\text{{ or }} 4711"
    yield "or", f"{gold}, 4711"
    yield "or", f"4711 \\text{{ or }} {gold}"
    yield "chain", f"{gold} = 4711"
    yield "chain", f"4711 = {gold}"
    yield "chain", f"x = 4711 = {gold}"
    yield "two answers", f"x = 4711 x = {gold}"
    yield "two answers", f"4711 {gold}"
    yield "ratio", f"{gold}:2"
    yield "ratio", f"0:{gold}"
    yield "pair", f"({gold}, 4711)"
    yield "interval", f"[{gold}, \\infty)"
    yield "imaginary", f"({gold}) + i"
    yield "denied", f"{gold} \\text{{ is wrong}}"
    yield "hedge", f"\\text{{maybe }} {gold}"
    yield "calculation", f"{gold} \\text{{ halved}}"
