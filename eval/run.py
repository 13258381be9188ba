"""`ampo eval`: problems -> prompts -> engine -> responses.jsonl -> verifier -> verdicts.jsonl -> metrics.json.

Generation and judging overlap: a response is written the moment it finishes and goes to the verifier's worker
processes while the engine works on. Resuming is the default: what is in responses.jsonl is not asked for again.

An adaptive run (`spec.rule`) goes round again: after each round a look decides who is asked for more
(`ampo.eval.adaptive`).

Seeds: sample i of a problem is asked for with a seed made from the run's seed, the problem's id and i alone, so that
neither the order nor an interruption changes what is asked.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from ampo.console import Say
from ampo.engines.base import Engine, Start
from ampo.errors import EngineError, UserError
from ampo.eval import extraction
from ampo.eval.adaptive import Rule
from ampo.eval.data import fingerprint
from ampo.eval.environment import record_end, record_start
from ampo.eval.measure import write_metrics
from ampo.eval.resume import check_folder, has_responses, joined
from ampo.eval.rundir import RunDir
from ampo.eval.seeds import problem_seed
from ampo.eval.session import Session
from ampo.eval.unjudged import name_unjudged
from ampo.files import drop_torn_line
from ampo.prompts import Template
from ampo.types import Problem, Protocol, Request, SamplingParams
from ampo.verify import VerifierPool


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

    def requests(self, done: Container[str], samples: Mapping[str, int] | None = None) -> Iterator[Request]:
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


def evaluate(spec: RunSpec, run: RunDir, start_engine: Start, say: Say, quiet: bool = False) -> dict[str, Any]:
    """Run what is missing, judge what is not judged, and return the metrics.

    Args:
        spec: What the run is.
        run: Its folder.
        start_engine: Called only if something is left to generate.
        say: Takes each line of progress.
        quiet: No live line.

    Returns:
        What metrics.json holds.

    Raises:
        UserError: The folder holds another run, or another process works in it.
    """
    check_folder(run)
    with run.locked(), interruptible():
        run.write_config(joined(run, spec.config(), say))
        problems = run.read_problems() if has_responses(run) and run.problems.exists() else {}
        problems |= {problem.id: problem for task in spec.tasks for problem in task.problems}
        run.write_problems(problems.values())
        for file in (run.responses, run.verdicts):
            drop_torn_line(file, say)
        if not run.responses.exists():
            run.responses.touch()
        session = Session(spec, run, problems, quiet, say)  # pyright: ignore[reportArgumentType]  (one class under two paths)
        finished = not session.missing and not session.unjudged and not session.look()
        metrics = run.fresh_metrics(spec.protocols) if finished else None
        metrics = _work(session, start_engine, say) if metrics is None else metrics
        name_unjudged(run, session.ledger, spec.protocols, say)
        return metrics


def _work(session: Session, start_engine: Start, say: Say) -> dict[str, Any]:
    """Ask and judge until nothing is missing."""
    spec, run = session.spec, session.run
    if session.missing and session.ledger.responses:
        say(f"resuming {run.path}: {session.there} of {session.total} samples are there")
    engine: Engine | None = None
    try:
        with VerifierPool(eager=False) as pool, ExitStack() as stack:
            while True:
                if session.missing:
                    if engine is None:
                        engine = stack.enter_context(start_engine())
                        record_start(run, engine.describe(), spec.seed, say)
                    session.generate(engine, pool)
                session.judge_rest(pool)
                if not session.look():
                    break
            if engine is not None:
                record_end(run, engine.describe())
            return write_metrics(run, session.problems, session.ledger, spec.protocols, pool, session.quiet)
    except (KeyboardInterrupt, EngineError, UserError):
        if session.ledger.responses:
            there = f"{session.there} of {session.total} samples"
            say(f"{there} are saved in {run.path}; the same command goes on from there")
        if engine is not None:
            with suppress(UserError):  # a full disk may be what has ended it
                record_end(run, engine.describe())
        raise


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and SIGHUP end a run as Ctrl-C does: what is saved is said. What is ignored (nohup) stays so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGHUP)}
    ours = [s for s, handler in before.items() if handler is signal.SIG_DFL]
    for s in ours:
        signal.signal(s, interrupt)
    try:
        yield
    finally:
        for s in ours:
            signal.signal(s, signal.SIG_DFL)


def _gaps(problem_id: str, n: int, done: Container[str]) -> Iterator[tuple[int, int]]:
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
    kinds = sorted({problem.kind for problem in task.problems} - {"auto"})
    return {
        "problems": len(task.problems),
        "problems_sha256": fingerprint(task.problems),
        "samples": sampling.pop("n"),
        "sampling": {key: value for key, value in sampling.items() if key != "seed"},
        "prompt": _prompt_config(task),
        **({"answer_kind": kinds} if kinds else {}),
        **extraction.described(task.problems),
    }


def _prompt_config(task: Task) -> dict[str, Any]:
    """The template's parts that the model reads."""
    template = task.template
    options = {"options_line": template.options_line} if any(problem.options for problem in task.problems) else {}
    return {"template": template.name, "system": template.system, "user": template.user, **options}
