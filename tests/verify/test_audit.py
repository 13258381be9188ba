"""The gold audit finds what it is for, and leaves good golds alone."""

import time

import pytest

from ampo.types import Problem
from ampo.verify import VerifierPool
from ampo.verify.audit import audit


@pytest.fixture(scope="module", autouse=True)
def pool():
    global POOL
    with VerifierPool(1, timeout=2.0) as POOL:
        yield POOL


def kinds(gold: str, **fields) -> set[str]:
    return {f.kind for f in audit([Problem("x/1", fields.pop("question", ""), gold, **fields)], POOL)}


@pytest.mark.parametrize(
    "gold", ["5", "\\frac{1}{2}", "$(1,2)$", "1, 2", "[0,1)", "x^2+1", "\\text{east}", "3:2", "\\$18.90"]
)
def test_good_golds_pass(gold: str) -> None:
    assert "broken" not in kinds(gold)
    assert "unparsable" not in kinds(gold)
    assert "ampo-rejects" not in kinds(gold)


def test_doubts_are_named() -> None:
    assert "official-rejects" in kinds("4.5e33")
    assert "broken" in kinds("a+$ $b")
    assert "broken" in kinds("$221,$8$")
    assert "broken" in kinds("5 = 7")
    assert "unparsable" in kinds("t(0,4]")
    assert "ambiguous" in kinds("1,234")
    assert "empty" in kinds(" ")
    assert "ambiguous" in kinds("a fish", kind="choice", options=("a fish", "a bird"))
    assert not kinds("B", kind="choice", options=("a fish", "a bird"))


def test_the_suggestion_is_a_spelling_that_is_read() -> None:
    (finding,) = [f for f in audit([Problem("x/1", "", "4.5e33")]) if f.kind == "official-rejects"]
    assert finding.suggestion == "4.5 \\times 10^{33}"


@pytest.mark.parametrize(
    ("gold", "kind"),
    [
        ("9^{9^{9^{9}}}", "unparsable"),
        ("(" * 10_000 + "1" + ")" * 10_000, "unparsable"),
        ("7" * 1_000_000, "unparsable"),
        ("\\frac{1}{" * 10_000, "broken"),
        ("\\boxed{" * 50_000, "broken"),
        ("$ " * 500_000 + "$", "broken"),
        ("\\cup ".join(["(0,1)"] * 250), ""),
    ],
)
def test_a_gold_that_explodes_is_a_finding_and_the_audit_goes_on(gold: str, kind: str) -> None:
    start = time.monotonic()
    found = list(audit([Problem("x/1", "", gold), Problem("x/2", "", "5 = 7")], POOL))
    assert time.monotonic() - start < 60  # a deadline for each spelling, and a fresh worker after it
    assert not kind or kind in {f.kind for f in found if f.problem == "x/1"}
    assert "broken" in {f.kind for f in found if f.problem == "x/2"}
