"""Math-Verify's names over our verifier. Its own tests run through it in `make integrations`."""

from __future__ import annotations

import inspect
import pickle
import threading

import math_verify
import pytest
import sympy

from ampo.verify import compat


@pytest.mark.parametrize("name", ["parse", "verify", "math_metric"])
def test_arguments_their_order_and_their_defaults_are_math_verifys(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(module, name)).parameters for module in (compat, math_verify))
    assert list(ours) == list(theirs)
    plain = {n: p.default for n, p in theirs.items() if isinstance(p.default, (bool, int, str))}
    assert {n: ours[n].default for n in plain} == plain


def test_configs_are_math_verifys() -> None:
    assert all(getattr(compat, name) is getattr(math_verify, name) for name in compat._CONFIGS)
    with pytest.raises(AttributeError):
        _ = compat.ParseConfig


@pytest.mark.parametrize(
    ("gold", "response", "right"),
    [
        ("$1/2$", r"thus $\boxed{0.5}$", True),
        (r"\boxed{\frac{1}{2}}", "The answer is 1/2.", True),
        ("${1,2}$", r"$\boxed{(2,1)}$", False),
        ("$7$", "I don't know", False),
        ("$x >= 5$", r"Therefore $x \geq 5$ is the solution.", True),
        ("$x-2y+z-1=0$", r"thus $\boxed{x-2y+z-1=0}$", True),
        ("$a +3z = 0$", "$0$", False),
        ("$AB=4,CD=5$", r"$\boxed{4, 5}$", True),
    ],
)
def test_a_text_is_parsed_and_judged(gold: str, response: str, right: bool) -> None:
    assert compat.verify(compat.parse(gold), compat.parse(response)) is right


def test_it_works_in_a_thread_and_does_not_hang_on_a_tower_of_powers() -> None:
    found: list[bool] = []
    tower = r"\boxed{9^{9^{9^{9^{9}}}}}"
    thread = threading.Thread(target=lambda: found.append(compat.verify(compat.parse("$3$"), compat.parse(tower))))
    thread.start()
    thread.join(60)
    assert found == [False]


def test_sympys_objects_numbers_and_lists_of_them_may_be_given() -> None:
    assert compat.verify(sympy.Rational(1, 3), [sympy.Integer(7), "1/3"])
    assert not compat.verify([1, 2], sympy.sqrt(2))


def test_what_was_parsed_survives_pickling() -> None:
    parsed = pickle.loads(pickle.dumps(compat.parse(r"so \boxed{3}")))
    assert parsed == ["3", "3"]
    assert compat.verify(3, parsed)


def test_a_letter_is_a_choice_with_string_extraction() -> None:
    config = [compat.StringExtractionConfig()]
    assert compat.verify(compat.parse("B", config), compat.parse("The answer is B.", config))
    assert not compat.verify(compat.parse("B", config), compat.parse("The answer is C.", config))


def test_the_metric_tells_what_it_compared() -> None:
    assert compat.math_metric()(["$1/2$"], [r"\boxed{0.5}"]) == (1.0, (["$1/2$"] * 2, ["0.5"] * 2))
    with pytest.raises(ValueError, match="No gold targets"):
        compat.math_metric()([""], ["1"])
