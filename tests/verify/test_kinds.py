"""A kind of answer is a file: the example of the documents, put beside the kinds that are there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import ampo.verify.kinds as package
from ampo.verify import Claim
from ampo.verify.judge import judge
from ampo.verify.kinds.registry import kinds

EXAMPLE = Path(__file__).parent / "kinds_example"


@contextmanager
def beside(folder: Path) -> Iterator[None]:
    package.__path__.append(str(folder))
    kinds.cache_clear()
    try:
        yield
    finally:
        package.__path__.remove(str(folder))
        kinds.cache_clear()


@pytest.mark.parametrize(
    ("answer", "right"),
    [(r"\#F80", True), (r"\text{#f80}", True), (r"\#FF8801", False), (r"\#08F", False), ("F80", False), ("880", False)],
)
def test_a_file_is_a_kind(answer: str, right: bool) -> None:
    claim = Claim("#FF8800", f"\\boxed{{{answer}}}")
    assert not judge(claim).correct
    with beside(EXAMPLE):
        assert judge(claim).correct is right


def test_kinds_are_asked_in_their_order() -> None:
    orders = [kind.order for kind in kinds()]
    assert orders == sorted(orders)


def test_an_order_that_is_taken_is_said_with_both_names(tmp_path: Path) -> None:
    (tmp_path / "second_cycles.py").write_text("from ampo.verify.kinds.cycles import KIND\n")
    with beside(tmp_path), pytest.raises(ValueError, match="cycles and second_cycles both have the order 16"):
        kinds()


def test_the_documents_show_the_example_and_cases_that_it_passes() -> None:
    page = (Path(__file__).parents[2] / "docs" / "verifier-equality.md").read_text(encoding="utf-8")
    with beside(EXAMPLE):
        for case in json.loads(page.partition("```json\n")[2].partition("```")[0]):
            response = case.get("response") or f"\\boxed{{{case['answer']}}}"
            claim = Claim(case["gold"], response, question=case.get("question", ""))
            assert judge(claim).outcome == case["expect"], case
    assert (EXAMPLE / "colours.py").read_text(encoding="utf-8").split('"""\n', 1)[1].strip() in page
