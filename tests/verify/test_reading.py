"""What each side of a claim is read as, in words."""

from __future__ import annotations

import pytest

from ampo.verify.claim import Claim
from ampo.verify.reading import readings


@pytest.mark.parametrize(
    ("gold", "answer", "read"),
    [
        ("1/2", "0.5", ("the number 1/2", "the number 1/2 (1 decimal)")),
        (r"\frac{\sqrt{2}}{2}", r"\frac{1}{\sqrt 2}", ("the number √2/2", "the number 1/√2")),
        ("x^2-3x+1", "-2(x-1)", ("the formula x^2 - 3·x + 1", "the formula -2·(x - 1)")),
        ("a-(b-c)", "-x^{-1/2}", ("the formula a - (b - c)", "the formula -x^(-1/2)")),
        ("(1,2)", "{1,2}", ("in this order (1; 2)", "in any order {1; 2}")),
        ("x>3", "x = 3", ("the region x in (3, ∞)", "x = 3")),
        ("12 cm", r"25\%", ("the number 12 (unit: 1/100 m)", "the number 25%")),
        ("2x+3y=5", "3:4", ("the equation 2·x + 3·y = 5", "the ratio 3 : 4")),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "5 apples", ("the matrix [1; 2] [3; 4]", "the number 5 (of apples)")),
        ("no solution", "1" * 4000, None),
    ],
)
def test_both_sides_in_words(gold: str, answer: str, read: tuple[str, str] | None) -> None:
    found = readings(Claim(gold, f"<answer>{answer}</answer>"))
    assert found is not None
    if read is None:
        assert all(len(side) < 400 for side in found)
    else:
        assert tuple(found) == read


def test_options_and_silence() -> None:
    found = readings(Claim("B", r"\boxed{(B)}", kind="choice"))
    assert found is not None
    assert found.gold == "the option B"
    assert readings(Claim("3", "I would rather not say what I think.")) is None


def test_the_official_protocol_reads_by_math_verify() -> None:
    assert readings(Claim("1/2", r"so \boxed{0.5}", "official")) == ("1/2", "1/2")
