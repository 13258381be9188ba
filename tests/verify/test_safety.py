"""Hostile input: each item is a counted outcome within its deadline and memory limit, while the rest goes on."""

from __future__ import annotations

import time

import pytest

from ampo.types import OUTCOMES
from ampo.verify import Claim, VerifierPool, verify
from ampo.verify.judge import quick

MEGABYTE = 1_000_000
DEADLINE = 1.0
PLAIN = [Claim("x+y", r"\boxed{y+x}"), Claim("3", r"\boxed{3}", protocol="official")]

HOSTILE = {
    "power tower": "9^{9^{9^{9^{9}}}}",
    "power tower, starred": "9**9**9**9",
    "large power": "2^{10^{12}} - 2^{10^{12}}",
    "million digits": "7" * MEGABYTE,
    "million digits squared": "(" + "7" * MEGABYTE + ")^2",
    "factorials": "((100000!)!)!",
    "large binomial": r"\binom{10^9}{5\cdot 10^8}",
    "large sum": r"\sum_{k=1}^{10^{12}} \frac{1}{k}",
    "nested parentheses": "(" * 10_000 + "1" + ")" * 10_000,
    "nested fractions": r"\frac{1}{" * 10_000 + "2" + "}" * 10_000,
    "nested roots": r"\sqrt{" * 10_000 + "2" + "}" * 10_000,
    "nested braces, open": "{" * 10_000,
    "nested absolute values": "|" * 10_000 + "x",
    "huge matrix": r"\begin{pmatrix}" + r"\\".join("&".join(["1"] * 300) for _ in range(300)) + r"\end{pmatrix}",
    "long list": ",".join(str(n) for n in range(20_000)),
    "long product": "(x+1)" * 400,
    "expansion": "(x+y+z+w)^{500}",
    "spaces": " " * MEGABYTE + "x",
    "backslashes": "\\" * 100_000,
    "dollars": "$" * 100_000,
    "minus signs": "-" * 50_000 + "1",
    "dots and digits": "1." * 50_000,
    "commas and digits": "1,000" * 50_000,
    "text macros": r"\text{" * 5_000,
    "NUL": "1\0002",
    "lone surrogates": "\ud800\udfff 3",
    "direction marks": "\u202e3\u202c",
    "combining marks": "3" + "\u0301" * 100_000,
    "exponent": "1e999999999",
    "unicode digits": "\u0663" * 1000,
}
REGEX = {
    "answer tags": "<answer>" * 50_000,
    "closing tags": "</answer>" * 50_000,
    "half a tag": "<answer" * 50_000,
    "boxes": r"\boxed{" * 50_000,
    "empty boxes": r"\boxed{}" * 50_000,
    "phrases": "the answer is " * 50_000,
    "phrases without end": "the answer " * 50_000,
    "thoughts": "<think>" * 50_000 + "</think>" * 50_000,
    "stars": "**" * 100_000,
    "newlines": "\n" * 500_000,
    "numbers": "1 2.5 3/4 " * 20_000,
    "10 MB": "so we go on and on. " * 500_000,
    "10 MB with an answer": "x = 1\n" * 1_600_000 + r"\boxed{x+1}",
    "10 MB tagged": "<answer>" + "9" * 10 * MEGABYTE + "</answer>",
    "10 MB of NUL": "\0" * 10 * MEGABYTE,
}


@pytest.fixture(scope="module")
def pool():
    with VerifierPool(2, timeout=DEADLINE, memory_mb=512) as pool:
        yield pool


@pytest.fixture(scope="module")
def under_way(pool):
    """Every hostile item, each followed by a plain one of its own, all submitted at once; each test awaits its own."""
    claims = {("gold", name): Claim(text, r"\boxed{x+5}") for name, text in HOSTILE.items()}
    for protocol in ("ampo", "official"):
        for name, text in HOSTILE.items():
            claims[protocol, name] = Claim("5", rf"\boxed{{{text}}}", protocol=protocol)
    for name in ("boxes", "numbers", "10 MB", "10 MB with an answer"):
        claims["official response", name] = Claim("x+5", REGEX[name], protocol="official")
    return {
        key: (pool.submit(claim), pool.submit(Claim(f"x+{n}y", rf"\boxed{{{n}y+x}}")))
        for n, (key, claim) in enumerate(claims.items(), 2)
    }


