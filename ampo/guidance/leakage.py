"""Whether a pool's prompts are in a benchmark: the same question, or a run of words in common.

A pool that holds a benchmark's problems makes that benchmark worthless for the model trained on it. As is usual since
GPT-3 (arXiv 2005.14165, appendix C), a run of 13 words in common is taken for a leak; a question shorter than that
leaks where it occurs in the other as a whole. Three additions of ours keep the alarm rate low in mathematics: digits
and operators count as words, so that 3 + 4 is not 3 - 4; a run that more than three problems of the benchmarks share
("where m and n are relatively prime positive integers. Find m + n") is their common phrase and tells of none; and the
runs in common must be 15 % of the benchmark problem's. Below that, the paper's benchmarks and GSM8K have some forty
pairs of problems among themselves that share a turn of phrase and are not the same; above it, none.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from ampo.prompts import in_full
from ampo.types import Problem

N = 13
_SHARED = 3  # problems; the same one stands in several benchmarks, a phrase in many
_LEAST = 0.15  # share of a problem's runs
_SHORTEST = 8  # words of a whole question that may be looked for in a longer one: fewer are found anywhere

_LAYOUT = re.compile(r"\\(?:left|right|text|textbf|textit|mathrm|mathbf|displaystyle|quad|qquad|[,;:! ])(?![a-zA-Z])")
_WORD = re.compile(r"[^\W\d_]+|\d+|[-+*/^=<>|%≤≥≠∈√π×·÷]")
_BASE = 0x9E3779B97F4A7C15  # odd, so that its powers stay distinct modulo 2^64


class Leak(NamedTuple):
    """problem: the benchmark problem's id. share: of its runs that the prompt contains, 1 for the same question."""

    problem: str
    kind: Literal["exact", "overlap"]
    share: float


class LeakFinder:
    """The benchmarks' problems, indexed. n: words a run."""

    def __init__(self, problems: Iterable[Problem], n: int = N) -> None:
        self._n = n
        self._ids: list[str] = []
        self._exact: dict[tuple[str, ...], int] = {}
        hashes, owners, texts = [], [], []
        for number, problem in enumerate(problems):
            tokens = words(problem.question)
            self._ids.append(problem.id)
            for asked in (tokens, words(in_full(problem))):  # a pool's question has its options below it, or has none
                self._exact.setdefault(asked, number)
            size = min(n, len(tokens))
            found = np.unique(_Runs(tokens).of(size)) if size >= min(n, _SHORTEST) else np.empty(0, np.uint64)
            hashes.append(found)
            owners.append(np.full(len(found), number, np.int64))
            texts.append(f" {' '.join(tokens)} ")
        self._lengths = sorted({min(n, len(text.split())) for text in texts})
        self._index(hashes, owners)
        self._starts = np.cumsum([0, *(len(text) + 1 for text in texts)])[:-1]
        self._text = "\n".join(texts)

    def __len__(self) -> int:
        return len(self._ids)

    def find(self, question: str) -> Leak | None:
        """The benchmark problem that a question is or overlaps with most, or None."""
        tokens = words(question)
        if not tokens:
            return None
        if (number := self._exact.get(tokens)) is not None:
            return Leak(self._ids[number], "exact", 1.0)
        runs = _Runs(tokens)
        found = [runs.of(size) for size in self._lengths if min(self._n, _SHORTEST) <= size <= len(tokens)]
        owners, counts = np.unique(self._owners_of(found), return_counts=True)
        shares = counts / self._sizes[owners]
        if len(owners) and shares.max() >= _LEAST:
            return Leak(self._ids[owners[shares.argmax()]], "overlap", float(shares.max()))
        if _SHORTEST <= len(tokens) < self._n and (at := self._text.find(f" {' '.join(tokens)} ")) >= 0:
            number = int(np.searchsorted(self._starts, at, "right")) - 1
            return Leak(self._ids[number], "overlap", 1.0)
        return None

    def _index(self, hashes: Sequence[np.ndarray], owners: Sequence[np.ndarray]) -> None:
        """Sort the runs, without the phrases; `_sizes` is how many are left to each problem."""
        joined = np.concatenate([np.empty(0, np.uint64), *hashes])
        owner = np.concatenate([np.empty(0, np.int64), *owners])
        order = np.argsort(joined, kind="stable")
        joined, owner = joined[order], owner[order]
        _, inverse, counts = np.unique(joined, return_inverse=True, return_counts=True)
        telling = counts[inverse] <= _SHARED
        self._hashes, self._owners = joined[telling], owner[telling]
        self._sizes = np.bincount(self._owners, minlength=len(self._ids))

    def _owners_of(self, found: Sequence[np.ndarray]) -> np.ndarray:
        runs = np.unique(np.concatenate([np.empty(0, np.uint64), *found]))
        first = np.searchsorted(self._hashes, runs, "left")
        end = np.searchsorted(self._hashes, runs, "right")
        hits = [self._owners[first[i] : end[i]] for i in np.flatnonzero(end > first)]
        return np.concatenate([np.empty(0, np.int64), *hits])


def words(question: str) -> tuple[str, ...]:
    """A question as words, numbers and operators; case, punctuation, spacing and LaTeX's dress are left out."""
    text = unicodedata.normalize("NFKC", question).lower()
    text = _LAYOUT.sub(" ", text).replace("−", "-").replace("dfrac", "frac").replace("tfrac", "frac")
    return tuple(_WORD.findall(text))


class _Runs:
    """64-bit hashes of the runs of words of one text, of any length: differences of the sums of hash * base^place."""

    def __init__(self, tokens: Sequence[str]) -> None:
        hashed = np.array([_hash(token) for token in tokens], np.uint64)
        self._sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(hashed * _powers(_BASE, len(hashed)))])

    def of(self, size: int) -> np.ndarray:
        """Of each run of `size` words (at most as many as there are); brought to the same place by base^-place."""
        sums = self._sums[size:] - self._sums[:-size]
        return sums * _powers(pow(_BASE, -1, 2**64), len(sums)) + np.uint64(size)


def _powers(base: int, count: int) -> np.ndarray:
    """base^0, base^1, ... modulo 2^64."""
    if base not in _POWERS or len(_POWERS[base]) < count:
        size = 1 << count.bit_length()
        _POWERS[base] = np.cumprod(np.array([1, *[base] * (size - 1)], np.uint64))
    return _POWERS[base][:count]


_POWERS: dict[int, np.ndarray] = {}


@lru_cache(maxsize=1_000_000)
def _hash(token: str) -> int:
    return int.from_bytes(hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
