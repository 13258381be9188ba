"""Where each prompt of a pool stands, so that a pool larger than memory is opened without being loaded.

For every prompt: a digest of its uid, a digest of its question's key, and its position in the source; 24 bytes in all.
The index is written beside the source (`.NAME.index.npz`, or in the cache where that folder can't be written) with the
size and time of each file, and made anew when these have changed.
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ampo.errors import UserError
from ampo.files import replacing
from ampo.guidance.formats import entry_of, prompt_of, question_key
from ampo.guidance.rows import Rows
from ampo.models import cache_dir

_VERSION = 1


class Index(NamedTuple):
    """Arrays in the order of the source. uids, questions: digests; positions: see `ampo.guidance.rows`.

    repeated: rows left out because an earlier one has their uid.
    """

    uids: np.ndarray  # uint64
    questions: np.ndarray  # uint64
    positions: np.ndarray  # int64
    repeated: int


def digest(text: str) -> int:
    """64 bits; whoever finds a prompt by them compares the text as well."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def index_of(rows: Rows) -> Index:
    """The remembered index, or a new one. Raises UserError for a broken row (with its line) and for an empty pool."""
    stamp = (_VERSION, *rows.stamp())
    places = _places(rows)
    for place in places:
        found = _load(place, stamp)
        if found is not None:
            return found
    index = _build(rows)
    for place in places:
        if _save(place, stamp, index):
            break
    return index


def _build(rows: Rows) -> Index:
    seen: set[int] = set()
    uids: list[int] = []
    questions: list[int] = []
    positions: list[int] = []
    repeated = 0
    for located in rows.prompts():
        row = located.row()
        # A line is in memory anyway: its solutions are checked as well, so that training meets no broken one.
        prompt = (entry_of if isinstance(located.content, bytes) else prompt_of)(row, located.where)
        uid = digest(prompt.uid)
        if uid in seen:
            repeated += 1
            continue
        seen.add(uid)
        uids.append(uid)
        questions.append(digest(question_key(prompt.question)))
        positions.append(located.position)
    if not uids:
        raise UserError(f"the pool {rows.name} is empty: it must hold at least one prompt")
    return Index(np.array(uids, np.uint64), np.array(questions, np.uint64), np.array(positions, np.int64), repeated)


def _places(rows: Rows) -> list[Path]:
    """Where the index may be, best first; nowhere for the hub, whose sets carry no time."""
    if not rows.files:
        return []
    first = rows.files[0].resolve()
    name = f".{first.name}.index.npz" if len(rows.files) == 1 else f".{first.parent.name}.index.npz"
    marked_writable = first.parent.stat().st_mode & 0o222  # root may write anywhere, and should not where nobody may
    beside = [first.with_name(name)] if marked_writable else []
    return [*beside, cache_dir() / "pools" / f"{digest(str(first)):016x}-{len(rows.files)}.npz"]


def _load(place: Path, stamp: tuple[int, ...]) -> Index | None:
    try:
        with np.load(place, allow_pickle=False) as held:
            if held["stamp"].tolist() != list(stamp):
                return None
            return Index(held["uids"], held["questions"], held["positions"], int(held["repeated"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):  # missing, damaged or of another version
        return None


def _save(place: Path, stamp: tuple[int, ...], index: Index) -> bool:
    """Write it so that a reader sees the old or the new one, never a part; False where the folder can't be written."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with replacing(place) as stream:
            np.savez(stream, stamp=np.array(stamp, np.int64), **index._asdict())
    except (OSError, UserError):
        return False
    return True
