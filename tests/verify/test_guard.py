"""Hostile input: bounded before it is read, never evaluated, never slow."""

import time

import pytest

from ampo.types import Protocol
from ampo.verify.claim import Claim
from ampo.verify.formula import guard
from ampo.verify.judge import equivalent, judge

HOSTILE = [
    "10^{10^{10^{10}}}",
    "9**9**9**9",
    "2^{1000000000}",
    "(((" * 4000 + "1" + ")))" * 4000,
    "{" * 10_000,
    "9" * 1_000_000,
    "9" * 1499,
    "100000!",
    "((((100!)!)!)!)!",
    "\\binom{10^9}{10^8}",
    "\\sum_{n=1}^{10^{12}} n",
    "\\int_0^{10^{10}} x^{x^{x}} dx",
    "\\begin{pmatrix}" + "1 & " * 50_000 + "1\\end{pmatrix}",
    "\\begin{pmatrix}" + "1 & " * 700 + "1\\end{pmatrix}",
    "1," * 1400,
    "a" * 2999,
    "1 " + "a / " * 700,
    "1 " + "cm/" * 900,
    "-" * 2900 + "1",
    "\\frac" * 500,
    "\\frac{1}{" * 300,
    "\\sqrt" * 600 + "2",
    "x^" * 1400 + "2",
    "|" * 2999,
    "\x00",
    "5\x00",
    "\ud800",
    "\\text{" * 500,
    " and " * 600,
    "=" * 2000,
    "1=" * 1400 + "1",
    "x<" * 1000,
    "\\pm 1" * 40,
    "\\cup ".join(["(0,1)"] * 300),
    "\\left(" * 400,
    "sin(" * 500,
    "\\gcd(10^{40}, 3)",
    "0.\\overline{" + "3" * 30 + "}",
    "1e9999",
    "1e-9999",
    "\\zeta(3)" * 200,
    "²" * 2000,
    r"\begin{pmatrix}1&2\\3&4\end{pmatrix}" * 20,
    r"\sum_{k=1}^{n}" * 6 + "k",
    r"\int_0^1" * 200 + "x" + "dx" * 200,
    r"\neg " * 900 + "p",
    "+".join(["t(1,2)"] * 300),
    r"\operatorname{span}\{" + ",".join(["(1,2,3)"] * 150) + r"\}",
    "H2+" * 130 + "H2->H2O",
]


@pytest.mark.parametrize("answer", HOSTILE, ids=lambda a: a[:24].encode("ascii", "replace").decode())
def test_hostile_answers_are_refused_in_time(answer: str) -> None:
    for response in (f"<answer>{answer}</answer>", f"\\boxed{{{answer}}}", answer):
        for gold in ("5", "\\frac{x}{2}", "(1,2)", "x > 2", "east"):
            start = time.process_time()
            verdict = judge(Claim(gold, response))
            assert not verdict.correct
            assert time.process_time() - start < 2.0


@pytest.mark.parametrize("answer", HOSTILE, ids=lambda a: a[:24].encode("ascii", "replace").decode())
def test_hostile_golds_do_no_harm(answer: str) -> None:
    start = time.process_time()
    judge(Claim(answer, "<answer>5</answer>"))
    equivalent(answer, answer + " ")
    assert time.process_time() - start < 2.0


CODE = [
    "__import__('os').system('touch {path}')",
    "open('{path}','w')",
    "exec(\"open('{path}','w')\")",
    "\\text{{__import__('os').system('touch {path}')}}",
    "lambda: open('{path}','w')",
    "[x for x in open('{path}','w')]",
    "\\operatorname{{open}}('{path}','w')",
    "f(open('{path}','w'))",
    "\\int_0^1 open('{path}','w') dx",
    "\\begin{{pmatrix}} open('{path}','w') \\end{{pmatrix}}",
    "(1, open('{path}','w'))",
    "5 open('{path}','w')",
    "1/0 or open('{path}','w')",
]


@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize("protocol", ["ampo", "official"])
def test_no_parser_path_runs_code(code: str, protocol: Protocol, tmp_path) -> None:
    path = tmp_path / "ran"
    text = code.format(path=path)
    for gold in ("5", text, "\\int_0^1 x dx", "(1,2)"):
        for response in (text, f"<answer>{text}</answer>", f"\\boxed{{{text}}}", f"The answer is ${text}$"):
            judge(Claim(gold, response, protocol))
    assert not path.exists()


def test_what_goes_to_sympy_is_bounded() -> None:
    assert guard.symbolic("\\int_0^1 x dx")
    for text in ("2^{1000000000}", "x^{x^{x}}", "\\input{file}", "__class__", "é", "99999!", "x" * 401):
        assert not guard.symbolic(text)
