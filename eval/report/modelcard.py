"""The `model-index` of a model card: what the hub reads results from.

Form: https://github.com/huggingface/hub-docs/blob/main/modelcard.md. Values are in percent, of the run's main
protocol; what was measured (samples, sampling, protocol, interval, a part of the set) stands in the metric's name,
which is what the hub shows beside the value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ampo.eval.report.figures import pass_at_most, percent, samples
from ampo.eval.report.source import Against, Shown
from ampo.eval.suites import SUITES, Benchmark, catalogue


def model_index(runs: Sequence[Shown], _: Against) -> str:
    """YAML for the head of a model card, between its `---` lines. Printed figures are left out: they aren't ours."""
    known = {benchmark.name: benchmark for benchmark in catalogue()}
    index = [{"name": run.model.rpartition("/")[2], "results": list(_results(run, known))} for run in runs]
    return "".join(_yaml({"model-index": index}))


def _results(run: Shown, known: Mapping[str, Benchmark]) -> Iterator[dict[str, Any]]:
    scored = {name: stats for name, stats in run.metrics["benchmarks"].items() if "avg_at_k" in stats}
    for name, stats in scored.items():
        benchmark = known.get(name)
        yield {
            "task": {"type": "text-generation", "name": _task(name, benchmark)},
            "dataset": _dataset(name, benchmark),
            "metrics": list(_metrics(name, stats, run, benchmark)),
        }


def _task(name: str, benchmark: Benchmark | None) -> str:
    if benchmark is None:
        return "Question answering"
    return "Multiple-choice questions" if name in SUITES["ood"] else "Mathematical reasoning"


def _dataset(name: str, benchmark: Benchmark | None) -> dict[str, Any]:
    """type: the hub's id where the set is on the hub."""
    if benchmark is None or benchmark.source is None:
        return {"type": name, "name": (benchmark.title if benchmark else "") or name}
    found = {
        "type": benchmark.source,
        "name": benchmark.title or name,
        "config": benchmark.config,
        "split": benchmark.split,
        "revision": benchmark.revision,
    }
    return {key: value for key, value in found.items() if value}


def _metrics(name: str, stats: Mapping[str, Any], run: Shown, benchmark: Benchmark | None) -> Iterator[dict[str, Any]]:
    k, most_samples = stats.get("samples_per_problem", (1, 1))
    averaged = f"avg@{k}" if k == most_samples else f"avg over {samples(stats)} samples"
    averaged += ", adaptive" if "adaptive" in stats else ""
    how = _how(name, stats, run, benchmark)
    ci95 = stats.get("ci95")
    between = f", 95 % interval {' to '.join(map(percent, ci95))}" if ci95 else ""
    yield {"type": "accuracy", "value": round(100 * stats["avg_at_k"], 2), "name": f"{averaged}{between}{how}"}
    most = pass_at_most(stats)
    if k > 1 and most is not None:
        yield {"type": "pass@k", "value": round(100 * most, 2), "name": f"pass@{k}{how}"}


def _how(name: str, stats: Mapping[str, Any], run: Shown, benchmark: Benchmark | None) -> str:
    sampling = run.config.get("benchmarks", {}).get(name, {}).get("sampling", {})
    parts = [f"{key} {sampling[key]}" for key in ("temperature", "top_p", "max_tokens") if key in sampling]
    whole = benchmark.n_problems if benchmark else None
    if whole and stats.get("n_problems", whole) != whole:
        parts.append(f"{stats['n_problems']} of {whole} problems only")
    return "".join(f", {part}" for part in [*parts, f"protocol {run.metrics.get('protocol', 'ampo')}"])


def _yaml(value: Any, indent: int = 0) -> Iterator[str]:
    """Block YAML of maps, lists, strings and numbers. A string in JSON's quotes is one in YAML's."""
    items = value.items() if isinstance(value, dict) else (("-", item) for item in value)
    for key, item in items:
        head = f"{' ' * indent}{key}{'' if key == '-' else ':'}"
        if not isinstance(item, dict | list):
            yield f"{head} {json.dumps(item, ensure_ascii=False)}\n"
        elif key == "-":
            first, *rest = _yaml(item, indent + 2)
            yield from (f"{head} {first.lstrip()}", *rest)
        else:
            yield from (f"{head}\n", *_yaml(item, indent + 2))
