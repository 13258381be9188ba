"""No pattern that runs in the caller's process is worse than linear on the text that a model writes.

Extraction and the cheap rules run where no deadline and no worker protects the caller, with the interpreter's lock
held. Every pattern of their modules is tried on its own worst strings (`patterns.worst`), of 400 and of 3,000
characters, and by processor time, so that a busy machine changes nothing. What they read has been through `squeeze`,
so runs of white space are short.
"""

from __future__ import annotations

import importlib.util
import pkgutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import ampo.verify.find
from ampo.verify import VerifierPool
from ampo.verify.crew.tasks import same_at_once
from ampo.verify.text.squeeze import LONGEST, squeeze

_spec = importlib.util.spec_from_file_location("attack_patterns", Path(__file__).with_name("patterns.py"))
assert _spec
assert _spec.loader
patterns = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = patterns
_spec.loader.exec_module(patterns)

MODULES = [
    "ampo.prompts",
    "ampo.verify.references",
    *(f"ampo.verify.find.{module.name}" for module in pkgutil.iter_modules(ampo.verify.find.__path__)),
    "ampo.verify.formula.rationals",
    "ampo.verify.kinds.choice",
    "ampo.verify.question.contradiction",
    "ampo.verify.question.own_arithmetic",
    "ampo.verify.question.phrase_sentence",
    "ampo.verify.text.languages",
    "ampo.verify.text.normalise",
    "ampo.verify.text.phrases",
    "ampo.verify.text.unicode",
]
BOUNDED = {
    "ampo.verify.find.formula_around": {"_RUN_BEFORE"},
    "ampo.verify.find.last_sentence": {"_STATES", "_NAMED", "_CHAIN", "_CHAIN_OF_FORMULAS", "_OF_MONEY"},
    "ampo.verify.find.sole_value": {"_LEADS_TO", "_AGAINST", "_PLANS", "_MEASURING", "_IS_PART", "_CARRIED_OUT"},
    "ampo.verify.find.told": {"_MATHEMATICS", "_UNIT"},
}
"""Asked of a sentence or a neighbourhood that has been measured: at most some 400 characters."""
TINY, SHORT, LONG = 20, 400, 3000
_NOISE = 0.004  # seconds of processor time for 3,000 characters: a quadratic pattern takes from 50 ms on
_CUBIC = 0.03  # seconds for 400: linear takes some 10 microseconds, quadratic 2 to 12 milliseconds
_GROWTH = 20  # from 400 to 3,000 characters; linear is 7.5, quadratic 56


def seconds(found, text: str) -> float:
    text = squeeze(text)
    start = time.thread_time()
    found.run(text)
    return time.thread_time() - start


def is_slow(found, bounded: bool = False) -> bool:
    """bounded: it is asked of short texts alone."""
    if any(seconds(found, text) > _CUBIC for text in patterns.worst(found.pattern, TINY)):
        return True  # exponential: not to be tried with more
    for short, long in zip(patterns.worst(found.pattern, SHORT), patterns.worst(found.pattern, LONG), strict=True):
        before = seconds(found, short)
        if before > _CUBIC:  # not to be tried with more
            return True
        if bounded:
            continue
        if before * (LONG / SHORT) ** 1.5 < _NOISE and seconds(found, long) < _NOISE:
            continue
        after = min(seconds(found, long) for _ in range(3))
        if after > _NOISE and after > _GROWTH * min(seconds(found, short) for _ in range(3)):
            return True
    return False


@pytest.mark.parametrize("module", MODULES)
def test_the_patterns_of_the_callers_process_are_linear(module: str) -> None:
    short = BOUNDED.get(module, set())
    slow = [f"{f.where} {f.pattern.pattern}" for f in patterns.patterns(module) if is_slow(f, f.name in short)]
    assert slow == []


def test_runs_of_white_space_are_short_and_lines_stay_lines() -> None:
    assert squeeze("a" + " " * 3000 + "b" + "\n" * 3000 + "c \n d") == "a b\n\nc \n d"
    assert squeeze("a" + " " * LONGEST + "b") == "a" + " " * LONGEST + "b"


def test_the_scanner_finds_what_is_worse() -> None:
    for text in (r"(a+)+b", r"a+$"):
        assert is_slow(patterns.Found("here", "", patterns.re.compile(text), frozenset({"search"}))), text
    for text in (r"a*+\(?a*+x", r"(?<!a)a++$", r"[a-z]{1,30}\d"):
        assert not is_slow(patterns.Found("here", "", patterns.re.compile(text), frozenset({"match"}))), text


@pytest.fixture(scope="module")
def pool() -> Iterator[VerifierPool]:
    with VerifierPool(workers=1) as pool:
        yield pool


LONG_ANSWERS = ["A" + " " * 1600 + "1", "A" + "\n" * 2900 + "1", "(" + " \n" * 1400 + "A", "\\text" * 580]


@pytest.mark.parametrize("long", LONG_ANSWERS)
def test_grouping_answers_takes_the_caller_no_time(pool: VerifierPool, long: str) -> None:
    start = time.thread_time()
    same_at_once(long, "2", "auto", (), "")
    assert time.thread_time() - start < 1
    assert pool.classes([long, "2"]) == [0, 1]
