"""`ampo eval`: problems -> prompts -> engine -> responses.jsonl -> verifier -> verdicts.jsonl -> metrics.json.

Generation and judging overlap: a response is written the moment it finishes and goes to the verifier's worker
processes while the engine works on. Resuming is the default: what is in responses.jsonl is not asked for again.

An adaptive run (`spec.rule`) goes round again: after each round a look decides who is asked for more
(`ampo.eval.adaptive`).

Seeds: sample i of a problem is asked for with a seed made from the run's seed, the problem's id and i alone, so that
neither the order nor an interruption changes what is asked.
"""

from __future__ import annotations

import hashlib
import queue
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import IO, Any

from ampo.engines.base import Engine, Start
from ampo.errors import EngineError, UserError
from ampo.eval.adaptive import Rule
from ampo.eval.data import fingerprint
from ampo.eval.environment import record_start
from ampo.eval.looks import Looks
from ampo.eval.progress import RunProgress
from ampo.eval.rundir import ResponseRecord, RunDir, Say, VerdictRecord
from ampo.eval.score import claim_of, problem_of, write_metrics
from ampo.files import drop_torn_line, dump
from ampo.prompts import Template
from ampo.types import Problem, Protocol, Request, SamplingParams, Verdict
from ampo.verify import VerifierPool

_SEEDS = 2**31 - 2**16  # below every endpoint's limit, with room for the sample's number


@dataclass(frozen=True, slots=True)
class Task:
    """One benchmark of a run. params.n is the number of samples of each problem; of an adaptive run, the first ones."""

    benchmark: str
    problems: Sequence[Problem]
    template: Template
    params: SamplingParams


@dataclass(frozen=True, slots=True)
class RunSpec:
    """What a run is: the same spec resumes, another is refused.

    revision: of the model, where it is known before the engine is started.
    seed: None leaves every draw to chance (and the run cannot be repeated).
    rule: of an adaptive run, when to stop.
    """

    model: str
    tasks: Sequence[Task]
    revision: str | None = None
    seed: int | None = 0
    protocols: tuple[Protocol, ...] = ("ampo",)
    rule: Rule | None = None

    def __post_init__(self) -> None:
        for task in self.tasks:
            if self.rule:
                self.rule.check(task.benchmark, task.params.n, task.params.temperature)
            if task.params.temperature == 0 and task.params.n > 1:
                raise UserError(
                    f"{task.benchmark}: {task.params.n} greedy samples would all be the same: "
                    "give a --temperature above 0, or --samples 1"
                )

    def config(self) -> dict[str, Any]:
        """What config.toml holds."""
        return {
            "schema_version": 1,
            "model": {"name": self.model, "revision": self.revision},
            "seed": self.seed,
            "benchmarks": {task.benchmark: _task_config(task) for task in self.tasks},
            **({"adaptive": self.rule.config()} if self.rule else {}),
        }

    def samples(self) -> dict[str, int]:
        """How many samples each problem has; of an adaptive run, at first."""
        return {problem.id: task.params.n for task in self.tasks for problem in task.problems}

    def requests(self, done: set[str], samples: Mapping[str, int] | None = None) -> Iterator[Request]:
        """What is still to be asked. A request's id is "<problem>#<first sample>"; missing neighbours go as one.

        samples: how many each problem is to have; default `self.samples()`.
        """
        samples = samples or self.samples()
        for task in self.tasks:
            for problem in task.problems:
                prompt = task.template.render(problem)
                for first, count in _gaps(problem.id, samples[problem.id], done):
                    seed = problem_seed(self.seed, problem.id)
                    params = replace(task.params, n=count, seed=None if seed is None else seed + first)
                    yield Request(f"{problem.id}#{first}", prompt, params)


