"""A pool out of teachers' responses: which of them become solutions, and why the others do not.

A response becomes a solution where the verifier calls it correct, the model ended it by itself, it is within the
token limit, doesn't repeat itself (training's reward punishes that), and its prompt has no solution with the same text
yet. A response that was cut off is refused even where an answer can be read in it: a policy that imitates it would
learn never to end.

What is accepted goes to disk at once; in memory stay its place and a digest.
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, NamedTuple

from ampo.algorithm.rewards import repeats_itself
from ampo.errors import UserError
from ampo.files import parse_line
from ampo.guidance.formats import PoolEntry, entry_of, line_of, question_key
from ampo.guidance.index import digest
from ampo.types import Solution, Verdict
from ampo.verify import Claim, VerifierPool

REASONS = ("wrong", "no_answer", "truncated", "timeout", "too_long", "repetitive", "duplicate")
"""Why a response is refused, in the order in which it is asked."""

_AHEAD = 1024


class Candidate(NamedTuple):
    """A teacher's response. uid: of the prompt; tokens: its length by the teacher's own tokenizer."""

    uid: str
    source: str
    claim: Claim
    tokens: int | None


@dataclass(frozen=True)
class BuildReport:
    """teachers: for each, how many responses there were ("responses"), how many were "accepted", and the refused by
    reason. coverage: prompts by their number of solutions."""

    prompts: int
    solutions: int
    teachers: Mapping[str, Mapping[str, int]]
    coverage: Mapping[int, int]


def assemble(
    prompts: Sequence[PoolEntry],
    candidates: Iterable[Candidate],
    pool: VerifierPool,
    max_tokens: int | None,
    keep: Callable[[PoolEntry], object],
    folder: Path,
    progress: Callable[[Sequence[Verdict]], object] = bool,
) -> BuildReport:
    """Judge the candidates and hand each prompt with its solutions to `keep`, in the order of the prompts.

    Solutions stand in the order of the candidates.

    Args:
        prompts: Of the pool.
        candidates: Responses to them.
        pool: Judges them.
        max_tokens: How long a solution may be; None for no limit.
        keep: Takes each entry of the new pool.
        folder: Where the accepted wait on disk.
        progress: Is told each verdict. (The default does nothing.)

    Raises:
        UserError: The folder can't be written.
    """
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    places: defaultdict[str, list[int]] = defaultdict(list)
    seen: set[int] = set()
    coverage: Counter[int] = Counter()
    try:
        with tempfile.TemporaryFile(dir=folder) as spool:
            for candidate, verdict in _judged(candidates, pool):
                reason = _refusal(candidate, verdict, max_tokens, seen)
                counts[candidate.source].update(("responses", reason or "accepted"))
                if reason is None:
                    places[candidate.uid].append(_put(spool, candidate))
                progress([verdict])
            for prompt in prompts:
                solutions = tuple(_take(spool, place) for place in places[prompt.uid])
                coverage[len(solutions)] += 1
                keep(replace(prompt, solutions=solutions))
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror or error}): make room, then repeat") from error
    return BuildReport(
        prompts=len(prompts),
        solutions=sum(n * k for n, k in coverage.items()),
        teachers={source: dict(found) for source, found in counts.items()},
        coverage={n: coverage[n] for n in range(max(coverage, default=0) + 1)},
    )


def _judged(candidates: Iterable[Candidate], pool: VerifierPool) -> Iterator[tuple[Candidate, Verdict]]:
    """In order; the next ones are under way meanwhile."""
    under_way: deque[tuple[Candidate, Future[Verdict]]] = deque()
    for candidate in candidates:
        under_way.append((candidate, pool.submit(candidate.claim)))
        if len(under_way) > _AHEAD:
            first, future = under_way.popleft()
            yield first, future.result()
    for candidate, future in under_way:
        yield candidate, future.result()


def _refusal(candidate: Candidate, verdict: Verdict, max_tokens: int | None, seen: set[int]) -> str | None:
    if candidate.claim.finish_reason == "length":
        return "truncated"
    if not verdict.correct:
        return verdict.outcome
    if max_tokens is not None and candidate.tokens is not None and candidate.tokens > max_tokens:
        return "too_long"
    if repeats_itself(candidate.claim.response):
        return "repetitive"
    key = digest(f"{candidate.uid}\n{question_key(candidate.claim.response)}")
    if key in seen:
        return "duplicate"
    seen.add(key)
    return None


def _put(spool: IO[bytes], candidate: Candidate) -> int:
    solution = Solution(candidate.source, candidate.claim.response, candidate.tokens or None, verified=True)
    place = spool.tell()
    spool.write(line_of(PoolEntry(candidate.uid, "-", "-", (solution,))).encode())
    return place


def _take(spool: IO[bytes], place: int) -> Solution:
    spool.seek(place)
    return entry_of(parse_line(spool.readline(), "spool"), "spool").solutions[0]
