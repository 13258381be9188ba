"""What the verifiers are asked: our graded answers, and wrong answers made of right ones by the ways to fool a grader.

Choice questions are left out, since most of the others don't know them; so are responses of more than an answer, since
each verifier wants its answer in another form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

GRADED = Path(__file__).parents[2] / "tests" / "graded"
_ALONE = re.compile(r"\s*<answer>(.*?)</answer>\s*", re.DOTALL)
_BOX = re.compile(r"[\s$]*\\boxed\{(.*)\}[\s$]*", re.DOTALL)
_REFERENCES = (
    "7",
    "-12",
    r"\frac{3}{4}",
    r"2\sqrt{3}",
    "0.35",
    r"\frac{\pi}{6}",
    "x^2+1",
    "1024",
    r"3+2\sqrt{2}",
    "(2,5)",
)

# Each makes a wrong answer of a right one: what trained policies and graders' trackers have shown to pass somewhere.
ATTACKS = {
    "a chain that ends right": "4711 = {}",
    "a chain that begins right": "{} = 4711",
    "two named answers": "x = 4711, x = {}",
    "alternatives": r"{} \text{{ or }} 4711",
    "a list with it": "{}, 4711",
    "a set with it": r"\{{ {}, 4711 \}}",
    "denied": r"\text{{not }} {}",
    "not equal": r"x \ne {}",
    "a bound": "x > {}",
    "one more": "({}) + 1",
    "a little more": r"({}) + 10^{{-5}}",
    "much too large": r"({}) \cdot 10^{{300}}",
    "negated": "-({})",
    "modulus": r"{} \pmod 5",
    "imaginary": "({}) + i",
    "derivative": "({})'",
    "interval": r"[{}, \infty)",
    "ratio with zero": "0:{}",
    "words behind": r"{} \text{{ is wrong}}",
}
HANGS = (
    "9^{9^{9^{9^{9}}}}",
    "10^{10^{10}}",
    r"\frac{1}{10^{10^{10}}}",
    "((10^8)!)!",
    r"\binom{10^9}{5\cdot 10^8}",
    "(" * 500 + "x" + ")" * 500,
    r"\sqrt{" * 300 + "2" + "}" * 300,
    "x^{" * 200 + "2" + "}" * 200,
    "9" * 100_000,
    r"\sin(" * 150 + "1" + ")" * 150,
    r"\sum_{k=1}^{10^9} k^{k}",
    r"\int_0^{100} e^{x^{x^{x}}} \sin(x^{50}) dx",
    "+".join(rf"\sqrt{{{n}}}" for n in range(2, 60)),
    "(x+y+z+w)^{400}",
    r"\begin{pmatrix}" + r"\\".join("&".join(["x"] * 30) for _ in range(30)) + r"\end{pmatrix}",
)


class Item(NamedTuple):
    """A pair to judge. group: the row of the table."""

    group: str
    gold: str
    answer: str
    question: str
    right: bool

    @property
    def key(self) -> str:
        """Names the item, whatever its place."""
        text = "\0".join((self.group, self.gold, self.answer, self.question))
        return blake2b(text.encode(), digest_size=6).hexdigest()


def items() -> Iterator[Item]:
    for name, right in (("right", True), ("wrong", False)):
        for row in _graded(name):
            yield Item("graded", row["gold"], row["answer"], row.get("question") or "", right)
    for row in _graded("blind2"):
        yield Item("graded later", row["gold"], row["answer"], row.get("question") or "", row["expect"] == "correct")
    for row in _graded("adversarial"):
        if found := _ALONE.fullmatch(row["response"]):
            question = row.get("question") or ""
            yield Item("adversarial", row["gold"], found[1], question, row["expect"] == "correct")
    for row in _graded("public"):
        if (found := _BOX.fullmatch(row["response"])) and _balanced(found[1]):
            yield Item("reported", row["gold"], found[1], row.get("question") or "", row["expect"] == "correct")
    for template in ATTACKS.values():
        for gold in _REFERENCES:
            yield Item("attacks", gold, template.format(gold), "", False)
    for answer in HANGS:
        yield Item("hangs", "7", answer, "", False)


def _balanced(inside: str) -> bool:
    """Whether what stands between the outermost braces is one group, not `1}\\boxed{2`."""
    depths = list(accumulate((character == "{") - (character == "}") for character in inside))
    return min(depths, default=0) >= 0


def _graded(name: str) -> list[dict]:
    rows = json.loads((GRADED / f"{name}.json").read_text(encoding="utf-8"))
    return [row for row in rows if not row.get("options") and row.get("kind") != "choice"]
