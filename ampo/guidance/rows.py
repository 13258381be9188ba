"""Where a pool's rows are: a JSONL file, Parquet files, or a data set of the hub. Rows are read one by one, never all.

A position is what `read` takes to fetch a row again: the byte at which a line starts, or the number of a row.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from ampo.errors import UserError
from ampo.files import first_line, parse_line
from ampo.guidance.formats import PROMPT_COLUMNS, Row, check_columns
from ampo.hub import load_split
from ampo.parquet import pyarrow_for

if TYPE_CHECKING:
    import pyarrow as pa

_CACHED = 512 * 2**20  # bytes of decoded row groups: the authors' set as a whole, a part of anything larger


class Located(NamedTuple):
    """A row as it was found. where: for error messages. content: a line of JSONL is still to be decoded."""

    position: int
    where: str
    content: bytes | Row

    def row(self) -> Row:
        """Raises UserError for a line that is no JSON object."""
        return parse_line(self.content, self.where) if isinstance(self.content, bytes) else self.content


class Rows(ABC):
    """A source of rows. name: what opens it again. files: those it lies in, none for the hub."""

    name: str
    files: tuple[Path, ...] = ()

    @abstractmethod
    def scan(self) -> Iterator[Located]:
        """Every row in order, broken ones too."""

    def prompts(self) -> Iterator[Located]:
        """Every row in order, where that is cheaper without its solutions."""
        return self.scan()

    @abstractmethod
    def read(self, position: int) -> Located:
        """The row at a position that `scan` gave."""

    @abstractmethod
    def count(self) -> int:
        """How many rows there are, broken ones included."""

    def stamp(self) -> tuple[int, ...]:
        """Size and time of each file: what was remembered of these files holds while this is the same."""
        return tuple(x for file in self.files for x in (file.stat().st_size, file.stat().st_mtime_ns))


def open_rows(path: str | Path) -> Rows:
    """The rows behind a path (JSONL, Parquet, a folder of Parquet files or of `ampo pool build`) or a hub data set's id
    (`owner/name`, `owner/name@revision`, its split `train`, or as `owner/name:split`).

    Raises UserError for what is none of these, can't be read, or has the columns of no pool.
    """
    name, path = str(path), Path(path).expanduser()
    if path.is_dir():
        built, files = path / "pool.jsonl", sorted(path.rglob("*.parquet"))
        if built.is_file():
            return JsonlRows(built)
        if not files:
            raise UserError(f"the folder {name} holds no pool: it has neither pool.jsonl nor any .parquet file")
        return ParquetRows(files, name)
    if path.exists():
        if path.suffix.lower() in (".jsonl", ".ndjson"):
            return JsonlRows(path)
        if path.suffix.lower() == ".parquet":
            return ParquetRows([path], name)
        raise UserError(f"{name}: unknown format {path.suffix or 'without a suffix'!r}: a pool is .jsonl or .parquet")
    if path.suffix.lower() in (".jsonl", ".parquet") or len(parts := name.split("/")) != 2 or not all(parts):
        raise UserError(f"the pool {name} does not exist: give a .jsonl or .parquet file, or a hub data set owner/name")
    return HubRows(name)


class JsonlRows(Rows):
    """A line a row. Positions are byte offsets."""

    def __init__(self, path: Path) -> None:
        self.name, self.files = str(path), (path,)
        self._path = path
        try:
            path.open("rb").close()
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror or error}") from error

    def scan(self) -> Iterator[Located]:
        offset = 0
        with self._path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield Located(offset, f"{self.name}:{number}", line)
                offset += len(line)

    def read(self, position: int) -> Located:
        with self._path.open("rb") as stream:  # opened each time: safe in every thread and every child
            stream.seek(position)
            return Located(position, f"{self.name}, byte {position}", stream.readline())

    def count(self) -> int:
        return sum(1 for _ in self.scan())


class ParquetRows(Rows):
    """Parquet files, one after the other. Positions are row numbers; a row group is decoded as a whole and kept while
    there is room."""

    def __init__(self, files: Sequence[Path], name: str) -> None:
        pyarrow = pyarrow_for("reading Parquet files")
        self._broken = pyarrow.ArrowException
        self.name, self.files = name, tuple(files)
        self._lock = Lock()
        self._cache: OrderedDict[int, pa.Table] = OrderedDict()
        self._parts = [self._guarded(file, lambda file=file: pyarrow.parquet.ParquetFile(file)) for file in files]
        for file, part in zip(files, self._parts, strict=True):
            check_columns(part.schema_arrow.names, str(file))
        self._groups = [(part, g) for part in self._parts for g in range(part.metadata.num_row_groups)]
        sizes = (part.metadata.row_group(g).num_rows for part, g in self._groups)
        self._starts = [0, *accumulate(sizes)]  # row number at which each group starts, and the end

    def scan(self) -> Iterator[Located]:
        return self._iterate(None, 64)

    def prompts(self) -> Iterator[Located]:
        return self._iterate(PROMPT_COLUMNS, 1024)

    def _iterate(self, columns: Iterable[str] | None, batch_size: int) -> Iterator[Located]:
        number = 0
        for part in self._parts:
            wanted = None if columns is None else [c for c in columns if c in part.schema_arrow.names]
            try:
                for batch in part.iter_batches(batch_size, columns=wanted):
                    for row in batch.to_pylist():
                        yield Located(number, f"{self.name}, row {number}", row)
                        number += 1
            except (self._broken, OSError) as error:
                raise UserError(f"{self.name} is damaged from row {number} on: {first_line(error)}") from error

    def read(self, position: int) -> Located:
        group = bisect_right(self._starts, position) - 1
        row = self._group(group).slice(position - self._starts[group], 1).to_pylist()[0]
        return Located(position, f"{self.name}, row {position}", row)

    def count(self) -> int:
        return self._starts[-1]

    def _group(self, group: int) -> pa.Table:
        with self._lock:
            if group not in self._cache:
                part, number = self._groups[group]
                self._cache[group] = self._guarded(self.files[0], lambda: part.read_row_group(number))
                while len(self._cache) > 1 and sum(table.nbytes for table in self._cache.values()) > _CACHED:
                    self._cache.popitem(last=False)
            self._cache.move_to_end(group)
            return self._cache[group]

    def _guarded(self, file: Path, act: Any) -> Any:
        try:
            return act()
        except (self._broken, OSError) as error:
            raise UserError(f"{file} is not a readable Parquet file: {first_line(error)}") from error


class HubRows(Rows):
    """A data set of the hub, in the memory-mapped copy that `datasets` keeps. Positions are row numbers."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._rows = _load_from_hub(name)
        check_columns(self._rows.column_names, name)

    def scan(self) -> Iterator[Located]:
        return self._iterate(self._rows)

    def prompts(self) -> Iterator[Located]:
        return self._iterate(self._rows.select_columns([c for c in PROMPT_COLUMNS if c in self._rows.column_names]))

    def _iterate(self, rows: Any) -> Iterator[Located]:
        for number, row in enumerate(rows):
            yield Located(number, f"{self.name}, row {number}", row)

    def read(self, position: int) -> Located:
        return Located(position, f"{self.name}, row {position}", self._rows[position])

    def count(self) -> int:
        return len(self._rows)


def _load_from_hub(name: str) -> Any:
    rest, _, split = name.partition(":")
    source, _, revision = rest.partition("@")
    return load_split(
        source,
        None,
        split or "train",
        revision or None,
        name=f"the data set {name!r}",
        lost=" and no copy is in its cache. Mend the connection, or give a .jsonl or .parquet file",
        instead="give a .jsonl or .parquet file",
        not_found=lambda error: (
            f"the data set {name!r} is not to be had from the hub ({first_line(error)}): check its name, "
            "or log in with `hf auth login` if it is private or gated"
        ),
    )
