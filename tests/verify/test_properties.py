"""Properties that hold for every answer: spellings, order, whitespace; and that a perturbed answer is refused."""

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ampo.verify.claim import Claim
from ampo.verify.judge import equivalent, judge

fractions = st.fractions(min_value=-1000, max_value=1000, max_denominator=999)
integers = st.integers(-(10**9), 10**9)
names = st.sampled_from("abxz")


def accepted(gold: str, answer: str) -> bool:
    return judge(Claim(gold, f"so \\boxed{{{answer}}}")).correct


def latex(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    return f"{'-' if value < 0 else ''}\\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def number_spellings(value: Fraction) -> list[str]:
    found = [
        latex(value),
        f"${latex(value)}$",
        f"{value.numerator}/{value.denominator}",
        latex(value).replace("frac", "dfrac"),
        f"x = {latex(value)}",
    ]
    if value.denominator == 1:
        found += [
            f"{value.numerator:,}",
            f"{value.numerator}.0",
            f"{value.numerator}.",
            f"{value.numerator} \\text{{ cm}}",
        ]
    if value > 1 and value.denominator > 1:
        whole, rest = divmod(value.numerator, value.denominator)
        found.append(f"{whole}\\frac{{{rest}}}{{{value.denominator}}}")
    return found


@given(fractions | integers.map(Fraction))
def test_a_number_accepts_itself_in_every_spelling(value: Fraction) -> None:
    for gold in number_spellings(value)[:4]:
        for answer in number_spellings(value):
            assert accepted(gold, answer), (gold, answer)


@given(fractions, fractions)
def test_another_number_is_refused(a: Fraction, b: Fraction) -> None:
    assume(a != b)
    for gold in number_spellings(a)[:4]:
        for answer in number_spellings(b):
            assert not accepted(gold, answer), (gold, answer)


@given(st.lists(fractions, min_size=2, max_size=6, unique=True), st.randoms())
def test_order_and_whitespace_of_a_list_change_nothing(values: list[Fraction], random) -> None:
    shuffled = random.sample(values, len(values))
    gold = ", ".join(map(latex, values))
    for answer in (
        ", ".join(map(latex, shuffled)),
        " , ".join(map(latex, shuffled)),
        f"\\{{{', '.join(map(latex, shuffled))}\\}}",
        " and ".join(map(latex, shuffled)),
        "; ".join(map(latex, shuffled)),
        " or ".join(f"x = {latex(v)}" for v in shuffled),
    ):
        assert accepted(gold, answer), answer


@given(st.lists(fractions, min_size=2, max_size=6, unique=True))
def test_a_part_or_more_of_a_list_is_refused(values: list[Fraction]) -> None:
    gold = ", ".join(map(latex, values))
    more = [*values, max(values) + 1]
    assert not accepted(gold, ", ".join(map(latex, values[:-1])))
    assert not accepted(gold, ", ".join(map(latex, more)))
    assert not accepted(gold, f"({', '.join(map(latex, values))})")
    assert not accepted(latex(values[0]), gold)


@given(st.lists(fractions, min_size=2, max_size=5))
def test_tuples_keep_their_order(values: list[Fraction]) -> None:
    gold = f"({', '.join(map(latex, values))})"
    assert accepted(gold, f"\\left( {' , '.join(map(latex, values))} \\right)")
    turned = [*values[1:], values[0]]
    assert accepted(gold, f"({', '.join(map(latex, turned))})") == (turned == values)


@given(fractions, fractions, st.booleans(), st.booleans())
def test_intervals_and_inequalities(a: Fraction, b: Fraction, low: bool, high: bool) -> None:
    assume(a != b)
    a, b = min(a, b), max(a, b)
    gold = f"{'[' if low else '('}{latex(a)}, {latex(b)}{']' if high else ')'}"
    signs = ("\\le" if low else "<", "\\le" if high else "<")
    assert accepted(gold, f"{latex(a)} {signs[0]} x {signs[1]} {latex(b)}")
    assert accepted(gold, f"\\{{x \\mid {latex(a)} {signs[0]} x {signs[1]} {latex(b)}\\}}")
    other = ("<" if low else "\\le", signs[1])
    assert not accepted(gold, f"{latex(a)} {other[0]} x {other[1]} {latex(b)}")
    assert not accepted(gold, f"{gold[0]}{latex(a)}, {latex(b + 1)}{gold[-1]}")


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=5), names, st.integers(1, 9))
def test_polynomials_in_any_order_and_perturbed(coefficients: list[int], name: str, change: int) -> None:
    terms = [f"({c}){name}^{{{i}}}" for i, c in enumerate(coefficients)]
    gold = " + ".join(terms)
    assert accepted(gold, " + ".join(reversed(terms)))
    assert not accepted(gold, f"{gold} + {change}{name}")
    nested = f"({coefficients[-1]})"
    for c in reversed(coefficients[:-1]):
        nested = f"({c} + {name}{nested})"
    assert accepted(gold, nested)


@given(st.integers(1, 9), st.integers(10, 99), st.integers(-30, 30).filter(bool))
def test_scientific_notation(lead: int, rest: int, power: int) -> None:
    gold = f"{lead}.{rest}e{power}"
    for answer in (
        f"{lead}.{rest} \\times 10^{{{power}}}",
        f"{lead}.{rest} \\cdot 10^{{{power}}}",
        f"{lead}.{rest}*10^({power})",
        f"{lead}.{rest}E{power}",
        f"{lead}{rest} \\times 10^{{{power - 2}}}",
    ):
        assert accepted(gold, answer), answer
    assert not accepted(gold, f"{lead}.{rest} \\times 10^{{{power + 1}}}")
    assert not accepted(gold, f"{lead}.{rest}")


@settings(max_examples=300)
@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    for gold in ("5", "x+1", "(1,2)", "\\{1\\}"):
        assert judge(Claim(gold, f"<answer>{text}</answer>")).outcome in ("correct", "wrong", "no_answer")


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [
                *"0123456789xyn+-*/^_(){}[],.=<>|!%$",
                "\\frac",
                "\\sqrt",
                "\\pm",
                "\\cup",
                "\\text{",
                " and ",
                "\\le",
                "\\in",
                "\\\\",
                "\\begin{cases}",
                "\\infty",
            ]
        ),
        max_size=25,
    )
)
def test_any_formula_is_judged_and_equals_itself(parts: list[str]) -> None:
    text = "".join(parts)
    judge(Claim("5", f"<answer>{text}</answer>"))
    if text.strip():
        judge(Claim(text, "<answer>5</answer>"))
    assert equivalent(text, text)


@pytest.mark.parametrize("gold", ["1/3", "0.33", "x^2", "(1,2)"])
def test_a_verdict_says_which_rules_decided(gold: str) -> None:
    verdict = judge(Claim(gold, f"\\boxed{{{gold}}}"))
    assert "box" in verdict.reason
    assert ";" in verdict.reason
