"""Where the reference answer goes, with the real tokenizer of the embedded model."""

from __future__ import annotations

import pytest

from ampo.guidance.splice import SolutionTokenizer


@pytest.fixture(scope="module")
def tokenizer(model_path: str):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(model_path)


@pytest.mark.parametrize(
    ("text", "placement", "before", "answer"),
    [
        ("2+2 is 4.\n<answer> 4 </answer>", "answer", "2+2 is 4.\n<answer>", " 5"),
        ("<answer>1</answer> no: <answer>4</answer> done", "answer", "<answer>1</answer> no: <answer>", "5"),
        (r"so \boxed{\frac{1}{2}} then \boxed{ 4}.", "boxed", r"so \boxed{\frac{1}{2}} then \boxed{", " 5"),
        (r"\boxed{3} and <answer>4</answer>", "answer", r"\boxed{3} and <answer>", "5"),
        ("it is 4", "appended", "it is 4<answer>", " 5"),
        ("", "appended", "<answer>", " 5"),
        ("the sum → 4é\n<answer>\n4\n</answer>", "answer", "the sum → 4é\n<answer>", "\n5"),
    ],
)
def test_the_place_of_the_answer(tokenizer, text: str, placement: str, before: str, answer: str) -> None:
    found = SolutionTokenizer(tokenizer).solution(text, "5")
    assert found.placement == placement
    assert tokenizer.decode(found.prefix_ids) == before
    assert tokenizer.decode(found.answer_ids) == answer
    assert tokenizer.decode(found.answer_ids[found.scored :]).strip() == "5"
    assert list(found.ids) == tokenizer(text, add_special_tokens=False)["input_ids"]


def test_the_ids_of_the_solution_are_kept_up_to_a_token_that_straddles_the_place(tokenizer) -> None:
    text = "so <answer>4</answer>"
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    found = SolutionTokenizer(tokenizer).solution(text, "5")
    whole = sum(1 for a, b in zip(ids, found.prefix_ids, strict=False) if a == b)
    assert list(found.prefix_ids[:whole]) == ids[:whole]
    assert whole >= len(found.prefix_ids) - 1


class Straddling:
    """A tokenizer of two characters a token, so that places fall inside tokens."""

    def __call__(self, text: str, **_: object) -> dict[str, list]:
        spans = [(i, min(i + 2, len(text))) for i in range(0, len(text), 2)]
        return {"input_ids": [text[a:b] for a, b in spans], "offset_mapping": spans}


@pytest.mark.parametrize("lead", ["", "a", "ab", "abc"])
def test_a_straddling_token_is_cut_and_only_it(lead: str) -> None:
    text = f"{lead}<answer>44</answer>"
    found = SolutionTokenizer(Straddling()).solution(text, "567")
    assert "".join(map(str, found.prefix_ids)) == f"{lead}<answer>"
    assert "".join(map(str, found.answer_ids)) == "567"
    assert found.scored == 0
    spaced = SolutionTokenizer(Straddling()).solution(f"{lead}<answer>   44</answer>", "567")
    assert "".join(map(str, spaced.answer_ids)) == "   567"
    assert spaced.scored == 1  # "  ", " 5", "67": the first token is space alone


def test_solutions_are_tokenized_once(tokenizer) -> None:
    splicer = SolutionTokenizer(tokenizer)
    assert splicer.solution("<answer>4</answer>", "5") is splicer.solution("<answer>4</answer>", "5")
    assert splicer.solution("<answer>4</answer>", "6") is not splicer.solution("<answer>4</answer>", "5")


def test_an_answer_alone(tokenizer) -> None:
    prefix, answer, scored = SolutionTokenizer(tokenizer).answer_alone("12")
    assert tokenizer.decode([*prefix, *answer]) == "<answer> 12"
    assert tokenizer.decode(answer[scored:]).strip() == "12"
