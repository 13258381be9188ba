"""`ampo score`: judge the responses of a run, again or with another protocol, and write the metrics.

Needs no engine and no data set: the run directory holds the problems.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from ampo.console import Say
from ampo.errors import UserError
from ampo.eval import extraction
from ampo.eval.judge.overlay import overlay
from ampo.eval.ledger import Ledger
from ampo.eval.measure import write_metrics
from ampo.eval.progress import RunProgress
from ampo.eval.records import Judgement, ResponseRecord, VerdictRecord
from ampo.eval.resume import has_responses
from ampo.eval.rundir import RunDir
from ampo.eval.suites import Benchmark
from ampo.eval.unjudged import name_unjudged
from ampo.eval.verdicts import Verdicts, mark_of
from ampo.files import drop_torn_line, dump, fields_of, replacing
from ampo.types import PROTOCOLS, RULES, Problem, Protocol, Verdict
from ampo.verify import Claim, VerifierPool

_TEXTS = 1024  # texts that wait for a worker: enough for every worker, and little memory
_AHEAD = 20_000  # verdicts that wait for an earlier one, so that a slow one doesn't hold up the workers

Responses = Mapping[str, ResponseRecord]
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
    run: RunDir,
    protocols: Sequence[Protocol],
    say: Say,
    quiet: bool = False,
    second: SecondOpinion | None = None,
    benchmarks: Sequence[Benchmark] = (),
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
        benchmarks: Whose answers are found as these say now, and no more as they did when the run was made. (The code
            of a function is the present one in any case.)
    """
    with run.locked():
        drop_torn_line(run.responses, say)
        drop_torn_line(run.verdicts, say)
        problems = extraction.present(run, benchmarks)
        if not has_responses(run):
            raise UserError(f"{run.path} has no responses yet: run the same `ampo eval` command again")
        with VerifierPool(eager=False) as pool:
            protocols = _judge_anew(run, problems, protocols, pool, say, quiet, second)
            ledger = Ledger.of(run, quiet)
            others: list[Protocol] = [p for p in PROTOCOLS if p not in protocols and ledger.outcomes[p].total()]
            metrics = write_metrics(run, problems, ledger, (*protocols, *others), pool, quiet)
        name_unjudged(run, ledger, protocols, say)
        return metrics


def _judge_anew(
    run: RunDir,
    problems: Mapping[str, Problem],
    protocols: Sequence[Protocol],
    pool: VerifierPool,
    say: Say,
    quiet: bool,
    second: SecondOpinion | None,
) -> Sequence[Protocol]:
    """Write the verdicts anew, and return by which protocols the responses were judged: those given, and our rules
    where a judge is asked, or where their verdicts are by another extraction.
    """
    old = _old(run, protocols, say)
    there = old.protocols if old else ()
    if "ampo" not in protocols and (extraction.is_another(run, problems) if "ampo" in there else second):
        protocols = (*protocols, "ampo")
    kept: list[Protocol] = [p for p in RULES if p in there and p not in protocols]
    with replacing(run.verdicts) as stream:

        def write(verdict: VerdictRecord) -> None:
            stream.write(dump(fields_of(verdict)).encode())

        for verdict in old.by(*kept) if old else ():
            write(verdict)
        responses = run.read_responses()
        judge_all(problems, responses, protocols, pool, write, quiet)
        judgements = run.read_judgements().values()
        if second or judgements:
            stream.flush()
            rules = Verdicts(Path(stream.name))
            for verdict in overlay(rules, second(problems, responses, rules) if second else judgements):
                write(verdict)
        extraction.record(run, problems)  # together with the verdicts, which take their place now
    return protocols


def _old(run: RunDir, protocols: Sequence[Protocol], say: Say) -> Verdicts | None:
    """The verdicts that are there; None of a damaged file."""
    try:
        return run.read_verdicts()
    except UserError as error:
        say(f"note: {error}. It is written anew, with the verdicts of {', '.join(protocols)} alone")
        return None


def judge_all(
    problems: Mapping[str, Problem],
    responses: Responses,
    protocols: Sequence[Protocol],
    pool: VerifierPool,
    write: Callable[[VerdictRecord], object],
    quiet: bool,
) -> None:
    """Judge every response by each protocol; progress is shown.

    Args:
        problems: By id, those of all responses.
        responses: What is judged.
        protocols: Whose rules judge; progress shows the first one's outcomes.
        pool: Judges.
        write: Takes the verdicts, in the responses' order.
        quiet: Show no progress.
    """
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


def disagreements(responses: Responses, verdicts: Verdicts, a: Protocol, b: Protocol) -> list[str]:
    """The ids of the responses that one protocol says are correct and the other doesn't.

    Args:
        responses: By id.
        verdicts: On them; a response that lacks one by either protocol is passed over.
        a: The one protocol.
        b: The other.
    """
    found = []
    for record in responses.values():
        there = verdicts.on(record)
        if a in there and b in there and there[a].correct != there[b].correct:
            found.append(record.id)
    return found