def problem_seed(seed: int | None, problem_id: str) -> int | None:
    """The seed of a problem's sample 0; sample i has that plus i."""
    if seed is None:
        return None
    digest = hashlib.sha256(f"{seed}/{problem_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _SEEDS


def evaluate(spec: RunSpec, run: RunDir, start_engine: Start, say: Say, quiet: bool = False) -> dict[str, Any]:
    """Run what is missing, judge what is not judged, and return the metrics.

    start_engine: called only if something is left to generate.
    Raises UserError where the folder holds another run, or another process works in it.
    """
    with run.locked():
        run.check_config(spec.config())
        run.write_config(spec.config())
        run.write_problems(problem for task in spec.tasks for problem in task.problems)
        for file in (run.responses, run.verdicts):
            drop_torn_line(file, say)
        run.responses.touch()
        with VerifierPool() as pool:
            session = _Session(spec, run, pool, quiet, say)
            if session.missing and session.responses:
                say(f"resuming {run.path}: {len(session.responses)} of {session.total} samples are there")
            try:
                with ExitStack() as stack:
                    engine: Engine | None = None
                    while True:
                        if session.missing:
                            if engine is None:
                                engine = stack.enter_context(start_engine())
                                record_start(run, engine.describe(), spec.seed, say)
                            session.generate(engine)
                        session.judge_rest()
                        if not session.look():
                            break
            except (KeyboardInterrupt, EngineError):
                there = f"{len(session.responses)} of {session.total} samples"
                say(f"{there} are saved in {run.path}; the same command goes on from there")
                raise
            return write_metrics(run, session.problems, session.responses, session.verdicts, spec.protocols, pool)


class _Session:
    """One stretch of work on a run, from a start to its end or interruption."""

    def __init__(self, spec: RunSpec, run: RunDir, pool: VerifierPool, quiet: bool, say: Say) -> None:
        self.spec, self.run, self.quiet = spec, run, quiet
        self._pool = pool
        self.problems = {problem.id: problem for task in spec.tasks for problem in task.problems}
        self.responses = run.read_responses()
        self.verdicts = run.read_verdicts()
        self._looks = _looks(spec, run, say)
        self._samples = self._looks.wanted() if self._looks else spec.samples()
        self._judged: queue.SimpleQueue[tuple[str, Future[Verdict]]] = queue.SimpleQueue()
        self._pending = 0

    @property
    def total(self) -> int:
        """Samples that are wanted by now."""
        return sum(self._samples.values())

    @property
    def missing(self) -> bool:
        """Is one of them not there?"""
        return any(f"{problem}#{i}" not in self.responses for problem, n in self._samples.items() for i in range(n))

    def look(self) -> bool:
        """Of an adaptive run: decide who is asked for more samples; True where somebody is."""
        if self._looks is None or not self._looks.take(self._right):
            return False
        self._samples = self._looks.wanted()
        return True

    def _right(self, problem: str, n: int) -> list[bool]:
        first = self.spec.protocols[0]
        return [self.verdicts[f"{problem}#{i}", first].outcome == "correct" for i in range(n)]

    def generate(self, engine: Engine) -> None:
        """Ask for what is missing, and judge it as it comes."""
        with self._progress() as progress, self.run.responses.open("a", encoding="utf-8") as file:
            self._submit_unjudged()
            for request_id, index, response in engine.generate(self.spec.requests(set(self.responses), self._samples)):
                problem, _, first = request_id.rpartition("#")
                sample = int(first) + index
                seed = problem_seed(self.spec.seed, problem)
                record = ResponseRecord.of(problem, sample, None if seed is None else seed + sample, response)
                _append(file, asdict(record))
                self.responses[record.id] = record
                progress.sample(record.completion_tokens)
                self._submit(record, self.spec.protocols)
                self._collect(progress, wait=False)
            self._collect(progress, wait=True)

    def judge_rest(self) -> None:
        """Judge what an interruption left unjudged."""
        if any(True for _ in self._unjudged()):
            with self._progress() as progress:
                self._submit_unjudged()
                self._collect(progress, wait=True)

    def _progress(self) -> RunProgress:
        first = self.spec.protocols[0]
        outcomes = Counter(v.outcome for (_, protocol), v in self.verdicts.items() if protocol == first)
        return RunProgress(self.total, len(self.responses), outcomes, self.quiet)

    def _unjudged(self) -> Iterator[tuple[ResponseRecord, Protocol]]:
        for record in self.responses.values():
            for protocol in self.spec.protocols:
                if (record.id, protocol) not in self.verdicts:
                    yield record, protocol

    def _submit_unjudged(self) -> None:
        for record, protocol in list(self._unjudged()):
            self._submit(record, (protocol,))

    def _submit(self, record: ResponseRecord, protocols: tuple[Protocol, ...]) -> None:
        for protocol in protocols:
            future = self._pool.submit(claim_of(problem_of(self.problems, record), record, protocol))
            self._pending += 1
            future.add_done_callback(lambda f, i=record.id: self._judged.put((i, f)))

    def _collect(self, progress: RunProgress, wait: bool) -> None:
        """Write the verdicts that have come in; with `wait`, all that are under way."""
        with self.run.verdicts.open("a", encoding="utf-8") as file:
            while self._pending and (wait or not self._judged.empty()):
                response_id, future = self._judged.get()
                self._pending -= 1
                verdict = VerdictRecord.of(response_id, future.result())
                _append(file, asdict(verdict))
                self.verdicts[verdict.id, verdict.protocol] = verdict
                if verdict.protocol == self.spec.protocols[0]:
                    progress.verdict(verdict.outcome)


def _looks(spec: RunSpec, run: RunDir, say: Say) -> Looks | None:
    if spec.rule is None:
        return None
    ids = {task.benchmark: [problem.id for problem in task.problems] for task in spec.tasks}
    return Looks(run, spec.rule, ids, {task.benchmark: task.params.n for task in spec.tasks}, say)


def _append(file: IO[str], row: dict[str, Any]) -> None:
    try:
        file.write(dump(row))
        file.flush()
    except OSError as error:
        raise UserError(f"cannot write {file.name} ({error.strerror}): make room, then run the same command") from error


def _gaps(problem_id: str, n: int, done: set[str]) -> Iterator[tuple[int, int]]:
    """(first, count) of each stretch of samples that are missing."""
    first = None
    for sample in range(n + 1):
        missing = sample < n and f"{problem_id}#{sample}" not in done
        if missing and first is None:
            first = sample
        elif not missing and first is not None:
            yield first, sample - first
            first = None


def _task_config(task: Task) -> dict[str, Any]:
    sampling = task.params.to_dict()
    rules = sorted({problem.extract for problem in task.problems} - {""})
    kinds = sorted({problem.kind for problem in task.problems} - {"auto"})
    return {
        "problems": len(task.problems),
        "problems_sha256": fingerprint(task.problems),
        "samples": sampling.pop("n"),
        "sampling": {key: value for key, value in sampling.items() if key != "seed"},
        "prompt": _prompt_config(task),
        **({"answer_kind": kinds} if kinds else {}),
        **({"extract": rules} if rules else {}),
    }


def _prompt_config(task: Task) -> dict[str, Any]:
    """The template's parts that the model reads."""
    template = task.template
    options = {"options_line": template.options_line} if any(problem.options for problem in task.problems) else {}
    return {"template": template.name, "system": template.system, "user": template.user, **options}
