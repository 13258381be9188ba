"""What a start is like before any arm: how rarely the student begins to work, and what it can do either way."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

from ampo.study import comprehension, task
from ampo.study.design import Size, problems
from ampo.study.sampling import right_by_level, sample
from ampo.study.student import prompt_ids
from ampo.study.warm_start import loaded
from ampo.study.watch import Probe, probabilities
from ampo.types import Problem
from ampo.verify import VerifierPool


def probe(tokenizer: Any, split: list[Problem]) -> Probe:
    """The problems with the token that work begins with: the first digit of the first number."""
    return [(prompt_ids(tokenizer, p), tuple(tokenizer(p.question[0])["input_ids"])) for p in split]


def measure(folder: Path, size: Size) -> dict[str, Any]:
    """A start's figures.

    begins: the probability of beginning, exact, of each probe problem. test: right responses by problem, as an arm's
    result has them. at_once: by level, responses that answered at once and the right ones among them. begun: by
    level, responses after the first digit of work and the right ones. all_fail: share of training groups that would
    have no right response, from groups of n of the probe problems. teachers: see `comprehension`.
    """
    student, split, limit = loaded(folder), problems(size), size.training.max_tokens
    with VerifierPool(workers=1, eager=False) as verifier:
        test = sample(student, split["test"], size.test.samples, limit, verifier, begun=False)
        begun = sample(student, split["test"], size.test.samples, limit, verifier, begun=True)
        groups = sample(student, split["probe"], size.training.n, limit, verifier, begun=False)
    levels = [problem.benchmark for problem in split["test"]]
    none = [not any(right) for right in _by_problem(groups, len(split["probe"]))]
    return {
        "begins": [float(f"{p:.4g}") for p in probabilities(student.model, probe(student.tokenizer, split["probe"]))],
        "test": right_by_level(test, split["test"]),
        "samples": size.test.samples,
        "at_once": {name: _count(test, levels, name, worked=False) for name in task.LEVELS},
        "begun": {name: _count(begun, levels, name, worked=True) for name in task.LEVELS},
        "begun_right": right_by_level(begun, split["test"]),
        "all_fail": fmean(none),
        "groups": len(none),
        "teachers": comprehension.of_teachers(student.model, student.tokenizer, split["probe"]),
        "parameters": sum(weights.numel() for weights in student.model.parameters()),
    }


def _by_problem(found: Any, n: int) -> list[list[bool]]:
    right: list[list[bool]] = [[] for _ in range(n)]
    for one in found:
        right[one.problem].append(one.right)
    return right


def _count(found: Any, levels: list[str], level: str, *, worked: bool) -> list[int]:
    """[responses, right ones] of a level that worked, or did not."""
    rows = [one for one in found if levels[one.problem] == level and one.worked is worked]
    return [len(rows), sum(one.right for one in rows)]
