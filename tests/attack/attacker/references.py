"""Reference answers to attack: of the graded sets, and of every benchmark in the folder that AMPO_DATA_DIR names."""

from __future__ import annotations

import json
import os
import random
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_GRADED = Path(__file__).parents[2] / "graded"
_LETTERS = 20  # references that are the letter of a choice, of each benchmark


class Reference(NamedTuple):
    gold: str
    question: str
    options: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def references() -> tuple[Reference, ...]:
    """Each reference answer once, in an order of its own."""
    found: dict[tuple[str, bool], Reference] = {}
    for reference in (*_graded(), *_benchmarks()):
        found.setdefault((reference.gold, bool(reference.options)), reference)
    kept = list(found.values())
    random.Random(0).shuffle(kept)
    return tuple(kept)


def sample(n: int, seed: int) -> list[Reference]:
    """Some of the references."""
    known = references()
    return random.Random(seed).sample(known, min(n, len(known)))


def _graded() -> list[Reference]:
    items = [i for f in sorted(_GRADED.glob("*.json")) for i in json.loads(f.read_text(encoding="utf-8"))]
    return [Reference(i["gold"], i.get("question") or "", tuple(i.get("options") or ())) for i in items]


def _benchmarks() -> list[Reference]:
    found: list[Reference] = []
    for file in sorted(Path(os.environ.get("AMPO_DATA_DIR") or "/nonexistent").glob("*.jsonl")):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
        choices = [r for r in rows if r.get("options")][:_LETTERS]
        found += [
            Reference(str(row["answer"]), row["question"], tuple(row.get("options") or ()))
            for row in (*(r for r in rows if not r.get("options")), *choices)
        ]
    return found
