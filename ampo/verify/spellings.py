"""Other ways to write a reference answer: what the gold audit and the property tests try it with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ampo.verify.kinds.answers import Answer, Ordered, Unordered, Value
from ampo.verify.kinds.structure import parse
from ampo.verify.question.asked import ordered
from ampo.verify.text.normalise import normalise
from ampo.verify.text.scan import enclosed, split

_E_NOTATION = re.compile(r"([-+]?\d*\.?\d+)[eE]([-+]?)0*(\d+)")
_NUMERIC_FRACTION = re.compile(r"\\frac\{(\d+)\}\{(\d+)\}")
_WHOLE = re.compile(r"[-+]?\d{4,}")


def e_notation(gold: str) -> str | None:
    """`4.5 \\times 10^{33}` for `4.5e33`; None where the gold isn't written so."""
    m = _E_NOTATION.fullmatch(gold.strip().strip("$").strip())
    return f"{m[1]} \\times 10^{{{m[2].replace('+', '')}{m[3]}}}" if m else None


def spellings(gold: str, question: str = "") -> Iterator[str]:
    """The gold in other spellings, each of which answers the question; the first is the gold itself."""
    yield gold
    power = e_notation(gold)
    if power:
        yield power
    text = normalise(gold)
    if text != gold.strip():
        yield text
    yield f"${text}$."
    yield " ".join(text.replace("\\frac", "\\dfrac").split())
    if _NUMERIC_FRACTION.search(text) and not re.search(r"\d\s*\\frac", text):
        yield _NUMERIC_FRACTION.sub(r"(\1/\2)", text)
    if _WHOLE.fullmatch(text):
        yield f"{int(text):,}"
    yield from _by_kind(text, parse(text), ordered(question))


def _by_kind(text: str, answer: Answer, in_order: bool) -> Iterator[str]:
    if isinstance(answer, Unordered) and not answer.braces and "\\pm" not in text:
        parts = [p for _, p in split(text, {","})]
        if len(parts) > 1 and "=" not in text and all(parts):
            if not in_order:
                yield ", ".join(reversed(parts))
            yield f"\\{{{', '.join(parts)}\\}}"
            yield f"{', '.join(parts[:-1])} \\text{{ and }} {parts[-1]}"
    if isinstance(answer, Ordered):
        found = enclosed(text)
        if found and found[0] in "([":
            yield f"\\left{found[0]} {found[1]} \\right{found[2]}"
    if isinstance(answer, Value) and not answer.unit:
        yield f"\\text{{value}} = {text}"
