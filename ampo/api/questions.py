"""What `ampo.evaluate` takes for its problems: names, files, rows, tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ampo.errors import UserError
from ampo.types import Problem

if TYPE_CHECKING:
    from ampo.eval.suites import Benchmark

_FILES = (".jsonl", ".gz", ".json", ".csv", ".tsv", ".parquet")
_COLUMNS = ("question", "answer", "id", "options")


def benchmarks_of(given: Any, columns: Mapping[str, str] | None = None, name: str | None = None) -> list[Benchmark]:
    """The benchmarks that were asked for.

    Args:
        given: Names of suites and benchmarks, paths of TOML and of data files, one or several of these; or rows: dicts,
            `Problem`s, a `datasets.Dataset`, a DataFrame of pandas or polars, a table of pyarrow.
        columns: Which column is the "question", "answer", "id", "options". Default: by their usual names.
        name: What a data file or rows are called in the results. Default: the file's name, "data".

    Raises:
        UserError: An unknown name, data that can't be read, rows without a question or an answer.
    """
    from ampo.eval.suites import Benchmark

    named = _named_columns(columns or {})
    if isinstance(given, (str, Path, Benchmark)):
        return _of_names([given], named, name)
    if isinstance(given, Mapping):
        raise UserError(f"the problems are one {type(given).__name__}: give one split of it, or a list of rows")
    rows = list(_rows(given))
    if all(isinstance(row, (str, Path, Benchmark)) for row in rows):
        return _of_names(rows, named, name)
    return [_of_rows(rows, named, name or "data")]


def _named_columns(columns: Mapping[str, str]) -> dict[str, Any]:
    for what in columns:
        if what not in _COLUMNS:
            raise UserError(f"columns has {what!r}: it can name {', '.join(_COLUMNS)}")
    return {f"{what}_column": column for what, column in columns.items()}


def _of_names(given: list[Any], columns: dict[str, Any], name: str | None) -> list[Benchmark]:
    from ampo.eval.given import benchmark_of
    from ampo.eval.suites import Benchmark, resolve

    if not given:
        raise UserError("no problems were given: name a benchmark or a file, or give rows")
    found: dict[str, Benchmark] = {}
    files = 0
    for one in given:
        if isinstance(one, Benchmark):
            made = [one]
        elif Path(one).suffix.lower() in _FILES:
            made, files = [benchmark_of(one, **columns, name=name)], files + 1
        else:
            made = resolve([str(one)])
        for benchmark in made:
            if found.setdefault(benchmark.name, benchmark) != benchmark:
                raise UserError(f"two different benchmarks are named {benchmark.name!r}: give one of them another name")
    if (columns or name) and not files:
        raise UserError("columns and name are for data files and rows: leave them out for benchmarks")
    return list(found.values())


def _of_rows(rows: list[Any], columns: dict[str, Any], name: str) -> Benchmark:
    from ampo.eval.given import given_problems, given_rows

    if rows and all(isinstance(row, Problem) for row in rows):
        return given_problems(rows, name)
    for i, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise UserError(f"{name}, row {i} is a {type(row).__name__}: each row must be a dict")
    return given_rows(rows, **columns, name=name)


def _rows(given: Any) -> Iterable[Any]:
    """The rows of a list or of a table of whatever library."""
    for method in ("to_dicts", "to_pylist"):  # polars, pyarrow
        if hasattr(given, method):
            return getattr(given, method)()
    if hasattr(given, "iterrows"):  # pandas
        return [{key: _plain(value) for key, value in row.items()} for row in given.to_dict("records")]
    if not isinstance(given, Iterable):
        raise UserError(f"the problems are a {type(given).__name__}: give names, a file, or rows")
    return given


def _plain(value: Any) -> Any:
    """A cell of pandas as Python has it: None for what is missing, a list for an array."""
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    return value.tolist() if hasattr(value, "tolist") else value
