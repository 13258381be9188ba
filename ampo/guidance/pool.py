"""The multi-guidance pool: teachers' solutions, by prompt (paper, section 3.1).

Solutions of several teachers are made and verified ahead of training and looked up whenever a prompt's own attempts
fail. A pool is read where it lies: opening it reads its rows once, to remember where each prompt stands
(`ampo.guidance.index`), and looking a prompt up reads that row.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ampo.guidance.formats import PoolEntry, entry_of, question_key
from ampo.guidance.index import Index, digest, index_of
from ampo.guidance.rows import Rows, open_rows


class GuidancePool:
    """Entries by uid or by question. Iterating gives them in the order of the file. Thread-safe; can be pickled.

    A row whose uid an earlier one has is left out, with a warning (`ampo pool check --write` merges such rows).
    """

    def __init__(self, rows: Rows, index: Index) -> None:
        self._rows, self._positions = rows, index.positions
        self._by_uid = _Lookup(index.uids)
        self._by_question = _Lookup(index.questions)
        if index.repeated:
            logging.getLogger(__name__).warning(
                "%s: %d rows repeat an earlier row's uid and are left out: `ampo pool check` lists them",
                rows.name,
                index.repeated,
            )

    @classmethod
    def open(cls, path: str | Path) -> GuidancePool:
        """The pool in a JSONL or Parquet file, a folder of Parquet files or of `ampo pool build`, or a hub data set.

        Raises UserError for what can't be had or read: an unknown format, missing columns (naming those found), a
        broken row (with its line), an empty pool.
        """
        rows = open_rows(path)
        return cls(rows, index_of(rows))

    @property
    def name(self) -> str:
        """What opens it again."""
        return self._rows.name

    def get(self, key: str) -> PoolEntry | None:
        """The entry with this uid, else the first with this question (white space aside), else None."""
        for number in self._by_uid.candidates(key):
            if (entry := self._entry(number)).uid == key:
                return entry
        wanted = question_key(key)
        for number in self._by_question.candidates(wanted):
            if question_key((entry := self._entry(number)).question) == wanted:
                return entry
        return None

    def __getitem__(self, key: str) -> PoolEntry:
        """As `get`; KeyError where there is none."""
        entry = self.get(key)
        if entry is None:
            raise KeyError(key)
        return entry

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def __len__(self) -> int:
        return len(self._positions)

    def __iter__(self) -> Iterator[PoolEntry]:
        number = 0
        for located in self._rows.scan():
            if number < len(self) and located.position == self._positions[number]:
                number += 1
                yield entry_of(located.row(), located.where)

    def __repr__(self) -> str:
        return f"GuidancePool({self.name!r}, {len(self)} prompts)"

    def __reduce__(self) -> tuple:
        return (GuidancePool.open, (self.name,))

    def _entry(self, number: int) -> PoolEntry:
        located = self._rows.read(int(self._positions[number]))
        return entry_of(located.row(), located.where)


class _Lookup:
    """From a text to the rows that may have it, in their order."""

    def __init__(self, digests: np.ndarray) -> None:
        self._order = np.argsort(digests, kind="stable")
        self._sorted = digests[self._order]

    def candidates(self, text: str) -> list[int]:
        wanted = np.uint64(digest(text))
        first, end = np.searchsorted(self._sorted, wanted, "left"), np.searchsorted(self._sorted, wanted, "right")
        return self._order[first:end].tolist()
