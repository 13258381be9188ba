"""Over the benchmarks' own reference answers, where AMPO_DATA_DIR names a folder of them."""

import json
import os
from functools import cache
from pathlib import Path

import pytest

from ampo.types import Problem
from ampo.verify.audit import audit
from ampo.verify.claim import Claim
from ampo.verify.judge import judge
from ampo.verify.spellings import e_notation, spellings
from ampo.verify.text.normalise import normalise

FOLDER = os.environ.get("AMPO_DATA_DIR", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="AMPO_DATA_DIR is not set")
SETS = ["aime24", "aime25", "amc", "math500", "minerva", "olympiadbench", "gsm8k"]


@cache
def problems(name: str) -> list[Problem]:
    path = Path(FOLDER) / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Problem(r["id"], r["question"], str(r["answer"]), name) for r in rows]


@pytest.mark.parametrize("name", SETS)
def test_every_gold_accepts_its_spellings(name: str) -> None:
    rejected = []
    for problem in problems(name):
        for spelling in spellings(problem.answer, problem.question):
            claim = Claim(problem.answer, f"so \\boxed{{{spelling}}}", question=problem.question)
            if not judge(claim).correct:
                rejected.append((problem.answer, spelling))
    assert not rejected


@pytest.mark.parametrize("name", ["amc", "aime24", "math500", "minerva", "olympiadbench"])
def test_no_gold_accepts_its_neighbours(name: str) -> None:
    golds = [problem.answer for problem in problems(name)]
    accepted = [
        (gold, other)
        for i, gold in enumerate(golds)
        for other in golds[i + 1 : i + 4]
        if judge(Claim(gold, f"\\boxed{{{other}}}")).correct
        and normalise(gold) != normalise(other)
        and "=" not in other
    ]
    assert not accepted


def test_the_audit_finds_what_is_wrong_with_minerva() -> None:
    found = list(audit(problems("minerva")))
    rejected = [f for f in found if f.kind == "official-rejects" and e_notation(f.gold)]
    assert len(rejected) == 58
    assert [f.gold.count("$ $") for f in found if f.kind == "broken"] == [1]
    for finding in rejected:
        assert judge(Claim(finding.gold, f"<answer>{finding.suggestion}</answer>")).correct
        assert not judge(Claim(finding.gold, f"<answer>{finding.suggestion}1</answer>")).correct


def test_people_agree_with_the_judgement_of_real_responses() -> None:
    path = Path(FOLDER).parent / "guidance" / "gsm8k_four_models.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    pairs = [
        (solution["is_correct"], judge(Claim(row["answer"], solution["content"], question=row["question"])).correct)
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())
        for solution in row["solutions"]
    ]
    assert sum(a == b for a, b in pairs) / len(pairs) > 0.999
