"""lighteval's details, read as far as they go into the shape of our metrics.json; without lighteval.

`details/<model>/<date>/details_<task>_<date>.parquet` has a row a problem: `doc`, `model_response` with all samples,
`metric` with the problem's value of each metric. The score is the first metric whose values all lie in [0, 1]; a
problem's value counts as the mean of its samples, whose number the response tells. Where there are no tokens but their
numbers, as in our own exports, these are in `completion_tokens`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ampo.errors import UserError
from ampo.eval.sampled import Sample, benchmark, metrics
from ampo.parquet import pyarrow_for

HARNESS = "lighteval"
_DEPTH = 5  # folders from an output folder to the files: details, owner, model, date
_COLUMNS = "model_response", "metric"
_NAME = re.compile(r"details_(.+)_(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?)\.parquet")


def find(path: Path) -> list[Path]:
    """The details that a path means: itself, or the newest below a folder; none where it is something else."""
    if path.is_file():
        return [path] if _NAME.fullmatch(path.name) else []
    found = [file for depth in range(_DEPTH) for file in path.glob("*/" * depth + "details_*.parquet")]
    dated = [(match[2], file) for file in found if (match := _NAME.fullmatch(file.name)) and file.is_file()]
    newest = max((date for date, _ in dated), default=None)
    return sorted(file for date, file in dated if date == newest)


def read(path: Path) -> dict[str, Any]:
    """The metrics of a file of details, or of a folder's newest: see `ampo.eval.sampled`. With them `date`.

    Raises UserError for a file that is broken or something else.
    """
    files = find(path)
    if not files:
        raise UserError(f"{path} holds no details of lighteval")
    matches = [_NAME.fullmatch(file.name) for file in files]
    benchmarks = {match[1]: _benchmark(file) for match, file in zip(matches, files, strict=True) if match}
    return metrics(benchmarks, HARNESS, _model(files[0]), date=next(match[2] for match in matches if match))


def _model(file: Path) -> str | None:
    """The folders between `details` and the date."""
    parts = file.resolve().parts[:-2]
    return "/".join(parts[parts.index("details") + 1 :]) or None if "details" in parts else None


def _benchmark(file: Path) -> dict[str, Any]:
    rows = _rows(file)
    if not all(isinstance(row.get(name) or {}, Mapping) for row in rows for name in _COLUMNS):
        raise UserError(f"{file} is of another version of lighteval: {' and '.join(_COLUMNS)} are no structures in it")
    scores: list[Mapping[str, Any]] = [row.get("metric") or {} for row in rows]
    name = next((name for name in (scores[0] if scores else {}) if all(_share(s.get(name)) for s in scores)), None)
    if name is None:
        raise UserError(f"{file} holds no metric whose values lie in [0, 1]")
    rated = zip(rows, scores, strict=True)
    problems = {str(i): [_sample(row, float(score[name]))] for i, (row, score) in enumerate(rated)}
    every: dict[str, list[Any]] = {name: [score.get(name) for score in scores] for name in scores[0]}
    means = {name: sum(map(float, v)) / len(v) for name, v in every.items() if all(map(_share, v))}
    return benchmark(problems) | {
        "metric": name,
        "metrics": {n: {"value": value, "stderr": None} for n, value in means.items()},
    }


def _sample(row: Mapping[str, Any], score: float) -> Sample:
    response = row.get("model_response") or {}
    lengths = [len(ids) for ids in _list(response, "output_tokens") if isinstance(ids, Sequence)]
    counts = lengths or [n for n in _list(response, "completion_tokens") if isinstance(n, int)]
    mean = sum(counts) / len(counts) if any(counts) else None
    return Sample(score, mean, n=max(len(_list(response, "text")), 1))


def _list(row: Mapping[str, Any], name: str) -> list[Any]:
    found = row.get(name)
    return found if isinstance(found, list) else []


def _share(value: Any) -> bool:
    return isinstance(value, (bool, int, float)) and 0 <= value <= 1


def _rows(file: Path) -> list[dict[str, Any]]:
    pyarrow = pyarrow_for("reading details of lighteval")
    try:
        names = pyarrow.parquet.read_schema(file).names
        wanted = [name for name in _COLUMNS if name in names]
        return pyarrow.parquet.read_table(file, columns=wanted).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise UserError(f"cannot read {file} as Parquet ({error}): is it whole?") from error
