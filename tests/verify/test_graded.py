"""Recall and false acceptances on answers graded by hand, by somebody who had not seen the verifier.

`blind2` was written later, after a look at the code but before the code was run over it; `adversarial` by somebody who
read the code for where it breaks, so that its shares say nothing of ordinary answers; `public` are reports and test
suites of other verifiers, each with its source; `themes` and `prose` are by people who had seen lists of such findings,
and neither code nor cases. The sets are for measuring, not for tuning: a failure is mended by its
kind, with cases of its own in tests/cases.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ampo.verify import Claim, VerifierPool

FOLDER = Path(__file__).parent.parent / "graded"


def load(name: str) -> list[dict[str, Any]]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def claim(item: dict[str, Any]) -> Claim:
    options = tuple(item.get("options") or ())
    return Claim(
        gold=item["gold"],
        response=item["response"] if "response" in item else f"<answer>{item['answer']}</answer>",
        kind="choice" if options else "auto",
        options=options,
        question=item.get("question") or "",
        finish_reason=item.get("finish_reason"),
    )


def test_right_answers_are_accepted(shared_pool: VerifierPool) -> None:
    items = load("right")
    accepted = sum(verdict.correct for verdict in shared_pool.verify_many([claim(item) for item in items]))
    assert accepted / len(items) >= 0.9, f"{accepted} of {len(items)}"


def test_wrong_answers_are_refused(shared_pool: VerifierPool) -> None:
    items = load("wrong")
    verdicts = shared_pool.verify_many([claim(item) for item in items])
    accepted = [item["id"] for item, verdict in zip(items, verdicts, strict=True) if verdict.correct]
    assert len(accepted) / len(items) <= 0.01, accepted


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("blind2", 0.9, 0.0),
        ("adversarial", 0.75, 0.01),
        ("public", 0.93, 0.0),
        ("themes", 0.94, 0.0),
        ("prose", 0.37, 0.0),
    ],
)
def test_hard_kinds(shared_pool: VerifierPool, name: str, least: float, most: float) -> None:
    items = load(name)
    verdicts = shared_pool.verify_many([claim(item) for item in items])
    pairs = list(zip(items, verdicts, strict=True))
    right = [verdict.correct for item, verdict in pairs if item["expect"] == "correct"]
    accepted = [item["id"] for item, verdict in pairs if item["expect"] == "wrong" and verdict.correct]
    assert sum(right) / len(right) >= least, f"{sum(right)} of {len(right)}"
    assert len(accepted) / (len(pairs) - len(right)) <= most, accepted


def test_outcomes_of_whole_responses(shared_pool: VerifierPool) -> None:
    items = load("extraction")
    verdicts = shared_pool.verify_many([claim(item) for item in items])
    other = [i["id"] for i, verdict in zip(items, verdicts, strict=True) if verdict.outcome != i["expect"]]
    assert len(other) / len(items) <= 0.03, other
