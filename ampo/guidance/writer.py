"""Writing a pool: entries go to disk as they come, and the file appears under its name when it is whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ampo.errors import UserError
from ampo.guidance.formats import PoolEntry, line_of


@contextmanager
def writing(file: Path) -> Iterator[Callable[[PoolEntry], None]]:
    """Gives what writes an entry. Where the block fails, the file is left as it was before.

    Raises UserError for a file that can't be written, at once.
    """
    work = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with work.open("w", encoding="utf-8") as stream:
            yield lambda entry: _write(stream.write, entry)
            stream.flush()
            os.fsync(stream.fileno())
        work.replace(file)
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror or error}") from error
    finally:
        work.unlink(missing_ok=True)


def _write(write: Callable[[str], int], entry: PoolEntry) -> None:
    write(line_of(entry))
