"""Several values side by side, without brackets: "1, 2 and 3", "x = 1 or x = 2", "x > 2 and x < 5"."""

from __future__ import annotations

import re
from dataclasses import replace

from ampo.verify.kinds.answers import (
    Answer,
    Equation,
    Inequality,
    Labelled,
    Ordered,
    Phrase,
    Region,
    Unordered,
    Unread,
    Value,
)
from ampo.verify.kinds.progressions import written_out
from ampo.verify.kinds.reader import MAX_ITEMS, Reader
from ampo.verify.kinds.regions import intersect, points, union
from ampo.verify.text.phrases import phrase
from ampo.verify.text.scan import split

_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3})+)(?!\d|,\d)")

_AND = re.compile(r"^(\\text\s*\{\s*)and\s+(?=[a-z])")  # \\text{and red}


def bare_list(text: str, reader: Reader) -> Answer | None:
    """Several values side by side; None for a single one."""
    text = _top_thousands(text)
    parts = split(text, {",", ";", "and", "or", "\\\\", "&"})
    items = [(sep, part) for sep, part in parts if part]
    if (tuples := _tuples(parts, reader)) is not None:
        return tuples
    if len(items) < 2:
        return None
    if len(items) > MAX_ITEMS:
        return Unread(text)
    separators = {sep for sep, _ in parts[1:]}
    if any(word in separators for word in ("and", "or")) and _wordy(text):
        return None
    items[-1] = (items[-1][0], _AND.sub(r"\1", items[-1][1], count=1))
    answers = [reader.single(part) for part in written_out([part for _, part in items])]
    answers = _shared_label(answers)
    region = _joined_regions(answers, separators)
    if region is not None:
        return region
    if (
        any(isinstance(a, (Unread, Phrase)) for a in answers)
        and all(isinstance(a, (Unread, Phrase)) for a in answers)
        and separators == {","}
    ):
        return Phrase(phrase(text)) if len(answers) > 4 else Unordered(tuple(answers))
    return Unordered(tuple(x for a in answers for x in flat(a)), alternatives="or" in separators)


def _tuples(parts: list[tuple[str, str]], reader: Reader) -> Unordered | None:
    """p = 5, q = 2; p = 7, q = 2: two pairs, since each of them names the same; None for another list."""
    groups: list[list[str]] = [[]]
    for separator, part in parts:
        if separator in (";", "or", "\\\\"):
            groups.append([])
        groups[-1].append(part)
    if len(groups) < 2 or len(groups[0]) < 2 or len({len(g) for g in groups}) > 1 or "=" not in groups[0][0]:
        return None
    read = [[reader.single(part) for part in group] for group in groups]
    named = [[i for i in group if isinstance(i, Labelled) and isinstance(i.body, Value)] for group in read]
    labels = {tuple(i.label for i in group) for group in named}
    if len(labels) != 1 or len(set(next(iter(labels)))) != len(groups[0]):
        return None
    label = f"({','.join(next(iter(labels)))})"
    return Unordered(tuple(Labelled(label, Ordered(tuple(i.body for i in g), "(", ")")) for g in named))


def flat(answer: Answer) -> tuple[Answer, ...]:
    """The values of a list in a list; those of m = \\pm 7 each with its label."""
    if isinstance(answer, Labelled):
        return tuple(replace(answer, body=body) for body in flat(answer.body))
    return answer.items if isinstance(answer, Unordered) and not answer.braces else (answer,)


def _top_thousands(text: str) -> str:
    """1,234,567 without its commas, outside of brackets."""
    if "," not in text:
        return text
    inside = [False] * len(text)
    depth = 0
    for i, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        inside[i] = depth > 0
    return _THOUSANDS.sub(lambda m: m[0] if inside[m.start()] else m[1].replace(",", ""), text)


def _wordy(text: str) -> bool:
    """Prose: more than three words of four letters that are no names of functions."""
    return len(re.findall(r"(?<!\\)\b[a-zA-Z]{4,}\b", re.sub(r"\\[a-zA-Z]+", " ", text))) > 3


def _shared_label(answers: list[Answer]) -> list[Answer]:
    """x = 1, 2 and 3: the label belongs to all of them."""
    first = answers[0]
    if not isinstance(first, Labelled) or any(isinstance(a, (Labelled, Equation, Inequality)) for a in answers[1:]):
        return answers
    return [first, *(Labelled(first.label, a, first.bound, first.left) for a in answers[1:])]


def _joined_regions(answers: list[Answer], separators: set[str]) -> Region | None:
    if not any(isinstance(a, Region) and a.variable for a in answers):
        return None
    regions = [r for a in answers if (r := _one_region(a)) is not None]
    if len(regions) != len(answers) or any(r.variable == "" for r in regions):
        return None
    if len({r.variable for r in regions}) > 1:
        return None
    if "or" in separators:
        return union(regions)
    common = regions[0]
    for other in regions[1:]:
        common = intersect(common, other)
    return common if common.pieces or "and" in separators else union(regions)


def _one_region(answer: Answer) -> Region | None:
    """x > 2 as it stands, and x = 2 as a point."""
    if isinstance(answer, Labelled) and isinstance(answer.body, Value) and not answer.bound:
        return Region(points([answer.body.tree]).pieces, answer.label)
    return answer if isinstance(answer, Region) else None


def spaced_thousands(inside: str) -> str:
    """In (1,000, 2,000) the commas with a space separate; in (1,103,105) all of them do."""
    if re.search(r", ", inside) and re.search(r"\d,\d{3}(?!\d)", inside):
        return _top_thousands(inside)
    return inside
