"""What outlives a killed run: Ray's agents and vLLM's engines do, where what started Ray gets a SIGKILL.

A run writes down which Ray session it has started. Whoever starts the run again holds its lock, so that the session
written there belongs to nobody any more: what still has files of it open is ended, and nothing else.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def remember(note: Path, session: Path) -> None:
    """session: the folder of the Ray session, whose name Ray makes unique."""
    note.write_text(str(session), encoding="utf-8")


def end(note: Path) -> None:
    """End what is left of the session in the note. Without a note, or without /proc, nothing is done."""
    if not note.exists():
        return
    for pid in _holding(f"{note.read_text(encoding='utf-8')}/"):
        if pid == os.getpid():
            continue  # Ray has logs of this process there, too
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    note.unlink()


def _holding(prefix: str) -> Iterator[int]:
    """Processes with a file open under the folder."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile, or somebody else's
            if any(link(file).startswith(prefix) for file in (process / "fd").iterdir()):
                yield int(process.name)


def link(file: Path) -> str:
    """Where it points to; "" where that can't be read, or it has gone."""
    with suppress(OSError):
        return os.readlink(file)
    return ""
