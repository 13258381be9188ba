"""A benchmark's figures from other harnesses' samples, in the shape of metrics.json as far as they tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ampo.eval.metrics import SCHEMA_VERSION, mean_of
from ampo.eval.stats import clustered_interval, pass_at_k, standard_error


class Sample(NamedTuple):
    """One sample, or several of which only the mean is known. score: in [0, 1]. tokens: of the response.

    answered, truncated: None where the harness doesn't tell.
    """

    score: float
    tokens: float | None = None
    answered: bool | None = None
    truncated: bool | None = None
    n: int = 1


def benchmark(problems: Mapping[str, Sequence[Sample]]) -> dict[str, Any]:
    """n_problems, n_samples, samples_per_problem, avg_at_k, stderr and ci95; pass_at_k where every sample is right or
    wrong; no_answer_rate, truncated_rate and mean_completion_tokens where they are told. Problems weigh the same."""
    counts = [sum(sample.n for sample in samples) for samples in problems.values()]
    means = [float(np.mean([sample.score for sample in samples])) for samples in problems.values()]
    found = {
        "n_problems": len(problems),
        "n_samples": sum(counts),
        "samples_per_problem": [min(counts), max(counts)],
        "avg_at_k": float(np.mean(means)),
        "ci95": list(clustered_interval(means, sum(counts))),
        "stderr": standard_error(means),
    }
    rows = [sample for samples in problems.values() for sample in samples]
    if all(sample.n == 1 and sample.score in (0.0, 1.0) for sample in rows):
        found["pass_at_k"] = _pass_curve(problems, min(counts))
    told = {
        "no_answer_rate": [[None if s.answered is None else not s.answered for s in p] for p in problems.values()],
        "truncated_rate": [[s.truncated for s in p] for p in problems.values()],
        "mean_completion_tokens": [[s.tokens for s in p] for p in problems.values()],
    }
    return found | {
        name: float(np.mean([np.mean(values) for values in by_problem]))
        for name, by_problem in told.items()
        if not any(value is None for values in by_problem for value in values)
    }


def metrics(benchmarks: Mapping[str, dict[str, Any]], harness: str, model: str | None, **more: Any) -> dict[str, Any]:
    """The contents of a metrics.json.

    Args:
        benchmarks: The statistics of each. Each has its `metric`'s name; where it has no `metrics`, that one is all.
        harness: Who judged, which is its protocol's name too.
        model: Its name; None where nobody knows it.
        more: Further entries.
    """
    scored = list(benchmarks.values())
    for task, entry in benchmarks.items():
        entry |= {"task": task, "filter": harness}
        entry.setdefault("metrics", {})[entry["metric"]] = {"value": entry["avg_at_k"], "stderr": entry["stderr"]}
    average, ci95 = mean_of(scored)
    sizes = [entry["n_samples"] for entry in scored]
    return {
        "schema_version": SCHEMA_VERSION,
        "benchmarks": dict(benchmarks),
        "macro_avg": average,
        "macro_ci95": ci95,
        "micro_avg": float(np.average([entry["avg_at_k"] for entry in scored], weights=sizes)),
        "protocol": harness,
        "protocols": {},
        "harness": harness,
        "model": model,
        **more,
    }


def _pass_curve(problems: Mapping[str, Sequence[Sample]], top: int) -> dict[str, float]:
    counts = [(len(samples), sum(sample.score == 1.0 for sample in samples)) for samples in problems.values()]
    return {str(k): float(np.mean([pass_at_k(n, c, k) for n, c in counts])) for k in range(1, top + 1)}
