from __future__ import annotations

import builtins
import re

import pytest

from ampo.errors import MissingExtraError, UserError
from ampo.eval.data import fingerprint, load_problems
from ampo.eval.suites import Benchmark, resolve

pytest.importorskip("reasoning_gym")

PINNED = "9c557600c44cca44b79fee5dda494ffcb819f9f6eb3de9b7af7e2e0131514172"


def benchmark(**part: object) -> Benchmark:
    return Benchmark.model_validate({"name": "x", "parts": [{"size": 4} | part]})


def test_the_demo_is_the_same_everywhere() -> None:
    problems = load_problems(resolve("demo")[0])
    assert fingerprint(problems) == PINNED
    assert fingerprint(load_problems(resolve("demo")[0])) == PINNED


def test_the_demo_is_of_different_problems_with_short_exact_answers() -> None:
    problems = load_problems(resolve("demo")[0])
    assert len({p.question for p in problems}) == len({p.id for p in problems}) == 60
    assert all(re.fullmatch(r"-?\d{1,3}", p.answer) for p in problems)


def test_the_first_few_are_of_all_kinds() -> None:
    problems = load_problems(resolve("demo")[0], limit=6)
    assert len({p.id.rpartition("-")[0] for p in problems}) == 6


def test_its_sums_and_products_are_right() -> None:
    checked = 0
    for p in load_problems(resolve("demo")[0]):
        sums = re.search(r"(\d+) ([+*-]) (\d+)(?:\.| =)", p.question)
        if "arithmetic" in p.id or "products" in p.id or "chain" in p.id:
            assert sums, p.question
            a, op, b = int(sums[1]), sums[2], int(sums[3])
            assert int(p.answer) == {"+": a + b, "-": a - b, "*": a * b}[op]
            checked += 1
    assert checked == 38


def test_too_few_different_problems_is_said() -> None:
    config = {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}
    with pytest.raises(UserError, match="different problems are to be had, 2000 are asked for"):
        load_problems(benchmark(kind="products", size=2000, config=config))


def test_an_unknown_kind_and_a_refused_parameter_are_said() -> None:
    with pytest.raises(UserError, match="'product' is no kind of reasoning-gym: did you mean products"):
        load_problems(benchmark(kind="product"))
    with pytest.raises(UserError, match="reasoning-gym refuses its config"):
        load_problems(benchmark(kind="products", config={"max_digit": 2}))
    with pytest.raises(UserError, match="reasoning-gym refuses its config"):
        load_problems(benchmark(kind="products", config={"min_digits": 3, "max_digits": 2}))


def test_without_reasoning_gym_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name.startswith("reasoning_gym"):
            raise ImportError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"reasoning-gym.*pip install .*\[data\]"):
        load_problems(resolve("demo")[0])
