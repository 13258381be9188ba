"""Each data set's way of writing its rows, by rows made up in its form."""

from __future__ import annotations

import pytest

from ampo.eval.normalise import (
    NORMALISERS,
    Normal,
    Raw,
    RowError,
    after_hashes,
    arc,
    integer,
    plain,
    several,
    shuffled,
    verl,
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (142.0, "142"),
        ("025", "25"),
        ("000", "0"),
        (7, "7"),
        ("1,000", "1000"),
        ("-3.0", "-3"),
        ("1.5", "1.5"),
        ("x", "x"),
    ],
)
def test_integers(given: object, expected: str) -> None:
    assert integer(Raw("q", given)).answer == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("5+13=<<5+13=18>>18\n#### 18", "18"),
        ("so\n#### 70,000", "70000"),
        ("#### -3", "-3"),
        ("18", "18"),
        ("1,2", "1,2"),
    ],
)
def test_gsm8k(given: str, expected: str) -> None:
    assert after_hashes(Raw("q", given)).answer == expected


def test_olympiadbench() -> None:
    assert several(Raw("q", ["$\\frac{1}{2}$"])).answer == "$\\frac{1}{2}$"
    assert several(Raw("q", ["1", "2"])).answer == "1, 2"
    assert several(Raw("q", "3")).answer == "3"


def test_arc_with_letters_with_digits_and_with_the_options_in_the_question() -> None:
    texts = ["air", "sun", "sea", "ice"]
    assert arc(Raw("q", "B", {"text": texts, "label": list("ABCD")})) == Normal("q", "B", tuple(texts))
    assert arc(Raw("q", "3", {"text": texts, "label": list("1234")})) == Normal("q", "C", tuple(texts))
    assert arc(Raw("q\n1) air", "3")) == Normal("q\n1) air", "3", ())
    with pytest.raises(RowError, match="'E' is none of the labels A, B, C, D"):
        arc(Raw("q", "E", {"text": texts, "label": list("ABCD")}))


def test_gpqa_is_shuffled_by_the_question_alone() -> None:
    made = [shuffled(Raw(f"q{i}", "right", distractors=("w1", "w2", "w3"))) for i in range(200)]
    assert made == [shuffled(Raw(f"q{i}", "right", distractors=("w1", "w2", "w3"))) for i in range(200)]
    assert all(n.options["ABCD".index(n.answer)] == "right" and sorted(n.options)[0] == "right" for n in made)
    assert all(30 <= [n.answer for n in made].count(c) <= 70 for c in "ABCD")
    assert (made[0].answer, made[1].answer, made[2].answer) == ("B", "B", "C")


def test_verl_rows() -> None:
    turns = [{"role": "system", "content": "s"}, {"role": "user", "content": "2+2?"}]
    assert verl(Raw(turns, {"ground_truth": "4", "style": "rule"})) == Normal("2+2?", "4")
    assert verl(Raw(turns, {"ground_truth": ["4"]})).answer == "4"
    with pytest.raises(RowError, match="no turn of the user"):
        verl(Raw("2+2?", {"ground_truth": "4"}))
    with pytest.raises(RowError, match="expected text or a number, found an object without an answer"):
        verl(Raw(turns, {"style": "rule"}))


def test_plain_numbers_stay_as_they_are_written() -> None:
    assert plain(Raw(" q ", 0.5)) == Normal("q", "0.5")


@pytest.mark.parametrize("name", [n for n in NORMALISERS if n != "verl"])
def test_what_is_in_the_normal_form_stays(name: str) -> None:
    assert NORMALISERS[name](Raw("q", "18")) == Normal("q", "18")
    if name in ("plain", "arc", "shuffled"):
        assert NORMALISERS[name](Raw("q", "B", ["x", "y"])) == Normal("q", "B", ("x", "y"))
