"""Benchmarks made of what a user hands over: a file, rows, or problems. Columns are found by their usual names."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import SkipValidation, model_validator

from ampo.errors import UserError
from ampo.eval.sources import Row, read_rows
from ampo.eval.suites import Benchmark, Columns
from ampo.types import AnswerKind, Problem

_QUESTIONS = ("question", "problem", "query", "input")
_ANSWERS = ("answer", "final_answer", "gold", "target", "label")


def benchmark_of(
    path: str | Path,
    question_column: str | None = None,
    answer_column: str | None = None,
    id_column: str | None = None,
    options_column: str | None = None,
    answer_kind: AnswerKind = "auto",
    name: str | None = None,
) -> Benchmark:
    """A benchmark made of a file alone.

    The authors' veRL Parquet (`prompt`, `reward_model`) is recognised.

    Args:
        path: A JSONL, CSV or Parquet file.
        question_column: Holds the questions; None looks for one of the usual names, as for the other columns.
        answer_column: Holds the reference answers.
        id_column: Holds the problems' ids; without one they are made.
        options_column: Holds the texts of choice questions.
        answer_kind: What the answers are; "auto" looks at each.
        name: The benchmark's; None makes one from the file's.

    Raises:
        UserError: The file can't be read, or lacks a column; the line names those it has.
    """
    path = Path(path).expanduser()
    how = _described(read_rows(path), str(path), question_column, answer_column, id_column, options_column)
    stem = "".join(c if c.isascii() and c.isalnum() else "_" for c in path.stem).strip("_") or "data"
    return Benchmark(name=name or stem, title=path.name, dataset=path, answer_kind=answer_kind, **how)


class Given(Benchmark):
    """A benchmark whose problems, or the rows that they are made of, were handed over by a program."""

    rows: SkipValidation[tuple[Row, ...]] = ()
    problems: SkipValidation[tuple[Problem, ...]] = ()

    @model_validator(mode="after")
    def _one_source(self) -> Given:
        if not self.rows and not self.problems:
            raise UserError(f"{self.name}: no problems were given: give one row at least")
        return self

    @property
    def origin(self) -> str:
        return "the rows that were given"


def given_rows(
    rows: Iterable[Mapping[str, Any]],
    question_column: str | None = None,
    answer_column: str | None = None,
    id_column: str | None = None,
    options_column: str | None = None,
    answer_kind: AnswerKind = "auto",
    name: str = "data",
) -> Given:
    """A benchmark made of rows.

    Args:
        rows: A mapping each problem.
        question_column, answer_column, id_column, options_column, answer_kind: As of `benchmark_of`.
        name: The benchmark's.

    Raises:
        UserError: There is no row, or a column is missing.
    """
    found = tuple(Row(f"{name}, row {i}", row) for i, row in enumerate(rows))
    if not found:
        raise UserError(f"{name}: no problems were given: give one row at least")
    how = _described(found, name, question_column, answer_column, id_column, options_column)
    return Given(name=name, rows=found, answer_kind=answer_kind, **how)


def given_problems(problems: Iterable[Problem], name: str = "data") -> Given:
    """A benchmark made of problems. Ids get the benchmark's name in front where they lack it."""
    given = tuple(problems)
    for problem in given:
        if not problem.answer.strip():
            raise UserError(f"the problem {problem.id!r} has no reference answer: give one, or leave it out")
    mine = (p if p.id.startswith(f"{name}/") else replace(p, id=f"{name}/{p.id}") for p in given)
    return Given(name=name, problems=tuple(replace(p, benchmark=name) for p in mine))


def _described(
    rows: Sequence[Row],
    where: str,
    question_column: str | None,
    answer_column: str | None,
    id_column: str | None,
    options_column: str | None,
) -> dict[str, Any]:
    """What of rows is the question, the answer and so on."""
    names = set(rows[0].fields)
    verl = {"prompt", "reward_model"} <= names and not question_column and not answer_column
    columns = Columns(
        question=question_column or ("prompt" if verl else _usual(_QUESTIONS, names, "question", where)),
        answer=answer_column or ("reward_model" if verl else _usual(_ANSWERS, names, "answer", where)),
        id=id_column,
        options=options_column,
    )
    if any("extract" in row.fields for row in rows):
        logging.getLogger(__name__).warning(
            "%s: the column 'extract' is not read: give the benchmark's TOML file `extract`, or an ampo.Problem", where
        )
    return {"columns": columns, "normaliser": "verl" if verl else "plain"}


def _usual(candidates: Sequence[str], names: set[str], what: str, where: str) -> str:
    for candidate in candidates:
        if candidate in names:
            return candidate
    found = ", ".join(sorted(map(str, names)))
    raise UserError(
        f"{where}: which column is the {what}? The columns are: {found}. "
        f'Name it: --{what}-column NAME, from Python columns={{"{what}": NAME}}'
    )