def outcome(under_way, *key: str) -> str:
    """What became of a hostile item within its deadline, where the plain one after it came out right."""
    hostile, plain = (future.result(300) for future in under_way[key])
    assert plain.outcome == "correct"
    assert hostile.outcome in OUTCOMES
    assert hostile.seconds <= DEADLINE + 0.5
    return hostile.outcome


def check(pool: VerifierPool, claims: list[Claim]) -> list[str]:
    """Outcomes of the claims, judged between plain ones that must come out right."""
    futures = [pool.submit(claim) for claim in (*claims, *PLAIN)]
    verdicts = [future.result(300) for future in futures]
    outcomes = [verdict.outcome for verdict in verdicts]
    assert outcomes[-2:] == ["correct", "correct"]
    assert set(outcomes) <= set(OUTCOMES)
    assert max(verdict.seconds for verdict in verdicts) <= DEADLINE + 0.5
    return outcomes[:-2]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("protocol", ["ampo", "official"])
def test_hostile_answer(under_way, name, protocol):
    assert outcome(under_way, protocol, name) != "correct"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_gold(under_way, name):
    assert outcome(under_way, "gold", name) != "correct"


@pytest.mark.parametrize("name", ["boxes", "numbers", "10 MB", "10 MB with an answer"])
def test_hostile_response_official(under_way, name):
    outcome(under_way, "official response", name)


@pytest.mark.parametrize("name", REGEX)
def test_hostile_response(pool, name):
    assert check(pool, [Claim("x+5", REGEX[name])]) != ["correct"]


_REPEATED = ["(", "[", "{", "=", "5", "²", " ,", r"\boxed{", "<b>", "find $x$, "]


