"""Rows from files and from the hub, untouched, each with where it stands; and a clear line for each way to fail."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ampo.errors import UserError
from ampo.files import first_line, parse_lines
from ampo.hub import load_split
from ampo.parquet import pyarrow_for

if TYPE_CHECKING:
    from ampo.eval.suites import Benchmark


_CELL = 2**31 - 1  # characters in a cell of CSV: Python's own limit, 131,072, is less than a long response


class Row(NamedTuple):
    """One row. where: file:line, or data set and number, for error messages."""

    where: str
    fields: Mapping[str, Any]


def read_rows(path: Path) -> list[Row]:
    """All rows of a .jsonl, .csv or .parquet file. Raises UserError for a file that can't be read, or is empty."""
    rows = list(stream_rows(path))
    if not rows:
        raise UserError(f"{path} is empty: it must hold at least one problem")
    return rows


def stream_rows(path: Path) -> Iterator[Row]:
    """The rows one by one, so that a file may be larger than the memory. Raises UserError, where it is met."""
    if not path.exists():
        raise UserError(f"the data file {path} does not exist: check its path")
    if path.is_dir():
        raise UserError(f"{path} is a folder: give a file ({', '.join(_READERS)}), or the folder with --data-dir")
    reader = next((reader for end, reader in _READERS.items() if path.name.lower().endswith(end)), None)
    if reader is None:
        raise UserError(f"{path}: a data file ends in {', '.join(_READERS)}; this one in {path.suffix or 'nothing'!r}")
    try:
        yield from reader(path)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error


def jsonl_rows(lines: Iterable[bytes], name: str) -> Iterator[Row]:
    """The rows of JSON lines from anywhere. name: of the file, for messages."""
    for number, fields in parse_lines(lines, name):
        yield Row(f"{name}:{number}", fields)


def _read_jsonl(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        yield from jsonl_rows(file, str(path))


def _read_gzip(path: Path) -> Iterator[Row]:
    try:
        with gzip.open(path, "rb") as file:
            yield from jsonl_rows(file, str(path))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(f"{path} is not a whole gzip file ({first_line(error)}): make it again") from error


def _read_json(path: Path) -> Iterator[Row]:
    try:
        rows = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise UserError(f"{path}: broken JSON ({error}); one object a line is a .jsonl file") from error
    if not isinstance(rows, list):
        raise UserError(f"{path} holds a JSON {type(rows).__name__}: give an array of objects, or a .jsonl file")
    for number, fields in enumerate(rows):
        if not isinstance(fields, dict):
            raise UserError(f"{path}, item {number}: it must be a JSON object, this is a {type(fields).__name__}")
        yield Row(f"{path}, item {number}", fields)


def _read_tsv(path: Path) -> Iterator[Row]:
    return _read_csv(path, delimiter="\t")


def _read_csv(path: Path, delimiter: str = ",") -> Iterator[Row]:
    csv.field_size_limit(_CELL)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True, delimiter=delimiter)
        try:
            if len(names := reader.fieldnames or ()) == 1 and ";" in names[0]:
                raise UserError(f"{path}: its columns are separated by semicolons: save it with commas, or as .jsonl")
            for name, times in Counter(reader.fieldnames or ()).items():
                if times > 1:
                    raise UserError(f"{path}: {times} columns are called {name!r}: rename all but one")
            for fields in reader:
                if None in fields or None in fields.values():
                    raise UserError(f"{path}:{reader.line_num}: the number of fields differs from the header's")
                yield Row(f"{path}:{reader.line_num}", fields)
        except csv.Error as error:
            raise UserError(f"{path}:{reader.reader.line_num}: broken CSV ({error})") from error


def _read_parquet(path: Path) -> Iterator[Row]:
    pyarrow = pyarrow_for("reading Parquet files")
    number = 0
    try:
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=256):
            for fields in batch.to_pylist():
                yield Row(f"{path}, row {number}", fields)
                number += 1
    except pyarrow.ArrowException as error:
        raise UserError(f"{path} is not a readable Parquet file: {first_line(error)}") from error


_READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".jsonl": _read_jsonl,
    ".jsonl.gz": _read_gzip,
    ".json": _read_json,
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".parquet": _read_parquet,
}


def from_hub(benchmark: Benchmark, looked_in: Path | None) -> list[Row]:
    """All rows of a hub data set's split. looked_in: the data folder without a copy, for the error message.

    Without a connection a copy in the hub's own cache still serves. Raises UserError where there is none, for a gated
    set, and for a split or a configuration that the set doesn't have.
    """
    name = f"{benchmark.name}: the data set {benchmark.source!r}"
    rows = load_split(
        str(benchmark.source),
        benchmark.config,
        benchmark.split,
        benchmark.revision,
        name=name,
        lost=_lost(benchmark.name, looked_in),
        instead="give a copy as a file by --data, or pin another `revision` in a TOML file",
        not_found=lambda error: _not_found(benchmark, name, error),
    )
    return [Row(f"{benchmark.source}, row {i}", dict(row)) for i, row in enumerate(rows)]


def _lost(benchmark: str, looked_in: Path | None) -> str:
    copy = f"{looked_in} has no {benchmark}.jsonl" if looked_in else "no folder of offline copies is given"
    return f", and {copy}. Mend the connection, or give a folder with {benchmark}.jsonl by --data-dir or AMPO_DATA_DIR"


def _not_found(benchmark: Benchmark, name: str, error: Exception) -> str:
    if benchmark.gated or "gated" in str(error):
        return (
            f"{name} is gated: accept its terms on {benchmark.url or 'its page on the hub'}, "
            f"then log in with `hf auth login`"
        )
    if benchmark.revision and "revision" in str(error).lower():
        return f"{name} has no revision {benchmark.revision!r}: mend or remove `revision` in the benchmark's TOML file"
    return f"{name} is not on the hub: check its name, or log in with `hf auth login` if it is private"
