"""JSONL files of records: read one after the other, or each whenever it is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

from ampo.errors import UserError
from ampo.eval.fields import fault
from ampo.files import read_jsonl

K = TypeVar("K")
R = TypeVar("R")


def records(file: Path, kind: type[R]) -> Iterator[R]:
    """Each line as a dataclass; UserError with the line's number for one that isn't."""
    for number, row in read_jsonl(file, growing=True):
        if wrong := fault(row, kind):
            raise UserError(f"{file}:{number} {wrong}: mend or remove that line, or is it of another version?")
        yield kind(**row)


def placed(file: Path, kind: type[R]) -> Iterator[tuple[int, R]]:
    """As `records`, each with the byte at which its line begins."""
    places = _places(file)
    for record in records(file, kind):
        yield next(places), record


def _places(file: Path) -> Iterator[int]:
    """Where each line begins that isn't empty."""
    with file.open("rb") as stream:
        place = 0
        for line in stream:
            if line.strip():
                yield place
            place += len(line)


def read_at(stream: BinaryIO, place: int, kind: type[R], is_it: Callable[[R], bool]) -> R:
    """The record whose line begins at a byte of an open file that was read before. UserError where it is no more the
    one that was there.
    """
    stream.seek(place)
    with suppress(ValueError, TypeError, AttributeError):
        found = kind(**json.loads(stream.readline()))
        if is_it(found):
            return found
    raise UserError(f"{stream.name} was written anew meanwhile: run the same command again")


class Stored(Mapping[K, R]):
    """The records of a JSONL file by their keys, each read from the file whenever it is asked for. What is in memory is
    where they stand. Of two records with a key the later one counts. A file that is replaced meanwhile stays as it was.
    """

    def __init__(self, file: Path, kind: type[R], key: Callable[[R], K]) -> None:
        """Raises UserError for a file that can't be read, and a line that is none of these records."""
        self._kind = kind
        self._places = {key(record): place for place, record in placed(file, kind)}
        self._stream = file.open("rb")

    def __getitem__(self, key: K) -> R:
        self._stream.seek(self._places[key])
        return self._kind(**json.loads(self._stream.readline()))

    def __iter__(self) -> Iterator[K]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def place(self, key: K) -> int:
        """The byte at which a record's line begins."""
        return self._places[key]

    def __del__(self) -> None:
        with suppress(AttributeError):  # it was never opened
            self._stream.close()
