"""What is finished: runs.jsonl, a line a job, known by a hash of all that decides what comes out of it.

Small enough to be kept beside the page, so that a later run, here or elsewhere, goes on where this one ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ampo.files import append, dump, read_jsonl, write
from ampo.study.design import Size
from ampo.study.jobs import Job, key

Result = dict[str, Any]


class Store:
    """The finished jobs of a size. file: need not be there. others: files of the same kind, taken over as they are."""

    def __init__(self, file: Path, size: Size, others: Iterable[Path] = ()) -> None:
        self.file, self._size = file, size
        self._lines: dict[str, dict[str, Any]] = {}
        self._keys: dict[Job, str] = {}
        for place in (*others, file):
            if place.exists():
                self._lines |= {row["key"]: row for _, row in read_jsonl(place, growing=True)}

    def __contains__(self, job: Job) -> bool:
        return self._key(job) in self._lines

    def __getitem__(self, job: Job) -> Result:
        return self._lines[self._key(job)]["result"]

    def of(self, jobs: Iterable[Job]) -> list[Result]:
        """The results of those that are finished, in their order."""
        return [self[job] for job in jobs if job in self]

    def add(self, job: Job, result: Result) -> None:
        """Keep a result, in memory and in the file."""
        row = {"key": self._key(job), "job": asdict(job), "result": result}
        self._lines[row["key"]] = row
        self.file.parent.mkdir(parents=True, exist_ok=True)
        append(self.file, row)

    def copy(self, file: Path, jobs: Iterable[Job]) -> None:
        """A file of the finished ones among some jobs."""
        found = (self._lines.get(self._key(job)) for job in jobs)
        write(file, "".join(dump(row) for row in found if row))

    def _key(self, job: Job) -> str:
        if job not in self._keys:
            self._keys[job] = key(self._size, job)
        return self._keys[job]
