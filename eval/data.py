"""A benchmark's problems, from wherever they are: a folder of offline copies, a file, the hub, or reasoning-gym.

A folder given by `--data-dir` or AMPO_DATA_DIR that has <benchmark>.jsonl in the normal form (`id`, `question`,
`answer`, `options`?) wins over the hub. Whatever the source, the same checks are made: every row has a question and
an answer, ids are unique, and with options the answer is a letter that names one.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ampo.errors import UserError
from ampo.eval.given import Given, benchmark_of
from ampo.eval.normalise import NORMALISERS, Raw, RowError
from ampo.eval.sources import Row, from_hub, read_rows
from ampo.eval.suites import Benchmark, Columns
from ampo.prompts import letter
from ampo.types import AnswerKind, Problem
from ampo.verify.find.own import usable

DATA_DIR = "AMPO_DATA_DIR"

_NORMAL_FORM = Columns(id="id", options="options")


def load_problems(
    benchmark: Benchmark, data_dir: Path | None = None, limit: int | None = None, *, unanswered: bool = False
) -> list[Problem]:
    """The benchmark's problems in their own order.

    Args:
        benchmark: Whose.
        data_dir: A folder of offline copies; None takes that of AMPO_DATA_DIR.
        limit: How many, from the first on; None for all.
        unanswered: Keep problems without a reference answer, for the audit; else they are an error.

    Raises:
        UserError: The data can't be had or read, or the limit is below 1.
    """
    if limit is not None and limit < 1:
        raise UserError(f"--limit {limit}: it must be at least 1")
    problems = _load(benchmark, data_dir, unanswered)
    if benchmark.n_problems and len(problems) != benchmark.n_problems:
        logging.getLogger(__name__).warning(
            "%s: %d problems found, %d expected", benchmark.name, len(problems), benchmark.n_problems
        )
    return problems[:limit]


def from_file(
    path: str | Path,
    question_column: str | None = None,
    answer_column: str | None = None,
    *,
    id_column: str | None = None,
    options_column: str | None = None,
    answer_kind: AnswerKind = "auto",
    name: str | None = None,
) -> list[Problem]:
    """The problems of a user's JSONL, CSV or Parquet file.

    Args:
        path: The file.
        question_column, answer_column, id_column, options_column, answer_kind, name: As of `benchmark_of`.

    Raises:
        UserError: The file can't be read, or lacks a column.
    """
    columns = (question_column, answer_column, id_column, options_column)
    return load_problems(benchmark_of(path, *columns, answer_kind=answer_kind, name=name))


def fingerprint(problems: Iterable[Problem]) -> str:
    """SHA-256 over ids, questions, answers and options, in order: what a run directory is tied to."""
    digest = hashlib.sha256()
    for p in problems:
        digest.update(json.dumps([p.id, p.question, p.answer, list(p.options)]).encode() + b"\n")
    return digest.hexdigest()


def _load(benchmark: Benchmark, data_dir: Path | None, unanswered: bool) -> list[Problem]:
    if benchmark.parts:
        from ampo.eval.demo import make_problems

        return _checked([(p.id, p) for p in make_problems(benchmark)], benchmark)
    if isinstance(benchmark, Given) and benchmark.problems:
        return _checked([(p.id, p) for p in benchmark.problems], benchmark)
    if isinstance(benchmark, Given):
        return _problems(benchmark.rows, benchmark, _with_usual(benchmark.columns, benchmark.rows), unanswered)
    if benchmark.dataset:
        rows = read_rows(benchmark.dataset)
        return _problems(rows, benchmark, _with_usual(benchmark.columns, rows), unanswered)
    offline, looked_in = _offline_copy(benchmark, data_dir)
    if offline:
        return _problems(read_rows(offline), benchmark, _NORMAL_FORM, unanswered)
    return _problems(from_hub(benchmark, looked_in), benchmark, benchmark.columns, unanswered)


def _with_usual(columns: Columns, rows: Sequence[Row]) -> Columns:
    """With the columns `id` and `options` where the rows have them and no other is named."""
    there = {name for name in ("id", "options") if any(name in row.fields for row in rows)}
    if columns.distractors:
        there.discard("options")
    return columns.model_copy(update={name: name for name in there if getattr(columns, name) is None})


def _offline_copy(benchmark: Benchmark, data_dir: Path | None) -> tuple[Path | None, Path | None]:
    """The offline copy if there is one, and the folder that was looked in."""
    given = data_dir or os.environ.get(DATA_DIR)
    if not given:
        return None, None
    folder = Path(given).expanduser()
    if not folder.is_dir():
        origin = "--data-dir" if data_dir else DATA_DIR
        raise UserError(f"{origin} names {folder}, which is not a folder: give the folder that holds <benchmark>.jsonl")
    file = folder / f"{benchmark.name}.jsonl"
    return (file if file.exists() else None), folder


def _problems(rows: Sequence[Row], benchmark: Benchmark, columns: Columns, unanswered: bool) -> list[Problem]:
    if not rows:
        raise UserError(f"{benchmark.name}: {benchmark.origin} holds no problems")
    located = [(row.where, _problem(row, i, benchmark, columns, unanswered)) for i, row in enumerate(rows)]
    return _checked(located, benchmark)


def _problem(row: Row, index: int, benchmark: Benchmark, columns: Columns, unanswered: bool) -> Problem:
    if unanswered and columns.answer in row.fields and row.fields[columns.answer] is None:
        row = row._replace(fields={**row.fields, columns.answer: ""})
    cell = partial(_cell, row, hint=_way_on(benchmark, columns))
    raw = Raw(
        question=cell(columns.question),
        answer=cell(columns.answer),
        options=cell(columns.options, optional=True),
        distractors=tuple(cell(c) for c in columns.distractors),
    )
    key = cell(columns.id, optional=True)
    try:
        normal = NORMALISERS[benchmark.normaliser](raw)
    except RowError as error:
        raise UserError(f"{row.where}: {error}") from error
    for what, value in (("question", normal.question), ("answer", normal.answer)):
        if not value and not (unanswered and what == "answer"):
            raise UserError(f"{row.where}: the {what} is empty")
    if normal.options and normal.answer and normal.answer not in [letter(i) for i in range(len(normal.options))]:
        last = letter(len(normal.options) - 1)
        raise UserError(f"{row.where}: the answer {normal.answer!r} names none of the options A to {last}")
    key = str(index if key is None else key).strip()
    return Problem(
        id=key if key.startswith(f"{benchmark.name}/") else f"{benchmark.name}/{key}",
        question=normal.question,
        answer=normal.answer,
        benchmark=benchmark.name,
        options=normal.options,
        kind="choice" if normal.options else benchmark.answer_kind,
        extract=benchmark.extract,
    )


def _way_on(benchmark: Benchmark, columns: Columns) -> str:
    """What helps where a column is missing."""
    if benchmark.dataset or isinstance(benchmark, Given):
        return (
            "Name the right one: --question-column, --answer-column, from Python columns={...}, or `columns` in the "
            "benchmark's TOML file"
        )
    if columns is _NORMAL_FORM:
        return "A file in a data folder has id, question, answer, and options where there are any"
    return f"{benchmark.source} has changed: give a TOML file that names its `columns`, or a copy by --data"


def _cell(row: Row, column: str | None, *, hint: str, optional: bool = False) -> object:
    """The row's value. A missing column is an error that names those there are, unless it is optional."""
    if column is None:
        return None
    value = row.fields.get(column)
    if value is None and not optional:
        if column in row.fields:
            raise UserError(f"{row.where}: column {column!r} is empty here")
        found = ", ".join(map(str, row.fields)) or "none"
        raise UserError(f"{row.where}: there is no column {column!r}; the columns are: {found}. {hint}")
    return value


def _checked(located: Sequence[tuple[str, Problem]], benchmark: Benchmark) -> list[Problem]:
    seen: dict[str, str] = {}
    rules: dict[str, str] = {}
    for where, problem in located:
        if problem.id in seen:
            raise UserError(
                f"{benchmark.name}: the id {problem.id!r} occurs twice ({seen[problem.id]}; {where}): ids must differ"
            )
        seen[problem.id] = where
        if problem.extract not in rules:
            try:
                rules[problem.extract] = usable(problem.extract)
            except UserError as error:
                raise UserError(f"{where}: {error}") from error
    return [replace(p, extract=rules[p.extract]) if p.extract else p for _, p in located]
