"""Where the final answer is found, and that it is found in linear time."""

import gc
import time

import pytest

from ampo.verify.find.extract import extract


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("<answer>5</answer>", "5"),
        ("<answer>4</answer> then <answer>5</answer>", "5"),
        ("<answer>4</answer> then <answer>5", "4"),
        ("<think><answer>4</answer></think> The answer is 5.", "5"),
        ("\\boxed{4} and so \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("\\boxed{1} and \\boxed{2}", "1, 2"),
        ("$x = \\boxed{1}$ or $x = \\boxed{2}$", "1, 2"),
        ("\\boxed{1}. That was wrong: \\boxed{2}", "2"),
        ("\\boxed{1} \\boxed{2", "1"),
        ("\\fbox{7}", "7"),
        ("The answer is 5. I hope it is correct.", "5"),
        ("The answer is $2.5$.", "$2.5$"),
        ("The answer is 2.5.", "2.5"),
        ("The final answer is:\n\n$$\\frac{1}{2}$$\n\nbye", "\\frac{1}{2}"),
        ("**Final Answer:** 12", "12"),
        ("work\n#### 42", "42"),
        ("work\nA: 26", "26"),
        ("42", "42"),
    ],
)
def test_the_stated_order(response: str, answer: str) -> None:
    assert extract(response).answer == answer


@pytest.mark.parametrize(
    "response", ["<think>so \\boxed{5}", "", "<answer></answer> 5", "a\nb 5", "<answer> \n </answer>"]
)
def test_nothing_is_taken(response: str) -> None:
    assert extract(response, finish_reason="stop").answer is None


def test_a_cut_off_response_is_truncated_unless_it_has_its_answer() -> None:
    assert extract("so x = 5", finish_reason="length").truncated
    assert extract("The answer is 5", finish_reason="length").truncated
    assert extract("<think> \\boxed{5}", finish_reason="length").truncated
    assert extract("<answer>5</answer> and", finish_reason="length").answer == "5"


def test_a_tag_that_a_stop_string_cut_off_counts_only_where_the_engine_says_it_stopped() -> None:
    assert extract("so <answer>5", finish_reason="stop").answer == "5"
    assert extract("so <answer>5\nand", finish_reason="length").answer is None


@pytest.mark.parametrize(
    "unit",
    [
        "x",
        "{",
        "}",
        "\\boxed{",
        "<answer>",
        "</answer>",
        "<think>",
        "answer is ",
        "$",
        "A: \n",
        " ",
        "\\",
        "**",
        "\\boxed{1} and ",
    ],
)
def test_ten_megabytes_take_no_more_than_seconds(unit: str) -> None:
    text = unit * (10_000_000 // len(unit))
    gc.freeze()  # what other tests have left is none of this one's business
    start = time.process_time()  # not the wall clock: others may be at work
    extract(text)
    assert time.process_time() - start < 8
    gc.unfreeze()
