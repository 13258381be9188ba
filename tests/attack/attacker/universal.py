"""Property 1: no answer is right for everything.

Hundreds of answers from a grammar (0:0, 0/0, x = x, 1 < 2, the reals, the empty set, undefined everywhere, every
letter, every option at once, "any", huge, tiny) against references of all kinds, with and without their questions.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from ampo.verify import VerifierPool
from attacker.frame import Report, Scale, Trial, refused
from attacker.oracle import same
from attacker.references import sample

_PARTS = ("0", "1", "x", "n", "\\infty", "\\frac{0}{0}", "NaN", "")
_JOINTS = (
    ":",
    "/",
    "=",
    "<",
    "\\le",
    "\\to",
    "\\equiv",
    ", ",
    " or ",
    "\\cdot ",
    "^",
    "_",
    "\\pmod ",
    "\\pm ",
    "\\ne ",
    " ",
)
_WORDS = Path(__file__).with_name("universal.txt")  # an answer a line


def candidates() -> list[str]:
    """The answers, each once."""
    grammar = [f"{a}{joint}{b}" for a, joint, b in product(_PARTS, _JOINTS, _PARTS)]
    words = _WORDS.read_text(encoding="utf-8").splitlines()
    everything = [*words, *string.ascii_letters, *grammar]
    return list(dict.fromkeys(c.strip() for c in everything if c.strip()))


def attack(scale: Scale, pool: VerifierPool) -> Report:
    """Three hundred of the candidates against each reference; in small, eighty."""
    return refused(_trials(scale), pool, same)


def _trials(scale: Scale) -> Iterator[Trial]:
    source, known = random.Random(scale.seed), candidates()
    each = 300 if scale.references >= 500 else 80
    for reference in sample(scale.references, scale.seed):
        for answer in [*source.sample(known, each), "0:0", "x=x", "\\frac{0}{0}"]:
            asked = source.random() < 0.5
            yield Trial(f"accepted everywhere: {answer}", reference.gold, answer, reference.question if asked else "",
                        reference.options)  # fmt: skip
