"""The forms that data files hold reference answers in."""

import json
import os
from pathlib import Path

import pytest

from ampo.verify import verify
from ampo.verify.references import reference


@pytest.mark.parametrize(
    ("held", "answer"),
    [
        ("Multiply: 6*7=42. Hence the answer is $\\boxed{42}$.", "42"),
        ("#### -3", "-3"),
        ("6*7 = 42\n#### 1,234", "1,234"),
        ('["42"]', "42"),
        ("['42']", "42"),
        (["42"], "42"),
        ('["1/2", "0.5"]', "1/2"),
        (["2", "3"], "2, 3"),
        ([2, 3], "2, 3"),
        ({"ground_truth": ["7"], "style": "rule"}, "7"),
        ('{"answer": "x + 1"}', "x + 1"),
        ('"42"', "42"),
        (r'["\\frac{1}{2}"]', r"\frac{1}{2}"),
        ("<answer>5</answer>", "5"),
        (r"\boxed{x=1} \text{ and } \boxed{x=2}", "x=1, x=2"),
        ("We add them up. " * 20 + "So the final answer is 12.", "12"),
        ("[1, 2]", "[1, 2]"),
        ("[1, 2)", "[1, 2)"),
        (r"\{1, 2\}", r"\{1, 2\}"),
        ("perpendicular", "perpendicular"),
        (42, 42),
        (True, True),
    ],
)
def test_a_reference_in_any_form_is_its_answer(held: object, answer: object) -> None:
    assert reference(held) == answer
    assert reference(answer) == answer


@pytest.mark.parametrize("held", [[], {"rubric": "x"}, [["a", {}], "b"], ["a", None]])
def test_what_holds_no_answer_is_refused(held: object) -> None:
    with pytest.raises(ValueError, match="answer"):
        reference(held)


def test_reference_forms_end_in_right_verdicts() -> None:
    for held in ("Multiply: 6*7=42. Hence the answer is $\\boxed{42}$.", '["42"]', "#### 42"):
        assert verify(held, r"\boxed{42}").correct
        assert not verify(held, r"\boxed{43}").correct


def test_the_benchmarks_answers_stay_as_they_are() -> None:
    folder = os.environ.get("AMPO_DATA_DIR")
    if not folder:
        pytest.skip("AMPO_DATA_DIR names no folder with offline benchmarks")
    answers = [json.loads(line)["answer"] for file in Path(folder).glob("*.jsonl") for line in file.open()]
    assert len(answers) > 100
    assert [a for a in answers if reference(a) != a] == []
