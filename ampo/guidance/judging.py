"""Solutions through the one verifier: the same that judges a model's own attempts and a benchmark's responses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import NamedTuple

from ampo.guidance.formats import PoolEntry
from ampo.types import Problem, Solution, Verdict
from ampo.verify import Claim, VerifierPool

_AHEAD = 256  # entries under way at a time: enough for every worker, and little memory


class Judged(NamedTuple):
    """An entry, where it stands, and the verifier's verdict on each of its solutions."""

    where: str
    entry: PoolEntry
    verdicts: tuple[Verdict, ...]


def judge(entries: Iterable[tuple[str, PoolEntry]], pool: VerifierPool, trust: bool = False) -> Iterator[Judged]:
    """Each (where, entry) with its verdicts, in order; the next ones are under way meanwhile.

    trust: a solution whose judgement is recorded in the pool (`verified`) is not judged again.
    """
    under_way: deque[tuple[str, PoolEntry, list[Future[Verdict] | Verdict]]] = deque()
    for where, entry in entries:
        verdicts = [(trust and _recorded(s)) or pool.submit(_claim(entry, s)) for s in entry.solutions]
        under_way.append((where, entry, verdicts))
        if len(under_way) > _AHEAD:
            yield _settled(*under_way.popleft())
    while under_way:
        yield _settled(*under_way.popleft())


def _claim(entry: PoolEntry, solution: Solution) -> Claim:
    problem = Problem(entry.uid, entry.question, entry.answer)  # a pool's question shows its options
    return Claim.of(problem, solution.content, finish_reason=None)


def _recorded(solution: Solution) -> Verdict | None:
    if solution.verified is None:
        return None
    return Verdict("correct" if solution.verified else "wrong", reason="as recorded in the pool")


def _settled(where: str, entry: PoolEntry, verdicts: list[Future[Verdict] | Verdict]) -> Judged:
    return Judged(where, entry, tuple(v if isinstance(v, Verdict) else v.result() for v in verdicts))
