"""Every case of tests/cases/*.json: {"kind", "gold", "answer" or "response", "expect"} and what the question tells."""

import json
from pathlib import Path

import pytest

from ampo.verify.claim import Claim
from ampo.verify.judge import judge

FILES = sorted((Path(__file__).parents[1] / "cases").glob("*.json"))
CASES = [case for file in FILES for case in json.loads(file.read_text(encoding="utf-8"))]


def claim_of(case: dict) -> Claim:
    response = case["response"] if "response" in case else f"So it is \\boxed{{{case['answer']}}}."
    return Claim(
        case["gold"],
        response,
        kind=case.get("claim_kind", "auto"),
        options=tuple(case.get("options", ())),
        question=case.get("question", ""),
        finish_reason=case.get("finish_reason"),
    )


def name(case: dict) -> str:
    return f"{case['kind']}: {case['gold']} <- {case.get('answer', case.get('response'))}"[:100]


@pytest.mark.parametrize("case", CASES, ids=name)
def test_case(case: dict) -> None:
    verdict = judge(claim_of(case))
    assert verdict.outcome == case["expect"], verdict


def test_there_are_enough_of_both_sides() -> None:
    outcomes = [case["expect"] for case in CASES]
    assert len(CASES) >= 400
    assert outcomes.count("correct") >= 150
    assert outcomes.count("wrong") >= 120
