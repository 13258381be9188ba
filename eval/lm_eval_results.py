"""lm-eval's results files, read as far as they go into the shape of our metrics.json.

`results_<date>.json` has for each task values under "<metric>,<filter>" and standard errors under
"<metric>_stderr,<filter>". What our reports need and such a file doesn't say (lengths, verdicts) is left out.

Which metric is a task's score: the first it lists that is better when higher and lies in [0, 1]; lm-eval itself puts
none before the others. All of them stand under `metrics`. Intervals are made from lm-eval's standard errors, which are
those of the mean over problems, by the formula of our own (`ampo.eval.stats.interval_around`).

Our own tasks (`ampo_<benchmark>`) are named by their benchmark, and their filters are the protocols.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ampo.errors import UserError
from ampo.eval.metrics import SCHEMA_VERSION, mean_of
from ampo.eval.scores import RATES
from ampo.eval.stats import interval_around
from ampo.types import PROTOCOLS

_PLAIN = ("maj_at_k", *RATES, "mean_completion_tokens")


def find(path: Path) -> Path | None:
    """The results file that a path means: itself, or the newest below a folder. None where it is something else."""
    if path.is_file():
        return path if path.suffix == ".json" and path.name != "metrics.json" else None
    files = [*path.glob("results_*.json"), *path.glob("*/results_*.json")] if path.is_dir() else []
    return max(filter(Path.is_file, files), key=lambda file: file.name, default=None)  # the name ends in the date


def read(path: Path) -> dict[str, Any]:
    """The metrics of a results file, or of the newest in a folder.

    At the top: schema_version, benchmarks, macro_avg and macro_ci95 (over the benchmarks that have a score), micro_avg,
    protocol, and with them `harness`, `lm_eval_version`, `model`, `date`. A benchmark has what its task tells of
    n_problems, n_samples, samples_per_problem, avg_at_k, stderr, ci95, bounds, pass_at_k, maj_at_k and the rates, and
    besides `task`, `filter`, `metric` (which one avg_at_k is) and `metrics` (name -> value, stderr, higher_is_better).

    Raises UserError for a folder without a results file, and for a file that is broken or something else.
    """
    file = find(path)
    if file is None:
        raise UserError(f"{path} holds no results of lm-eval: give a results_<date>.json, or the folder with it")
    data = _load(file)
    summaries: dict[str, dict[str, Any]] = {}
    for protocol, name, entry in _entries(data):
        benchmarks = summaries.setdefault(protocol, {})
        benchmarks[name if name not in benchmarks else f"{name} ({entry['task']})"] = entry
    if not summaries:
        raise UserError(f"{file} holds no scores: did that run of lm-eval finish?")
    first = next((p for p in (*PROTOCOLS, "lm-eval") if p in summaries), "lm-eval")
    main = summaries.pop(first)
    for name, entry in summaries.pop("lm-eval", {}).items():
        main[name if name not in main else f"{name} ({entry['task']})"] = entry
    return {
        "schema_version": SCHEMA_VERSION,
        **_means(main),
        "protocol": first,
        "protocols": {protocol: _means(benchmarks) for protocol, benchmarks in summaries.items()},
        "harness": "lm-eval",
        "lm_eval_version": data.get("lm_eval_version"),
        "model": data.get("model_name") or _mapping(data, "config").get("model"),
        "date": data.get("date"),
    }


def _load(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file} is not valid JSON ({error}): is it whole?") from error
    results = data.get("results") if isinstance(data, dict) else None
    if not isinstance(results, dict) or not all(isinstance(row, dict) for row in results.values()):
        raise UserError(f"{file} is no results file of lm-eval: it has no `results` of tasks")
    return data


def _entries(data: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(protocol, name, entry) of each task and filter. Groups are left out: their tasks are there."""
    groups = {name for name, children in _mapping(data, "group_subtasks").items() if children}
    for task, row in data["results"].items():
        if task in groups:
            continue
        by_filter: dict[str, dict[str, Any]] = {}
        for key, value in row.items():
            metric, comma, name = key.partition(",")
            if comma and _number(value) is not None and not metric.endswith("_stderr"):
                better = _mapping(data, "higher_is_better", task).get(metric)
                error = _number(row.get(f"{metric}_stderr,{name}"))
                by_filter.setdefault(name, {})[metric] = {"value": value, "stderr": error, "higher_is_better": better}
        config = _mapping(data, "configs", task)
        ours = task.startswith("ampo_") and isinstance(config.get("dataset_name"), str)
        for name, metrics in by_filter.items():
            entry = {"task": task, "filter": name} | _entry(data, task, config, metrics, ours)
            if ours and name in PROTOCOLS:
                yield name, config["dataset_name"], entry
            else:
                yield "lm-eval", task if len(by_filter) == 1 else f"{task} ({name})", entry


def _entry(
    data: Mapping[str, Any], task: str, config: Mapping[str, Any], metrics: dict[str, Any], ours: bool
) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    n = _mapping(data, "n-samples", task).get("effective") or data["results"][task].get("sample_len")
    k = config.get("repeats", 1) if ours else 1  # other tasks read one sample of several
    if isinstance(n, int) and n > 0 and isinstance(k, int):
        entry |= {"n_problems": n, "n_samples": n * k, "samples_per_problem": [k, k]}
    score = next((name for name, m in metrics.items() if m["higher_is_better"] and 0 <= m["value"] <= 1), None)
    if score is not None:
        value, error = metrics[score]["value"], metrics[score]["stderr"]
        entry |= {"metric": score, "avg_at_k": float(value)}
        if error is not None and "n_problems" in entry:
            entry |= {"stderr": error, "ci95": list(interval_around(value, error, n, n * k))}
    if ours:
        entry |= {name: metrics[name]["value"] for name in _PLAIN if name in metrics}
        if "not_shown_rate" in entry and "avg_at_k" in entry:
            entry["bounds"] = [entry["avg_at_k"], min(1.0, entry["avg_at_k"] + entry["not_shown_rate"])]
        if "pass_at_k" in metrics and "n_samples" in entry:
            entry["pass_at_k"] = {str(k): metrics["pass_at_k"]["value"]}
    return entry | {"metrics": metrics}


def _means(benchmarks: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The averages: of a task that several filters read, the first filter's score, since all read the same answers."""
    scored = list({entry["task"]: entry for entry in reversed(benchmarks.values()) if "avg_at_k" in entry}.values())
    average, ci95 = mean_of(scored)
    sizes = [entry.get("n_samples", 0) for entry in scored]
    total = sum(entry["avg_at_k"] * n for entry, n in zip(scored, sizes, strict=True))
    return {
        "benchmarks": benchmarks,
        "macro_avg": average,
        "macro_ci95": ci95,
        "micro_avg": total / sum(sizes) if all(sizes) and sizes else None,
    }


def _mapping(data: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The object there, or an empty one."""
    found: Any = data
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _number(value: Any) -> float | None:
    """A finite number; None for anything else, "N/A" among it."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) else None
