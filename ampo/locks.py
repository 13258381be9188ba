"""A folder in which one process works at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ampo.errors import UserError


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Make the folder, and keep other processes from working in it. The lock dies with its holder.

    Raises UserError where another one works in it, or nothing can be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / ".lock").open("w")
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror}): choose another folder") from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(f"another process is working in {folder}: wait for it, or end it") from error
        except OSError:  # some network file systems know no locks
            pass
        yield
