"""The offline copies, each loaded whole. Needs AMPO_DATA_DIR."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ampo.eval.data import load_problems
from ampo.eval.suites import catalogue, resolve
from ampo.prompts import letter, load_template

NUMBER = r"-?\d+(?:\.\d+)?"
GOLDS = {
    "aime24": r"\d{1,3}",
    "aime25": r"\d{1,3}(?:\^\\circ)?",
    "amc": r"-?\d+",
    "arc_challenge": r"[A-E1-4]",
    "mmlu_pro": r"[A-J]",
    "gsm8k": NUMBER,
}
"""What every reference answer of a set looks like, where that can be said."""

SETS = [benchmark.name for benchmark in catalogue() if benchmark.source]


def there(name: str, data_dir: Path) -> Path:
    """The copy of a set; a set without one is skipped."""
    file = data_dir / f"{name}.jsonl"
    if not file.is_file():
        pytest.skip(f"{data_dir} has no {file.name}")
    return file


@pytest.mark.parametrize("name", SETS)
def test_an_offline_set(name: str, data_dir: Path, caplog) -> None:
    there(name, data_dir)
    [benchmark] = resolve(name)
    problems = load_problems(benchmark, data_dir=data_dir)
    assert len(problems) == len({p.id for p in problems}) == benchmark.n_problems
    assert not caplog.records
    assert all(p.id.startswith(f"{name}/") and p.benchmark == name and p.question and p.answer for p in problems)
    assert {p.kind for p in problems} == {benchmark.answer_kind}
    if gold := GOLDS.get(name):
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


@pytest.mark.parametrize("name", SETS)
def test_ids_and_golds_are_those_of_the_file(name: str, data_dir: Path) -> None:
    rows = [json.loads(line) for line in there(name, data_dir).read_text().split("\n") if line]
    problems = load_problems(resolve(name)[0], data_dir=data_dir)
    assert [p.id for p in problems] == [row["id"] for row in rows]
    changed = {(row["answer"], p.answer) for row, p in zip(rows, problems, strict=True) if row["answer"] != p.answer}
    if name in ("aime24", "aime25", "amc"):  # 025 and 142.0 become 25 and 142
        assert all(float(found) == int(answer) and answer == str(int(answer)) for found, answer in changed)
    else:
        assert all(found.strip() == answer for found, answer in changed)


def test_options_are_shown_in_one_form_wherever_they_stand(data_dir: Path) -> None:
    """MMLU-Pro's stand in a column, ARC's inside the question, as the authors wrote them: `A) text`, a line each."""
    template = load_template("ampo")
    [mmlu], [arc] = (
        [load_problems(resolve(n)[0], data_dir=data_dir, limit=1)[0]] for n in ("mmlu_pro", "arc_challenge")
    )
    for problem in (mmlu, arc):
        shown = template.render(problem)[-1]["content"]
        stem, _, options = shown.partition("\n\nA) ")
        assert stem
        assert [line[:3] for line in options.split("\n")[1:]] == [
            f"{letter(i)}) " for i in range(1, options.count("\n") + 1)
        ]
