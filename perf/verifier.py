"""The verifier's speed and judgement against Math-Verify's, on the same responses in one run.

    python perf/verifier.py [--samples 4] [--workers 2] [--seed 0]

The mix, in three equal groups. Every response is made here from a seed, with its truth known by construction; where
AMPO_DATA_DIR is set, half of the long group are real solutions of four models to school problems, graded by their
authors (../guidance/gsm8k_four_models.jsonl).

- short: a sentence with the answer. The gold's kind goes round: integer, fraction, decimal, radical, polynomial, tuple,
  set, interval, equation, percent, power of ten, text. Half of the answers are right, in another spelling where the
  kind has one; half are near misses.
- long: a derivation of 2,000 to 6,000 characters, with the same answers boxed at its end; or a real solution.
- truncated: 24,000 characters of derivation without an answer, cut off by the token limit.

Each problem is answered `--samples` times, as in avg@k, so equal answers recur.

Math-Verify is called as its README shows, one response after the other: parse the gold, parse the response, verify,
with its own time-outs. It is one process; ours are two workers beside this one, on the same two cores. Both are
warm. What
Math-Verify judges rightly is counted with its own default on what a response's answer is; no prompt was adapted.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ampo.verify import Claim, VerifierPool

TRUNCATED = 24_000  # characters


class Item(NamedTuple):
    claim: Claim
    truth: bool


class Result(NamedTuple):
    seconds: float
    right: int  # judgements that agree with the truth
    false_accepts: int


# A kind: from two small distinct numbers, the gold, right spellings, wrong answers.
Kind = Callable[[int, int], tuple[str, list[str], list[str]]]
KINDS: dict[str, Kind] = {
    "integer": lambda a, b: (str(a * b), [f"{a * b}", f"{a * b}.0"], [str(a * b + 1), str(-a * b)]),
    "fraction": lambda a, b: (
        rf"\frac{{{a}}}{{{a + b}}}",
        [f"{a}/{a + b}", rf"\dfrac{{{2 * a}}}{{{2 * (a + b)}}}"],
        [f"{a}/{b}"],
    ),
    "decimal": lambda a, b: (f"{a}.{b:02d}", [f"{a}.{b:02d}", rf"\frac{{{a}{b:02d}}}{{100}}"], [f"{a}.{b + 1:02d}"]),
    "radical": lambda a, b: (
        rf"{a}\sqrt{{{b}}}",
        [rf"\sqrt{{{a * a * b}}}", rf"{a}\sqrt{{{b}}}"],
        [rf"{b + 1}\sqrt{{{a}}}"],
    ),
    "polynomial": lambda a, b: (
        rf"x^2+{a + b}x+{a * b}",
        [f"(x+{a})(x+{b})", f"{a * b}+{a + b}x+x^2"],
        [f"(x+{a})(x-{b})"],
    ),
    "tuple": lambda a, b: (f"({a}, {b})", [f"({a},{b})", rf"\left({a}, {b}\right)"], [f"({b}, {a})"]),
    "set": lambda a, b: (
        rf"\{{{a}, {b}\}}",
        [rf"\{{{b}, {a}\}}", rf"\{{{a},{b}\}}"],
        [rf"\{{{a}\}}", rf"\{{{a}, {b}, 0\}}"],
    ),
    "interval": lambda a, b: (f"[{-a}, {b})", [rf"\left[-{a},{b}\right)", rf"-{a} \le x < {b}"], [f"({-a}, {b})"]),
    "equation": lambda a, b: (f"y = {a}x + {b}", [f"y={b}+{a}x", f"{a}x - y + {b} = 0"], [f"y = {b + 1}x + {a}"]),
    "percent": lambda a, b: (rf"{a + b}\%", [f"{a + b}%", rf"{a + b}\%"], [rf"{a + b + 1}\%"]),
    "power of ten": lambda a, b: (
        f"{a}.5e{b}",
        [rf"{a}.5 \times 10^{{{b}}}", f"{a}.5e{b}"],
        [rf"{a}.5 \times 10^{{{b + 1}}}"],
    ),
    "text": lambda a, b: (
        rf"\text{{{'even' if (a + b) % 2 else 'odd'}}}",
        ["even" if (a + b) % 2 else "odd"],
        ["odd" if (a + b) % 2 else "even"],
    ),
}

STEPS = (
    "Let us set $u_{{{a}}} = {b}x + {c}$, so that $u_{{{a}}}^2 = {b2}x^2 + {bc}x + {c2}$.",
    "Expanding, we get \\[ (x + {a})(x + {b}) = x^2 + {ab}x + {axb}. \\]",
    "Since ${a} + {b} = {ab}$ and ${a} \\cdot {b} = {axb}$, the ratio is $\\frac{{{a}}}{{{b}}}$.",
    "Wait, that is not right: I should divide by {c} rather than by {a}, which leaves {b} of them.",
    "Therefore $\\sqrt{{{c2}}} = {c}$, and the remaining sum is $\\sum_{{k=1}}^{{{a}}} (k + {b})$.",
    "Now consider the case n = {a}. We need {b} more than {c}, that is {bc} in all.",
)


def derivation(rng: random.Random, length: int) -> str:
    """About `length` characters of working, without an answer."""
    parts: list[str] = []
    while sum(map(len, parts)) + len(parts) < length:
        a, b, c = (rng.randint(2, 97) for _ in range(3))
        parts.append(rng.choice(STEPS).format(a=a, b=b, c=c, b2=b * b, bc=b * c, c2=c * c, ab=a + b, axb=a * b))
    return "\n".join(parts)[:length]


def answers(rng: random.Random, count: int, samples: int) -> list[tuple[str, str, bool]]:
    """(gold, answer, truth), kind after kind, `samples` of each problem."""
    made: list[tuple[str, str, bool]] = []
    kinds = list(KINDS.values())
    while len(made) < count:
        a, b = rng.sample(range(2, 60), 2)
        gold, right, wrong = kinds[len(made) // samples % len(kinds)](a, b)
        for _ in range(samples):
            truth = rng.random() < 0.5
            made.append((gold, rng.choice(right if truth else wrong), truth))
    return made[:count]


def short(rng: random.Random, count: int, samples: int) -> list[Item]:
    return [Item(Claim(g, rf"So the final answer is $\boxed{{{a}}}$."), t) for g, a, t in answers(rng, count, samples)]


def long(rng: random.Random, count: int, samples: int) -> list[Item]:
    items = real(rng, count // 2)
    for gold, answer, truth in answers(rng, count - len(items), samples):
        text = derivation(rng, rng.randint(2000, 6000))
        items.append(Item(Claim(gold, f"{text}\n\nThe final answer is $\\boxed{{{answer}}}$."), truth))
    return items


def real(rng: random.Random, count: int) -> list[Item]:
    """Graded solutions of real models, whole problems at a time; none where the file isn't there."""
    path = Path(os.environ.get("AMPO_DATA_DIR", "/nonexistent")).parent / "guidance" / "gsm8k_four_models.jsonl"
    if not path.is_file():
        return []
    problems = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rng.shuffle(problems)
    items = [
        Item(Claim(p["answer"], s["content"], question=p["question"]), s["is_correct"])
        for p in problems
        for s in p["solutions"]
    ]
    return items[:count]


