"""An answer that is right for references that differ: how a policy shows that it has found a hole in the verifier."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from ampo.prompts import answer_span, boxed_span
from ampo.training.rows import Group

Same = Callable[[str, str], bool]
"""Whether a reference answer is right where another one is the reference."""


def one_answer(groups: Sequence[Group], same: Same) -> int:
    """For how many references, no two of which are the same, one answer of the step was judged right; at most 1 is
    usual. `same` is asked about the few answers alone that were right for references of different texts."""
    references: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for group in groups:
        for answer in {_answer(r.text) for r in group.responses if r.correct}:
            references[answer][group.answer] = None
    return max((_different(list(golds), same) for golds in references.values()), default=0)


def _answer(text: str) -> str:
    """What stands in the last tags, else in the last box, else all of it."""
    span = answer_span(text) or boxed_span(text)
    return " ".join((text[slice(*span)] if span else text).split())


def _different(golds: Sequence[str], same: Same) -> int:
    kept: list[str] = []
    for gold in golds:
        if not any(same(other, gold) for other in kept):
            kept.append(gold)
    return len(kept)
