"""Which verdict is on which response: by the response's id and by its text.

A response may be edited or asked for again after it was judged. A verdict remembers the text that it is on by a mark;
one on another text stays in its file, and is on nothing. Whoever pairs verdicts, or a judge's opinions, with responses
does it here, and the `Ledger`, which holds numbers alone, goes by the same rule.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from ampo.eval.records import Judgement, ResponseRecord, VerdictRecord
from ampo.eval.stored import Stored
from ampo.types import PROTOCOLS, Protocol

_Key = tuple[str, str, str]


def mark_of(record: ResponseRecord) -> str:
    """What a verdict remembers its response by: another text, or another ending, is to be judged anew."""
    content = f"{record.finish_reason}\0{record.text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def fits(one: VerdictRecord | Judgement, mark: str) -> bool:
    """Whether a verdict is on the text with a mark. One of an older version, which says none, is on any."""
    return one.mark in ("", mark)


class Verdicts:
    """The verdicts of a file. What is in memory is where they stand. Of two on the same text the later one counts."""

    def __init__(self, file: Path) -> None:
        """Raises UserError for a file that can't be read, and a line that is no verdict."""
        self._by_key: Mapping[_Key, VerdictRecord] = {}
        if file.exists():
            self._by_key = Stored(file, VerdictRecord, lambda one: (one.id, one.protocol, one.mark))
        said = {protocol for _, protocol, _ in self._by_key}
        self.protocols: tuple[Protocol, ...] = tuple(p for p in PROTOCOLS if p in said)

    def on(self, record: ResponseRecord) -> dict[Protocol, VerdictRecord]:
        """Those on a response as it is now, by protocol."""
        marks, found = (mark_of(record), ""), dict[Protocol, VerdictRecord]()
        for protocol in self.protocols:
            keys = ((record.id, protocol, mark) for mark in marks)
            if key := next((key for key in keys if key in self._by_key), None):
                found[protocol] = self._by_key[key]
        return found

    def by(self, *protocols: Protocol) -> Iterator[VerdictRecord]:
        """All of some protocols, also those on texts that are gone."""
        return (self._by_key[key] for key in self._by_key if key[1] in protocols)

    def __len__(self) -> int:
        return len(self._by_key)
