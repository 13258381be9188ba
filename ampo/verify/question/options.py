"""The options that a choice question shows in its text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from functools import lru_cache

_PRINTED = re.compile(r"^[ \t]*\(?([A-Z]|[1-9])[).:][ \t]+(\S.*)$", re.MULTILINE)
# Possessive (\s*+): a run of spaces that a model writes is gone through once, not in every way to divide it.
_INLINE = re.compile(r"\\(?:textbf|mathbf|text|mathrm|bf)\s*+\{\s*+\(\s*+([A-J])\s*+\)\s*+[:.]?\s*+(?:\}|(?=\S))")
_PLAIN = re.compile(r"(?<![\w$)])\(([A-J])\)\s++(?=\S)")
_DOTTED = re.compile(r"(?:^|(?<=\s))([A-J])\.\s++(?=\S)")
SPACING = re.compile(r"\\(?:q?quad|[ ,;:!]|hspace\*?\{[^{}]{0,20}\})|~")


@lru_cache(maxsize=256)
def printed_options(question: str) -> Mapping[str, str]:
    """The options that a question shows, by label; empty where it shows fewer than two in order.

    A line each ("A) ..."), or side by side: (A) 10 (B) 12, in the AMC $\\textbf{(A)}\\ 10 \\qquad \\textbf{(B)}\\ 12$.
    """
    return (
        _lines(question)
        or _side_by_side(_INLINE, question[-20_000:])
        or _side_by_side(_PLAIN, question[-20_000:])
        or _dotted(question)
    )


def _dotted(question: str) -> dict[str, str]:
    """A. 10 B. 12 C. 15: three or more."""
    found = _side_by_side(_DOTTED, question) if "C. " in question else {}
    return found if len(found) > 2 else {}


def _side_by_side(mark: re.Pattern[str], question: str) -> dict[str, str]:
    marks = list(mark.finditer(question)) if "(" in question or mark is _DOTTED else []
    labels = [m[1] for m in marks]
    if len(marks) < 2 or labels != list("ABCDEFGHIJ"[: len(marks)]):
        return {}
    ends = [*(m.start() for m in marks[1:]), len(question)]
    texts = [question[m.end() : end] for m, end in zip(marks, ends, strict=True)]
    bare = [" ".join(SPACING.sub(" ", text.replace("$", " ").replace("\\\\", " ")).split()) for text in texts]
    return dict(zip(labels, bare, strict=True))


def _lines(question: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for m in _PRINTED.finditer(question[-20_000:]):
        if m[1] in ("A", "1"):
            found = {}
        found[m[1]] = m[2].rstrip(" \t")
    labels = list(found)
    return found if len(labels) > 1 and all(ord(b) - ord(a) == 1 for a, b in itertools.pairwise(labels)) else {}