def truncated(rng: random.Random, count: int, samples: int) -> list[Item]:
    return [
        Item(Claim(gold, derivation(rng, TRUNCATED), finish_reason="length"), False)
        for gold, _, _ in answers(rng, count, samples)
    ]


def math_verify(items: list[Item]) -> list[bool]:
    from math_verify import parse, verify

    return [verify(parse(f"${i.claim.gold}$"), parse(i.claim.response)) for i in items]


def measure(items: list[Item], judge: Callable[[list[Item]], list[bool]]) -> Result:
    start = time.perf_counter()
    said = judge(items)
    seconds = time.perf_counter() - start
    pairs = list(zip(said, items, strict=True))
    return Result(seconds, sum(s == i.truth for s, i in pairs), sum(s and not i.truth for s, i in pairs))


def total(results: list[Result]) -> Result:
    return Result(*(sum(column) for column in zip(*results, strict=True)))


def row(name: str, count: int, theirs: Result, ours: Result) -> str:
    return (
        f"{name:<10} {count:>6} {count / theirs.seconds:>12.1f} {count / ours.seconds:>10.1f} "
        f"{theirs.seconds / ours.seconds:>7.1f}x {theirs.right / count:>13.1%} {ours.right / count:>9.1%} "
        f"{theirs.false_accepts:>14} {ours.false_accepts:>9}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="The verifier's speed and judgement against Math-Verify's.")
    parser.add_argument("--count", type=int, default=480, help="responses in each group")
    parser.add_argument("--samples", type=int, default=4, help="responses to each problem")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    logging.disable(logging.WARNING)  # Math-Verify's remarks on its time-outs
    groups = {
        make.__name__: make(random.Random(args.seed), args.count, args.samples) for make in (short, long, truncated)
    }
    print(
        f"{args.count} responses a group, {args.samples} a problem, seed {args.seed}; {len(KINDS)} kinds of gold; ",
        end="",
    )
    print(
        f"mean length {', '.join(f'{n} {sum(len(i.claim.response) for i in g) // len(g)}' for n, g in groups.items())}"
    )
    heads = "group       items  Math-Verify/s     ours/s   ratio  agrees: theirs      ours  false accepts:      ours"
    print(heads)
    math_verify([Item(Claim("1/2", r"\boxed{0.5}"), True)])
    rows: list[tuple[int, Result, Result]] = []
    with VerifierPool(args.workers) as pool:
        pool.verify_many([Claim(f"x+{n}", r"\boxed{y+z}", "official") for n in range(8)])  # the workers are up
        for name, items in groups.items():
            theirs = measure(items, math_verify)
            ours = measure(items, lambda some: [v.correct for v in pool.verify_many([i.claim for i in some])])
            rows.append((len(items), theirs, ours))
            print(row(name, *rows[-1]))
        counts, theirs, ours = zip(*rows, strict=True)
        rows.append((sum(counts), total(list(theirs)), total(list(ours))))
        print(row("mix", *rows[-1]))
        for name, (_, of_theirs, of_ours) in zip((*groups, "mix"), rows, strict=True):
            ratio = of_theirs.seconds / of_ours.seconds
            print(f"ratio: verifier, {name} responses: speed | Math-Verify, one after the other | {ratio:.0f}")
        print(pool.counters)


if __name__ == "__main__":
    main()
