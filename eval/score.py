"""`ampo score`: judge the responses of a run, again or with another protocol, and write the metrics.

Needs no engine and no data set: the run directory holds the problems.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, TypeVar

from ampo.errors import UserError
from ampo.eval.judge.overlay import overlay
from ampo.eval.ledger import Ledger, Told, mark_of
from ampo.eval.looks import sections
from ampo.eval.metrics import Judged, summarise
from ampo.eval.progress import RunProgress
from ampo.eval.records import Judgement, ResponseRecord, VerdictRecord
from ampo.eval.rundir import RunDir, Say, verdicts_in
from ampo.files import drop_torn_line, dump, replacing, write_json
from ampo.types import PROTOCOLS, RULES, Problem, Protocol, Verdict
from ampo.verify import Claim, VerifierPool
from ampo.verify.find.own import finder

_TEXTS = 1024  # texts that wait for a worker: enough for every worker, and little memory
_AHEAD = 20_000  # verdicts that wait for an earlier one, so that a slow one doesn't hold up the workers
_READ_AT_ONCE = 256  # problems whose verdicts are in memory together
_AT_ONCE = 16  # problems that are grouped at the same time
_MANY = 500  # problems from which on grouping takes long enough to be shown

_T = TypeVar("_T")
Spread = Callable[[Callable[..., list[int]], Sequence[Any]], Iterable[list[int]]]
"""As `map`: calls a function for each of several problems, and gives the results in their order."""
Responses = Mapping[str, ResponseRecord]
Verdicts = Mapping[tuple[str, Protocol], VerdictRecord]
SecondOpinion = Callable[[Mapping[str, Problem], Responses, Verdicts], Iterable[Judgement]]
"""Asks a judge about responses with their verdicts by the rules, and returns its judgements."""


def problem_of(problems: Mapping[str, Problem], record: ResponseRecord) -> Problem:
    """What a response answers. Raises UserError where the run doesn't have that problem."""
    problem = problems.get(record.problem)
    if problem is None:
        raise UserError(
            f"responses.jsonl has {record.id!r}, and problems.jsonl no problem {record.problem!r}: "
            "are they of one run? Else remove that line"
        )
    return problem


def claim_of(problem: Problem, record: ResponseRecord, protocol: Protocol) -> Claim:
    """What the verifier is asked about a response."""
    return Claim.of(problem, record.text, record.finish_reason, protocol)


def rescore(
    run: RunDir, protocols: Sequence[Protocol], say: Say, quiet: bool = False, second: SecondOpinion | None = None
) -> dict[str, Any]:
    """Judge every response anew with each protocol and return the metrics. Verdicts of other protocols stay.

    Texts are read one after the other and verdicts are written as they come: memory hardly grows with the run.

    Args:
        run: The run's folder.
        protocols: The first one's figures become the run's.
        say: Takes each line of progress.
        quiet: No live line.
        second: Asks a judge about them, after the rules. What judges have said before is laid over the rules' new
            verdicts.
    """
    with run.locked():
        drop_torn_line(run.responses, say)
        drop_torn_line(run.verdicts, say)
        problems, responses = run.read_problems(), run.read_responses()
        for rule in {problem.extract for problem in problems.values()} - {""}:
            finder(rule)  # one that isn't there is said at once, and not by every worker
        if not responses:
            raise UserError(f"{run.path} has no responses yet: run the same `ampo eval` command again")
        old = _old(run, protocols, say)
        kept = {p for p in RULES if p not in protocols and any(protocol == p for _, protocol in old)}
        if second and "ampo" not in (*protocols, *kept):
            protocols = (*protocols, "ampo")
        with VerifierPool() as pool:
            with replacing(run.verdicts) as stream:

                def write(verdict: VerdictRecord) -> None:
                    stream.write(dump(asdict(verdict)).encode())

                for key in (key for key in old if key[1] in kept):
                    write(old[key])
                judge_all(problems, responses, protocols, pool, write, quiet)
                stream.flush()
                rules = verdicts_in(Path(stream.name))
                made = second(problems, responses, rules) if second else run.read_judgements().values()
                for verdict in overlay(rules, made):
                    write(verdict)
            ledger = Ledger.of(run, quiet)
            others: list[Protocol] = [p for p in PROTOCOLS if p not in protocols and ledger.outcomes[p].total()]
            return write_metrics(run, problems, ledger, (*protocols, *others), pool, quiet)


def _old(run: RunDir, protocols: Sequence[Protocol], say: Say) -> Verdicts:
    """The verdicts that are there; none of a damaged file, which is about to be written anew."""
    try:
        return run.read_verdicts()
    except UserError as error:
        say(f"note: {error}. It is written anew, with the verdicts of {', '.join(protocols)} alone")
        return {}


def judge_all(
    problems: Mapping[str, Problem],
    responses: Responses,
    protocols: Sequence[Protocol],
    pool: VerifierPool,
    write: Callable[[VerdictRecord], object],
    quiet: bool,
) -> None:
    """Give `write` the verdicts on every response by each protocol, in the responses' order; progress is shown."""
    under_way: deque[tuple[str, str, Future[Verdict]]] = deque()
    room = BoundedSemaphore(_TEXTS)
    with RunProgress(len(responses) * len(protocols), 0, Counter(), quiet) as progress:

        def settle() -> None:
            response_id, mark, future = under_way.popleft()
            verdict = VerdictRecord.of(response_id, future.result(), mark)
            write(verdict)
            progress.sample(0)
            if verdict.protocol == protocols[0]:
                progress.verdict(verdict.outcome)

        for record in responses.values():
            for protocol in protocols:
                room.acquire()
                future = pool.submit(claim_of(problem_of(problems, record), record, protocol))
                future.add_done_callback(lambda _: room.release())
                under_way.append((record.id, mark_of(record), future))
            while under_way and (under_way[0][2].done() or len(under_way) > _AHEAD):
                settle()
        while under_way:
            settle()


def write_metrics(
    run: RunDir,
    problems: Mapping[str, Problem],
    ledger: Ledger,
    protocols: Sequence[Protocol],
    pool: VerifierPool,
    quiet: bool = False,
) -> dict[str, Any]:
    """Write metrics.json and return it: the first protocol's statistics, the others' under `protocols`."""
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
    """What metrics.json holds."""
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

        def verdict(place: int) -> VerdictRecord:
            stream.seek(place)
            return VerdictRecord(**json.loads(stream.readline()))

        for some in _batches(list(problems.values()), _READ_AT_ONCE):
            pairs = [
                (p, [(told, verdict(ledger.place(p.id, told.sample, protocol))) for told in there])
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
                outcome=verdict.outcome,
                vote=vote,
                completion_tokens=told.tokens,
                finish_reason=told.finish,
                shown=verdict.shown,
            )
            for (told, verdict), vote in zip(pairs, votes, strict=True)
        ]
    return rows


def disagreements(responses: Iterable[str], verdicts: Verdicts, a: Protocol, b: Protocol) -> list[str]:
    """The ids of the responses that one protocol says are correct and the other doesn't."""
    found = []
    for response_id in responses:
        first, second = verdicts.get((response_id, a)), verdicts.get((response_id, b))
        if first and second and (first.outcome == "correct") != (second.outcome == "correct"):
            found.append(response_id)
    return found
