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
from typing import Any, TypeVar

from ampo.errors import UserError
from ampo.eval.judge.overlay import overlay
from ampo.eval.ledger import Ledger, Told, mark_of
from ampo.eval.looks import sections
from ampo.eval.metrics import Judged, summarise
from ampo.eval.progress import RunProgress
from ampo.eval.rundir import Judgement, ResponseRecord, RunDir, Say, VerdictRecord
from ampo.files import drop_torn_line, dump, write, write_json
from ampo.types import PROTOCOLS, Problem, Protocol, Verdict
from ampo.verify import Claim, VerifierPool
from ampo.verify.find.own import finder

_AHEAD = 20_000  # claims under way: enough for every worker, and little memory
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

    second: asks a judge about them, after the rules. What judges have said before is laid over the rules' new verdicts.
    """
    with run.locked():
        drop_torn_line(run.responses, say)
        drop_torn_line(run.verdicts, say)
        problems, responses = run.read_problems(), run.read_responses()
        for rule in {problem.extract for problem in problems.values()} - {""}:
            finder(rule)  # one that isn't there is said at once, and not by every worker
        if not responses:
            raise UserError(f"{run.path} has no responses yet: run the same `ampo eval` command again")
        verdicts = _kept(run, protocols, say)
        if second and "ampo" not in protocols and not any(protocol == "ampo" for _, protocol in verdicts):
            protocols = (*protocols, "ampo")
        kept: tuple[Protocol, ...] = tuple(p for p in PROTOCOLS if any(protocol == p for _, protocol in verdicts))
        with VerifierPool() as pool:
            verdicts |= judge_all(problems, responses, protocols, pool, quiet)
            made = second(problems, responses, verdicts) if second else run.read_judgements().values()
            if judged := overlay(verdicts, made):
                verdicts |= judged
                kept = (*kept, "judge")
            write(run.verdicts, "".join(dump(asdict(verdict)) for verdict in verdicts.values()))
            return write_metrics(run, problems, responses, verdicts, (*protocols, *kept), pool, quiet)


def _kept(run: RunDir, protocols: Sequence[Protocol], say: Say) -> dict[tuple[str, Protocol], VerdictRecord]:
    """The verdicts of other protocols; none of a damaged file, which is about to be written anew."""
    try:
        return {key: v for key, v in run.read_verdicts().items() if v.protocol not in (*protocols, "judge")}
    except UserError as error:
        say(f"note: {error}. It is written anew, with the verdicts of {', '.join(protocols)} alone")
        return {}


def judge_all(
    problems: Mapping[str, Problem],
    responses: Responses,
    protocols: Sequence[Protocol],
    pool: VerifierPool,
    quiet: bool,
) -> dict[tuple[str, Protocol], VerdictRecord]:
    """The verdicts on every response by each protocol; progress is shown."""
    judged: dict[tuple[str, Protocol], VerdictRecord] = {}
    under_way: deque[tuple[str, Future[Verdict]]] = deque()
    with RunProgress(len(responses) * len(protocols), 0, Counter(), quiet) as progress:

        def settle() -> None:
            response_id, future = under_way.popleft()
            verdict = VerdictRecord.of(response_id, future.result(), mark_of(responses[response_id]))
            judged[response_id, verdict.protocol] = verdict
            progress.sample(0)
            if verdict.protocol == protocols[0]:
                progress.verdict(verdict.outcome)

        for record in responses.values():
            for protocol in protocols:
                under_way.append((record.id, pool.submit(claim_of(problem_of(problems, record), record, protocol))))
            while under_way and (under_way[0][1].done() or len(under_way) > _AHEAD):
                settle()
        while under_way:
            settle()
    return judged


def write_metrics(
    run: RunDir,
    problems: Mapping[str, Problem],
    responses: Responses,
    verdicts: Verdicts,
    protocols: Sequence[Protocol],
    pool: VerifierPool,
    quiet: bool = False,
) -> dict[str, Any]:
    """Write metrics.json and return it: the first protocol's statistics, the others' under `protocols`."""
    count = len({record.problem for record in responses.values()})

    def rows(protocol: Protocol) -> list[Judged]:
        with grouping(count, quiet) as spread:
            return judged_rows(problems, responses, verdicts, protocol, pool.classes, spread)

    return _write(run, protocols, rows)


def write_run_metrics(
    run: RunDir,
    problems: Mapping[str, Problem],
    ledger: Ledger,
    protocols: Sequence[Protocol],
    pool: VerifierPool,
    quiet: bool = False,
) -> dict[str, Any]:
    """As `write_metrics`. Verdicts are read again where they stand, some problems at a time: memory stays small."""

    def rows(protocol: Protocol) -> list[Judged]:
        found: list[Judged] = []
        with grouping(len(problems), quiet) as spread, run.verdicts.open("rb") as stream:

            def verdict(place: int) -> VerdictRecord:
                stream.seek(place)
                return VerdictRecord(**json.loads(stream.readline()))

            for some in _batches(list(problems.values()), _READ_AT_ONCE):
                pairs = [
                    (p, [(told, verdict(ledger.place(p.id, told.sample, protocol))) for told in there])
                    for p in some
                    if (there := list(ledger.judged_samples(p.id, protocol)))
                ]
                found += _rows(pairs, pool.classes, spread)
        return found

    return _write(run, protocols, rows)


def _batches(problems: Sequence[Problem], size: int) -> Iterator[Sequence[Problem]]:
    return (problems[start : start + size] for start in range(0, len(problems), size))


def _write(run: RunDir, protocols: Sequence[Protocol], rows: Callable[[Protocol], list[Judged]]) -> dict[str, Any]:
    summaries = {protocol: summary(run, rows(protocol)) for protocol in protocols}
    first, *others = protocols
    metrics = summaries[first] | {"protocol": first, "protocols": {p: summaries[p] for p in others}}
    write_json(run.metrics, metrics)
    return metrics


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


def judged_rows(
    problems: Mapping[str, Problem],
    responses: Responses,
    verdicts: Verdicts,
    protocol: Protocol,
    classes: Callable[..., list[int]],
    spread: Spread = map,
) -> list[Judged]:
    """The rows that the statistics are made from, in the order of the problems and not that in which responses came.

    classes: groups a problem's answers into equivalence classes. spread: calls it for each problem, in their order.
    """
    by_problem: defaultdict[str, list[tuple[Told, VerdictRecord]]] = defaultdict(list)
    for record in responses.values():
        verdict = verdicts.get((record.id, protocol))
        if verdict is not None and record.problem in problems:
            told = Told(record.sample, record.completion_tokens, record.finish_reason)
            by_problem[record.problem].append((told, verdict))
    judged = [
        (problem, sorted(by_problem[problem.id], key=lambda pair: pair[0].sample))
        for problem in problems.values()
        if problem.id in by_problem
    ]
    return _rows(judged, classes, spread)


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


def disagreements(responses: Responses, verdicts: Verdicts, a: Protocol, b: Protocol) -> list[tuple[str, str, str]]:
    """(response id, outcome under a, outcome under b) wherever one protocol says correct and the other doesn't."""
    found = []
    for response_id in responses:
        first, second = verdicts.get((response_id, a)), verdicts.get((response_id, b))
        if first and second and (first.outcome == "correct") != (second.outcome == "correct"):
            found.append((response_id, first.outcome, second.outcome))
    return found