@pytest.mark.parametrize(
    "question", ["A) x" + " " * 19_900 + "y", *(part * (20_000 // len(part)) for part in _REPEATED)]
)
def test_hostile_question_is_read_in_linear_time(question):
    """In the caller's process, which has no deadline."""
    start = time.process_time()
    assert quick(Claim("45", "<answer>6*7</answer>", question=question)) is None
    assert time.process_time() - start < 1.0


def test_hostile_comparisons(pool):
    answers = ["x+1", *(HOSTILE[name] for name in ("power tower", "nested parentheses", "expansion", "NUL")), "1+x"]
    classes = pool.classes(answers)
    assert classes[0] == classes[-1] == 0
    assert len(set(classes)) == 5


def test_memory_is_bounded():
    """Numbers that would take tens of gigabytes: the worker never holds more than its limit."""
    with VerifierPool(1, timeout=2.0, memory_mb=300) as pool:
        pool.verify_many(PLAIN)
        (pid,) = pool.pids
        with open(f"/proc/{pid}/limits") as limits:
            line = next(line for line in limits if line.startswith("Max address space"))
        assert line.split()[3] == str(300 << 20)
        verdict = pool.submit(Claim("5", r"\boxed{3^{10^{11}} + 1}", protocol="official")).result(60)
        assert verdict.outcome in ("wrong", "timeout", "no_answer")
        assert pool.verify_many(PLAIN)[1].correct


GREEDY = [  # more than 300 MiB, in a second or two
    Claim("5", r"\boxed{2^{4000000000}}", protocol="official"),
    Claim("2^{10^{10}} + 1", r"\boxed{7}", protocol="official"),
]


def test_out_of_memory_is_no_verdict():
    """A worker that meets its limit is replaced, its item tried once more and then counted; the others go on."""
    others = [Claim(f"x+{n}", rf"\boxed{{{n}+x}}") for n in range(8)]
    with VerifierPool(1, timeout=30.0, memory_mb=300) as pool:
        pool.verify_many(PLAIN)
        (first,) = pool.pids
        verdicts = pool.verify_many([*others[:4], *GREEDY, *others[4:]])
        counters = pool.counters
        assert first not in pool.pids
    greedy = verdicts[4:6]
    assert [v.outcome for v in greedy] == ["timeout", "timeout"]
    assert all("out of memory" in v.reason for v in greedy)
    assert all(v.correct for v in verdicts[:4] + verdicts[6:])
    assert (counters.lost, counters.retries, counters.restarts) == (2, 2, 4)


def test_sympy_running_out_of_memory_is_no_verdict(monkeypatch):
    """Protocol `ampo`: its symbolic engine may fail at anything else, and then nothing is shown equal."""
    import sympy

    from ampo.verify.formula import symbolic

    def fail(error):
        def simplify(_):
            raise error

        monkeypatch.setattr(sympy, "simplify", simplify)
        return symbolic.same(r"\int_0^1 x dx + y", r"\frac{1}{2} + y")

    assert fail(AttributeError()) is False
    with pytest.raises(MemoryError):
        fail(MemoryError())


PAYLOADS = [
    "__import__('os').system('touch {canary}')",
    '__import__("os").system("touch {canary}")',
    "open('{canary}','w').write('x')",
    "exec(\"open('{canary}','w')\")",
    "eval(compile(\"open('{canary}','w')\",'','exec'))",
    "().__class__.__base__.__subclasses__()[0].__init__.__globals__['sys'].modules['os'].system('touch {canary}')",
    "(lambda: open('{canary}','w'))()",
    "[x for x in [open('{canary}','w')]][0]",
    "f(1).__class__ + open('{canary}','w')",
    "Symbol('x'); open('{canary}','w')",
    "1+open('{canary}','w').close()",
    "sympify(\"open('{canary}','w')\")",
    "@__import__('os').mkdir('{canary}')",
]
WRAPPINGS = [
    "{}",
    r"\text{{{}}}",
    r"\mathrm{{{}}}",
    r"\operatorname{{{}}}",
    "${}$",
    "x = {}",
    r"\frac{{{}}}{{2}}",
    "[{}, 3]",
    r"\left\{{ {} \right\}}",
    "3 {}",
    "({})%",
    r"\begin{{pmatrix}} {} \end{{pmatrix}}",
]


def test_no_code_is_run(tmp_path):
    """Every payload in every wrapping, as answer, as gold, as option and as question, under both protocols."""
    canary = tmp_path / "canary"
    texts = [w.format(p.format(canary=canary)) for p in PAYLOADS for w in WRAPPINGS]
    claims = []
    for text in texts:
        for protocol in ("ampo", "official"):
            claims += [
                Claim("5", f"<answer>{text}</answer>", protocol),
                Claim(text, "<answer>5x</answer>", protocol),
                Claim("5", f"The final answer is {text}", protocol),
            ]
        claims.append(Claim("A", text, options=(text, "no"), question=text, kind="choice"))
        claims.append(Claim("x+1", f"<answer>{text}</answer>", question=text))
    with VerifierPool(2, timeout=DEADLINE) as pool:
        outcomes = [verdict.outcome for verdict in pool.verify_many(claims)]
        pool.classes([*texts[:12], "5"])
    assert set(outcomes) <= set(OUTCOMES)
    assert not canary.exists()


def test_the_canary_would_be_seen(tmp_path):
    """The payloads work where something evaluates them, so that their silence above means something."""
    canary = tmp_path / "canary"
    eval(PAYLOADS[2].format(canary=canary))
    assert canary.exists()


def test_odd_text_travels_whole():
    for text in ("a\0b", "\ud800", "\udfff\ud800", "\u202e", "\x1b[31m"):
        assert verify("5", f"<answer>{text}</answer>").outcome in ("wrong", "no_answer")
        assert verify("5", rf"{text} \boxed{{5}}", protocol="official").outcome == "correct"
