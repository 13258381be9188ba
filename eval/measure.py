"""From a run's verdicts to its metrics.json: which samples count, and which answers of a problem are the same.

What the figures are is in `ampo.eval.metrics`. Verdicts are read where they stand, some problems at a time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from ampo.eval.ledger import Ledger, Told
from ampo.eval.looks import sections
from ampo.eval.metrics import Judged, summarise
from ampo.eval.progress import RunProgress
from ampo.eval.records import VerdictRecord
from ampo.eval.rundir import RunDir
from ampo.eval.stored import read_at
from ampo.files import write_json
from ampo.types import OUTCOMES, Outcome, Problem, Protocol
from ampo.verify import VerifierPool

_READ_AT_ONCE = 64  # problems whose verdicts are in memory together
_AT_ONCE = 16  # problems that are grouped at the same time
_MANY = 500  # problems from which on grouping takes long enough to be shown
_ONE_TEXT: dict[Outcome, Outcome] = {outcome: outcome for outcome in OUTCOMES}
"""One text for all samples, where each has its own from the file."""

_T = TypeVar("_T")
Spread = Callable[[Callable[..., list[int]], Sequence[Any]], Iterable[list[int]]]
"""As `map`: calls a function for each of several problems, and gives the results in their order."""


def write_metrics(
    run: RunDir,
    problems: Mapping[str, Problem],
    ledger: Ledger,
    protocols: Sequence[Protocol],
    pool: VerifierPool,
    quiet: bool = False,
) -> dict[str, Any]:
    """Write metrics.json and return it: the first protocol's statistics, the others' under `protocols`.

    Args:
        run: Where it is written.
        problems, ledger, protocols, pool, quiet: As of `measure`.
    """
    metrics = measure(run, problems, ledger, protocols, pool, quiet)
    write_json(run.metrics, metrics)
    return metrics


def measure(
    run: RunDir,
    problems: Mapping[str, Problem],
    ledger: Ledger,
    protocols: Sequence[Protocol],
    pool: VerifierPool,
    quiet: bool = False,
) -> dict[str, Any]:
    """What metrics.json holds: the first protocol's statistics, the others' under `protocols`.

    Args:
        run: Whose responses count.
        problems: By id.
        ledger: Which responses and verdicts the run has.
        protocols: Whose verdicts count, the main one first.
        pool: Groups equal answers, for majority votes.
        quiet: Show no progress.
    """
    summaries: dict[Protocol, dict[str, Any]] = {}
    for protocol in protocols:
        with grouping(len(problems), quiet) as spread:
            summaries[protocol] = summary(run, judged_rows(run, problems, ledger, protocol, pool.classes, spread))
    first, *others = protocols
    return summaries[first] | {"protocol": first, "protocols": {p: summaries[p] for p in others}}


def judged_rows(
    run: RunDir,
    problems: Mapping[str, Problem],
    ledger: Ledger,
    protocol: Protocol,
    classes: Callable[..., list[int]],
    spread: Spread = map,
) -> list[Judged]:
    """The rows that the statistics are made from, in the order of the problems and not that in which responses came.

    Verdicts are read again where they stand, some problems at a time: memory stays small.

    Args:
        run: The run's folder.
        problems: By id.
        ledger: What has been answered and judged.
        protocol: Whose verdicts.
        classes: Groups a problem's answers into equivalence classes.
        spread: Calls it for each problem, in their order.
    """
    found: list[Judged] = []
    if not ledger.outcomes[protocol].total():
        return found
    with run.verdicts.open("rb") as stream:

        def verdict(problem: str, sample: int) -> VerdictRecord:
            place, wanted = ledger.place(problem, sample, protocol), (f"{problem}#{sample}", protocol)
            return read_at(stream, place, VerdictRecord, lambda found: (found.id, found.protocol) == wanted)

        for some in _batches(list(problems.values()), _READ_AT_ONCE):
            pairs = [
                (p, [(told, verdict(p.id, told.sample)) for told in there])
                for p in some
                if (there := list(ledger.judged_samples(p.id, protocol)))
            ]
            found += _rows(pairs, classes, spread)
    return found


def _batches(problems: Sequence[Problem], size: int) -> Iterator[Sequence[Problem]]:
    return (problems[start : start + size] for start in range(0, len(problems), size))


@contextmanager
def grouping(problems: int, quiet: bool) -> Iterator[Spread]:
    """Several problems at a time, so that one that waits for the pool's workers holds up no other. Shows progress where
    there are many.
    """
    threads = ThreadPoolExecutor(_AT_ONCE, "ampo-group")
    try:
        with RunProgress(problems, 0, Counter(), quiet or problems < _MANY, unit="problems grouped") as progress:

            def spread(group: Callable[[_T], list[int]], calls: Sequence[_T]) -> Iterator[list[int]]:
                for votes in threads.map(group, calls):
                    progress.sample(0)
                    yield votes

            yield spread
    finally:
        threads.shutdown(cancel_futures=True)


def summary(run: RunDir, rows: Sequence[Judged]) -> dict[str, Any]:
    """The statistics; of an adaptive run with what its sampling was, under each benchmark's `adaptive`."""
    summary = summarise(rows)
    config = run.read_config() if run.config.exists() else {}
    outcomes: defaultdict[str, defaultdict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(rows, key=lambda row: row.sample):
        outcomes[row.benchmark][row.problem].append(row.outcome == "correct")
    for name, section in sections(run, config, outcomes).items():
        summary["benchmarks"][name]["adaptive"] = section
    return summary


def _rows(
    judged: Sequence[tuple[Problem, list[tuple[Told, VerdictRecord]]]],
    classes: Callable[..., list[int]],
    spread: Spread,
) -> list[Judged]:
    """Of problems with their samples and verdicts, in order."""

    def group(call: tuple[Problem, list[tuple[Told, VerdictRecord]]]) -> list[int]:
        problem, pairs = call
        answers = [verdict.extracted for _, verdict in pairs]
        return classes(answers, kind=problem.kind, options=problem.options, question=problem.question)

    rows: list[Judged] = []
    for (problem, pairs), votes in zip(judged, spread(group, judged), strict=True):
        rows += [
            Judged(
                benchmark=problem.benchmark,
                problem=problem.id,
                sample=told.sample,
                outcome=_ONE_TEXT[verdict.outcome],
                vote=vote,
                completion_tokens=told.tokens,
                finish_reason=told.finish,
                shown=verdict.shown,
            )
            for (told, verdict), vote in zip(pairs, votes, strict=True)
        ]
    return rows
