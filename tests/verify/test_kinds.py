"""A kind of answer is a file: the example of the documents, put beside the kinds that are there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import ampo.verify.kinds as package
from ampo.verify import Claim
from ampo.verify.judge import judge
from ampo.verify.kinds.registry import kinds

EXAMPLE = Path(__file__).parent / "kinds_example"


@pytest.fixture
def with_cycles() -> Iterator[None]:
    package.__path__.append(str(EXAMPLE))
    kinds.cache_clear()
    yield
    package.__path__.remove(str(EXAMPLE))
    kinds.cache_clear()


@pytest.mark.usefixtures("with_cycles")
@pytest.mark.parametrize(
    ("answer", "right"), [("(5 4)(2 3 1)", True), ("(4 5)(1 3 2)", False), ("(1 2 3)", False), ("(1 2 3)(3 4)", False)]
)
def test_a_file_is_a_kind(answer: str, right: bool) -> None:
    assert judge(Claim("(1 2 3)(4 5)", f"\\boxed{{{answer}}}")).correct is right


def test_kinds_are_asked_in_an_order_of_their_own() -> None:
    orders = [kind.order for kind in kinds()]
    assert orders == sorted(set(orders))


def test_the_documents_show_the_example() -> None:
    page = (Path(__file__).parents[2] / "docs" / "verifier-equality.md").read_text(encoding="utf-8")
    assert (EXAMPLE / "cycles.py").read_text(encoding="utf-8").split('"""\n', 1)[1].strip() in page
