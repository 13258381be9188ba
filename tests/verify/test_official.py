"""The authors' scorer, with its flaws: they are kept, so that published figures can be compared."""

import pytest

from ampo.verify.claim import Claim
from ampo.verify.judge import judge
from ampo.verify.official import with_boxed_answer


def test_the_answer_tag_is_said_again_as_a_boxed_sentence() -> None:
    assert with_boxed_answer("a <answer> 5 </answer>").endswith("The final answer is \\boxed{5}.")
    assert with_boxed_answer("no tag 5") == "no tag 5"


@pytest.mark.parametrize(
    ("gold", "response", "outcome"),
    [
        ("5", "<answer>5</answer>", "correct"),
        ("\\frac{1}{2}", "<answer>0.5</answer>", "correct"),
        ("5", "<answer>6</answer>", "wrong"),
        ("5", "no number here", "no_answer"),
        # the flaws
        ("4.5e33", "<answer>4.5 \\times 10^{33}</answer>", "wrong"),
        ("5", "it goes on and on, then 5", "correct"),
        ("7", "<answer>5 = 7</answer>", "correct"),
    ],
)
def test_its_verdicts(gold: str, response: str, outcome: str) -> None:
    assert judge(Claim(gold, response, "official")).outcome == outcome


def test_it_works_outside_the_main_thread() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(judge, Claim("5", "<answer>5</answer>", "official")).result().correct
