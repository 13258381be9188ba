"""Writing a pool: entries go to disk as they come, and the file appears under its name when it is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ampo.files import replacing
from ampo.guidance.formats import PoolEntry, line_of


@contextmanager
def writing(file: Path) -> Iterator[Callable[[PoolEntry], None]]:
    """Gives what writes an entry. Where the block fails, the file is left as it was before.

    Raises UserError for a file that can't be written, at once.
    """
    with replacing(file) as stream:

        def write(entry: PoolEntry) -> None:
            stream.write(line_of(entry).encode("utf-8"))

        yield write
