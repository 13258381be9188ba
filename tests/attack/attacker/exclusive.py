"""Property 2: no answer is right for two references that differ.

Random pairs of references of one kind, each as the answer to the other.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator

from ampo.verify import VerifierPool
from ampo.verify.kinds.structure import parse
from ampo.verify.text.normalise import normalise
from attacker.frame import Report, Scale, Trial, refused
from attacker.oracle import same
from attacker.references import Reference, references


def attack(scale: Scale, pool: VerifierPool) -> Report:
    return refused(_trials(scale), pool, same)


def _trials(scale: Scale) -> Iterator[Trial]:
    source = random.Random(scale.seed)
    kinds = [golds for golds in _by_kind().values() if len(golds) > 1]
    rare = [golds for golds in kinds if len(golds) < 40]
    for i in range(scale.pairs):
        of = source.choice(rare if rare and i % 4 == 0 else kinds)
        gold, other = source.sample(of, 2)
        if gold.gold != other.gold:
            kind = type(parse(normalise(gold.gold))).__name__
            yield Trial(f"two {kind} answers", gold.gold, other.gold, gold.question if i % 2 else "")


def _by_kind() -> dict[str, list[Reference]]:
    found: dict[str, list[Reference]] = defaultdict(list)
    for reference in references():
        if not reference.options and len(reference.gold) < 300:
            found[_kind(reference.gold)].append(reference)
    return found


def _kind(gold: str) -> str:
    """What a reference looks like: its kind, and what stands in it."""
    text = normalise(gold)
    marks = [m for m in ("\\frac", "\\sqrt", "^", "\\pi", ":", ".", "!", "\\text", "%") if m in text]
    return f"{type(parse(text)).__name__} {marks[:2]} {any(c.isalpha() for c in text)}"
