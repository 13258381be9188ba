"""Which verdicts were shown, and which rest on something that could not be read or compared."""

import pytest

from ampo.types import Protocol, Verdict
from ampo.verify import Claim, VerifierPool

SHOWN = [
    ("12", r"\boxed{13}"),
    ("12", r"\boxed{12}"),
    ("x^2", r"\boxed{x^3}"),
    (r"\sqrt{2}", r"\boxed{\sqrt{3}}"),
    ("(1,2)", r"\boxed{(1,3)}"),
    (r"\{1,2\}", r"\boxed{\{1,3\}}"),
    ("x>3", r"\boxed{x<3}"),
    ("12 m", r"\boxed{12 s}"),
    ("12", r"\boxed{\infty}"),
    ("B", r"\boxed{C}"),
    ("y=2x", r"\boxed{y=3x}"),
    ("12", r"\boxed{5 + 7 = 13}"),
    ("12", ""),
    ("12", r"\boxed{}"),
    ("12", "It is too hard for me, sorry."),
    ("12", "<think> 12, 12, 12"),
]
NOT_SHOWN = [
    ("12", r"\boxed{\int_0^{99} t\,dt}"),  # sympy doesn't say the same
    ("x^2", r"\boxed{f(x)}"),  # any function
    ("12", r"\boxed{2n}"),  # n may be 6
    (r"\frac{1}{2}", r"\boxed{10^{10^{100}}}"),  # past the bounds of a value
    ("perpendicular", r"\boxed{\text{at a right angle}}"),  # words
    ("12", r"\boxed{x = y = 5 = 7}"),  # contradicts itself, if x is no unit
    ("12", "\\boxed{" + "(" * 100 + "}"),  # refused before it is read
    ("12", "After that there were a number of them, and one by one they left. " * 8 + "So: twelve it was"),
    ("12", "Well, there were 12 of them, and so on and on. " * 20 + "\nAnd this goes on."),
]


@pytest.fixture(scope="module")
def pool():
    with VerifierPool(workers=1, timeout=2) as pool:
        yield pool


@pytest.mark.parametrize(("gold", "response", "shown"), [(*c, True) for c in SHOWN] + [(*c, False) for c in NOT_SHOWN])
def test_whether_a_verdict_was_shown(pool: VerifierPool, gold: str, response: str, shown: bool) -> None:
    verdict = pool.submit(Claim(gold, response)).result()
    assert verdict.shown is shown, verdict
    assert shown or not verdict.correct


@pytest.mark.parametrize("protocol", ["ampo", "official"])
def test_a_judgement_that_did_not_end_shows_nothing(pool: VerifierPool, protocol: Protocol) -> None:
    verdict = pool.submit(Claim("9" * 2 + "^{" * 40 + "9" + "}" * 40, r"\boxed{99^{99^{99^{99}}}}", protocol)).result()
    assert not verdict.correct
    assert not verdict.shown


def test_a_choice_that_names_no_option_is_not_shown_to_be_another(pool: VerifierPool) -> None:
    claim = Claim("B", r"\boxed{the second one}", kind="choice", options=("1", "2"))
    assert not pool.submit(claim).result().shown
    assert Verdict("correct").shown
