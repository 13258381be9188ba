"""The offline copies, each loaded whole. Needs AMPO_DATA_DIR."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ampo.prompts import letter
from eval.data import load_problems
from eval.suites import resolve

NUMBER = r"-?\d+(?:\.\d+)?"
SETS = [
    ("aime24", 30, r"\d{1,3}"),
    ("aime25", 30, r"\d{1,3}(?:\^\\circ)?"),
    ("amc", 83, r"-?\d+"),
    ("math500", 500, None),
    ("minerva", 272, None),
    ("olympiadbench", 675, None),
    ("arc_challenge", 1172, r"[A-E1-4]"),
    ("mmlu_pro", 12032, r"[A-J]"),
    ("gsm8k", 1319, NUMBER),
]


@pytest.mark.parametrize(("name", "count", "gold"), SETS)
def test_an_offline_set(name: str, count: int, gold: str | None, data_dir: Path, caplog) -> None:
    [benchmark] = resolve(name)
    problems = load_problems(benchmark, data_dir=data_dir)
    assert len(problems) == len({p.id for p in problems}) == count
    assert not caplog.records
    assert all(p.id.startswith(f"{name}/") and p.benchmark == name and p.question and p.answer for p in problems)
    assert {p.kind for p in problems} == {"choice" if name in ("arc_challenge", "mmlu_pro") else "math"}
    if gold:
        assert [p.answer for p in problems if not re.fullmatch(gold, p.answer)] == []


def test_the_golds_of_well_known_problems(data_dir: Path) -> None:
    def first(name: str) -> str:
        return load_problems(resolve(name)[0], data_dir=data_dir, limit=1)[0].answer

    assert [first(n) for n in ("aime24", "aime25", "amc", "gsm8k", "arc_challenge")] == ["204", "70", "142", "18", "C"]
    assert first("math500") == "\\left( 3, \\frac{\\pi}{2} \\right)"


def test_options_stand_in_mmlu_pro_and_inside_the_question_in_arc(data_dir: Path) -> None:
    mmlu = load_problems(resolve("mmlu_pro")[0], data_dir=data_dir)
    assert all(3 <= len(p.options) <= 10 and p.answer <= letter(len(p.options) - 1) for p in mmlu)
    arc = load_problems(resolve("arc_challenge")[0], data_dir=data_dir)
    assert all(not p.options and re.search(rf"^{p.answer}\) ", p.question, re.MULTILINE) for p in arc)
