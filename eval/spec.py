"""From what a user asks for (suites, a model, flags) to a `RunSpec`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ampo.eval.adaptive import Rule
from ampo.eval.data import load_problems
from ampo.eval.run import RunSpec, Task
from ampo.eval.suites import Benchmark
from ampo.prompts import Template, load_template
from ampo.types import Protocol, SamplingParams

PILOT = 4  # samples of each problem that an adaptive run starts from
PAPER_SAMPLING = SamplingParams(temperature=0.6, top_p=1.0, max_tokens=8192)  # the authors', as is the model card's


def build_spec(
    benchmarks: Sequence[Benchmark],
    model: str = "",
    *,
    revision: str | None = None,
    samples: int | None = None,
    limit: int | None = None,
    protocols: tuple[Protocol, ...] = ("ampo",),
    template: str | None = None,
    data_dir: Path | None = None,
    sampling: dict[str, Any] | None = None,
    seed: int | None = 0,
    rule: Rule | None = None,
) -> RunSpec:
    """Load the problems and fix every setting. What the user doesn't give is the benchmark's own, else the paper's.

    Args:
        benchmarks: What is asked.
        model: Its name; may be filled in later.
        revision: Of the model.
        samples: Of each problem; with a rule those to start from.
        limit: Only the first problems of each benchmark.
        protocols: By which responses are judged; the first one's figures are the run's.
        template: The prompt template's name, or FILE.toml#NAME.
        data_dir: A folder of offline copies of benchmarks.
        sampling: Parameters by name.
        seed: From which each sample has its own; None leaves it to chance.
        rule: When to stop sampling; None for a fixed number.

    Raises:
        UserError: An unknown template, or data that can't be loaded.
    """
    first = samples or (PILOT if rule else None)
    tasks = [_task(b, first, limit, template, data_dir, sampling or {}) for b in benchmarks]
    return RunSpec(model, tasks, revision=revision, seed=seed, protocols=protocols, rule=rule)


def asked(
    benchmark: Benchmark, samples: int | None, template: str | None, sampling: Mapping[str, Any]
) -> tuple[Template, SamplingParams]:
    """How a benchmark is asked: the template, and the sampling with the number of samples.

    Args:
        benchmark: Has its own template, sampling and number.
        samples: Of a problem; None takes the benchmark's own number, and 1 at temperature 0.
        template: The name of another template, or its file.
        sampling: Values that replace the benchmark's.
    """
    given = {**benchmark.sampling, **sampling}
    greedy = given.get("temperature") == 0
    params = replace(PAPER_SAMPLING, **given, n=samples or (1 if greedy else benchmark.samples))
    return load_template(template or benchmark.template), params


def _task(
    benchmark: Benchmark,
    samples: int | None,
    limit: int | None,
    template: str | None,
    data_dir: Path | None,
    sampling: Mapping[str, Any],
) -> Task:
    how, params = asked(benchmark, samples, template, sampling)
    problems = load_problems(benchmark, data_dir=data_dir, limit=limit)
    return Task(benchmark.name, problems, how, params)


def default_output_dir(names: Sequence[str], model: str) -> Path:
    """runs/<what was asked>-<model>: the same for the same question, so that the same command resumes."""
    name = "-".join([*(Path(name).stem for name in names), model])
    return Path("runs") / re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")
