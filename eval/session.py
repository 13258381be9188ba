"""One stretch of work on a run, from a start to its end or interruption: ask, write, judge, all at the same time.

Memory does not grow with the run: texts go to disk, and what is remembered is in the ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ampo.console import Say
from ampo.engines.asking import named, samples_of
from ampo.engines.base import Engine
from ampo.errors import EngineError
from ampo.eval.fields import fault
from ampo.eval.judging import Judging
from ampo.eval.ledger import Ledger
from ampo.eval.looks import Looks
from ampo.eval.progress import RunProgress
from ampo.eval.records import ResponseRecord, VerdictRecord
from ampo.eval.rundir import RunDir
from ampo.eval.seeds import problem_seed
from ampo.eval.verdicts import mark_of
from ampo.files import Lines, fields_of
from ampo.types import Problem, Protocol
from ampo.verify import VerifierPool

if TYPE_CHECKING:
    from ampo.eval.run import RunSpec


class Session:
    """See the module's docstring.

    Args:
        spec: What is asked.
        run: Where responses and verdicts are kept.
        problems: Of the whole run by id, those that are not asked now included.
        quiet: Show no progress.
        say: Takes notes on what was found in the folder.
    """

    def __init__(self, spec: RunSpec, run: RunDir, problems: Mapping[str, Problem], quiet: bool, say: Say) -> None:
        self.spec, self.run, self.quiet = spec, run, quiet
        self.problems = problems
        self.ledger = Ledger.of(run, quiet)
        self._looks = _looks(spec, run, say)
        self._samples = self._looks.wanted() if self._looks else spec.samples()

    @property
    def total(self) -> int:
        """Samples that are wanted by now."""
        return sum(self._samples.values())

    @property
    def there(self) -> int:
        """Those of them that are there."""
        return sum(f"{problem}#{i}" in self.ledger for problem, n in self._samples.items() for i in range(n))

    @property
    def missing(self) -> bool:
        """Is one of them not there?"""
        return any(f"{problem}#{i}" not in self.ledger for problem, n in self._samples.items() for i in range(n))

    @property
    def unjudged(self) -> int:
        """Verdicts that are missing on what is there."""
        return self.ledger.unjudged(self.spec.protocols)

    def look(self) -> bool:
        """Of an adaptive run: decide who is asked for more samples; True where somebody is."""
        if self._looks is None or not self._looks.take(self._right):
            return False
        self._samples = self._looks.wanted()
        return True

    def _right(self, problem: str, n: int) -> list[bool]:
        return [self.ledger.outcome(problem, i, self.spec.protocols[0]) == "correct" for i in range(n)]

    def generate(self, engine: Engine, pool: VerifierPool) -> None:
        """Ask for what is missing, and judge it as it comes."""
        with self._judging(pool, engine) as (judging, progress), Lines(self.run.responses) as file:
            self._judge_what_is_there(judging)
            for request_id, index, response in samples_of(engine, self.spec.requests(self.ledger, self._samples)):
                problem, _, first = request_id.rpartition("#")
                sample = int(first) + index
                seed = problem_seed(self.spec.seed, problem)
                record = ResponseRecord.of(problem, sample, None if seed is None else seed + sample, response)
                row = fields_of(record)
                if wrong := fault(row, ResponseRecord):  # before it is written: nobody could read the file again
                    raise EngineError(f"{named(engine)} gave a response that {wrong}")
                file.append(row)
                mark = self.ledger.add(record)
                progress.sample(record.completion_tokens)
                judging.submit(record, self.spec.protocols, mark)
                judging.collect(wait=False)

    def judge_rest(self, pool: VerifierPool) -> None:
        """Judge what an interruption left unjudged."""
        if self.unjudged:
            with self._judging(pool) as (judging, _):
                self._judge_what_is_there(judging)

    @contextmanager
    def _judging(self, pool: VerifierPool, engine: Engine | None = None) -> Iterator[tuple[Judging, RunProgress]]:
        first = self.spec.protocols[0]
        outcomes = Counter(self.ledger.outcomes[first])
        activity = engine.activity if engine else None
        with (
            RunProgress(self.total, self.there, outcomes, self.quiet, activity=activity) as progress,
            Lines(self.run.verdicts) as file,
        ):

            def write(verdict: VerdictRecord) -> None:
                self.ledger.judged(verdict, file.append(fields_of(verdict)))
                if verdict.protocol == first:
                    progress.verdict(verdict.outcome)

            judging = Judging(self.problems, pool, write)
            yield judging, progress
            judging.collect(wait=True)

    def _judge_what_is_there(self, judging: Judging) -> None:
        """Texts are read again, one after the other."""
        if not self.unjudged:
            return
        for record in self.run.scan_responses():
            mark = mark_of(record)
            if mark != self.ledger.mark(record.problem, record.sample):
                continue  # a later response has its id, and counts
            open_: list[Protocol] = [
                p for p in self.spec.protocols if self.ledger.outcome(record.problem, record.sample, p) is None
            ]
            judging.submit(record, open_, mark)
            judging.collect(wait=False)


def _looks(spec: RunSpec, run: RunDir, say: Say) -> Looks | None:
    if spec.rule is None:
        return None
    ids = {task.benchmark: [problem.id for problem in task.problems] for task in spec.tasks}
    return Looks(run, spec.rule, ids, {task.benchmark: task.params.n for task in spec.tasks}, say)
