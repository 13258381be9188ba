"""How a run's answers are found: what its record says of that, and taking a benchmark's present way in its place.

An extraction is a part of each problem (`ampo.verify.find.own`), so problems.jsonl has it; config.toml sums it up, with
a digest of the code of functions, so that verdicts are never by two extractions and a resumed run is by its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ampo.errors import UserError, nearest
from ampo.eval.rundir import RunDir
from ampo.eval.suites import Benchmark
from ampo.types import Problem
from ampo.verify.find.own import code, usable

_KEYS = ("extract", "extract_sha256")


def described(problems: Iterable[Problem]) -> dict[str, Any]:
    """What config.toml says of it: the rules, and a digest of their code where they are functions; {} where the
    verifier finds the answers its own way.
    """
    rules = sorted({problem.extract for problem in problems} - {""})
    found = "".join(map(code, rules))
    return {
        **({"extract": rules} if rules else {}),
        **({"extract_sha256": hashlib.sha256(found.encode()).hexdigest()} if found else {}),
    }


def present(run: RunDir, benchmarks: Sequence[Benchmark]) -> dict[str, Problem]:
    """The run's problems by id, those of the benchmarks given with their present extraction.

    Raises:
        UserError: A benchmark that the run doesn't have, or an extraction that can't be had.
    """
    problems = run.read_problems()
    names = list(dict.fromkeys(problem.benchmark for problem in problems.values()))
    now = {benchmark.name: benchmark.extract for benchmark in benchmarks}
    if lost := next((name for name in now if name not in names), None):
        raise UserError(f"{run.path} has no benchmark {lost!r}: {nearest(lost, names, 'it')}")
    rules = {i: now.get(problem.benchmark, problem.extract) for i, problem in problems.items()}
    try:
        found = {rule: usable(rule) for rule in set(rules.values())}
    except UserError as error:
        raise UserError(
            f"{run.problems}: {error}. Put it back, or `ampo score {run.path} --suite FILE.toml` takes what the "
            "benchmark's file says now"
        ) from error
    return {i: replace(problem, extract=found[rules[i]]) for i, problem in problems.items()}


def is_another(run: RunDir, problems: Mapping[str, Problem]) -> bool:
    """Whether these problems' answers are found otherwise than the run's record says that its verdicts were."""
    return run.config.exists() and _recorded(run.read_config(), problems) != run.read_config()


def record(run: RunDir, problems: Mapping[str, Problem]) -> None:
    """Make the run's record say that its verdicts are by these problems' extraction."""
    if is_another(run, problems):
        run.write_problems(problems.values())
        run.write_config(_recorded(run.read_config(), problems))


def apart(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """The benchmarks of two runs' configs whose verdicts are by another extraction."""
    there, here = a.get("benchmarks", {}), b.get("benchmarks", {})
    return [name for name in there if name in here and any(there[name].get(k) != here[name].get(k) for k in _KEYS)]


def way_out(run: RunDir, changed: Iterable[str]) -> str:
    """What helps where a run is asked for with another extraction and all else is the same; else "".

    Args:
        run: Its folder.
        changed: The settings that differ, by their dotted names.
    """
    if not all(name.rpartition(".")[2] in _KEYS for name in changed):
        return ""
    return (
        f"`ampo score {run.path} --suite FILE.toml` judges what is there by the new one, then the same command goes on"
    )


def _recorded(config: Mapping[str, Any], problems: Mapping[str, Problem]) -> dict[str, Any]:
    """A run's config with these problems' extraction."""
    tasks = {
        name: {key: value for key, value in task.items() if key not in _KEYS}
        | described(p for p in problems.values() if p.benchmark == name)
        for name, task in config.get("benchmarks", {}).items()
    }
    return {**config, **({"benchmarks": tasks} if tasks else {})}
