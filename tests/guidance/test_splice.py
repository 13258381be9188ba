"""Where the reference answer goes, with the real tokenizer of the embedded model."""

from __future__ import annotations

from collections.abc import Sequence

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
        ("<answer>1</answer> no: <answer>4</answer> done", "answer", "<answer>1</answer> no: <answer>", " 5"),
        (r"so \boxed{\frac{1}{2}} then \boxed{ 4}.", "boxed", r"so \boxed{\frac{1}{2}} then \boxed{", " 5"),
        (r"\boxed{3} and <answer>4</answer>", "answer", r"\boxed{3} and <answer>", " 5"),
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
        return {"input_ids": [int.from_bytes(text[a:b].encode()) for a, b in spans], "offset_mapping": spans}

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(token.to_bytes(1 + (token > 255)).decode() for token in ids)


@pytest.mark.parametrize("lead", ["", "a", "ab", "abc"])
def test_a_straddling_token_is_cut_and_only_it(lead: str) -> None:
    text = f"{lead}<answer>44</answer>"
    decode, found = Straddling().decode, SolutionTokenizer(Straddling()).solution(text, "567")
    assert decode(found.prefix_ids) == f"{lead}<answer>"
    assert decode(found.answer_ids) == " 567"
    assert found.scored == 0  # " 5", "67"
    spaced = SolutionTokenizer(Straddling()).solution(f"{lead}<answer>   44</answer>", "567")
    assert decode(spaced.answer_ids) == "   567"
    assert spaced.scored == 1  # "  ", " 5", "67": the first token is space alone


def test_solutions_are_tokenized_once(tokenizer) -> None:
    splicer = SolutionTokenizer(tokenizer)
    assert splicer.solution("<answer>4</answer>", "5") is splicer.solution("<answer>4</answer>", "5")
    assert splicer.solution("<answer>4</answer>", "6") is not splicer.solution("<answer>4</answer>", "5")


def test_what_is_remembered_is_bounded_and_small(tokenizer, monkeypatch) -> None:
    monkeypatch.setattr("ampo.guidance.splice._REMEMBERED", 2)
    splicer = SolutionTokenizer(tokenizer)
    first = splicer.solution("<answer>4</answer>", "1")
    for answer in "23":
        splicer.solution("<answer>4</answer>", answer)
    assert splicer.solution("<answer>4</answer>", "1") is not first
    assert memoryview(first.ids).nbytes == 4 * len(first.ids)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pieces", "prefix"),
    [
        (["so ", "<", "ans", "wer", "> ", "4</", "answer>"], ["so ", "<", "ans", "wer", ">"]),
        (["7 ", "é→", " \\", "boxed{", "4}"], ["7 ", "é→", " \\", "boxed{"]),
        (["no ", "thing"], ["no ", "thing", "<answer>"]),
        (["so <answer>", "4", "</answer>"], ["so <answer>"]),  # as the whole text is encoded
        ([""], ["<answer>"]),
    ],
)
def test_a_response_keeps_the_tokens_it_was_sampled_in(tokenizer, pieces: list[str], prefix: list[str]) -> None:
    def encode(texts: list[str]) -> list[int]:
        return [token for text in texts for token in tokenizer(text, add_special_tokens=False)["input_ids"]]

    sampled = [*encode(pieces), tokenizer.eos_token_id]
    found = SolutionTokenizer(tokenizer).response(sampled, "".join(pieces), "5")
    assert list(found.ids) == sampled
    assert list(found.prefix_ids) == encode(prefix)


def test_an_answer_alone(tokenizer) -> None:
    answer, scored = SolutionTokenizer(tokenizer).answer_alone("12")
    assert tokenizer.decode(answer) == " 12"
    assert tokenizer.decode(answer[scored:]).strip() == "12"
