"""`ampo eval --harness lm-eval`: lm-eval's tasks and scores, our engines, and a run that survives.

A run directory holds `config.toml` and `environment.json` as any other, `answers.jsonl` (each answer of the engine,
written as it comes), lm-eval's own files in `<model>/` (`results_<date>.json`, `samples_<task>_<date>.jsonl`), and
`metrics.json`, which is read from them. The same command resumes.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ampo.console import Say
from ampo.engines.base import Engine, Start
from ampo.errors import EngineError, MissingExtraError, UserError, nearest
from ampo.eval import lm_eval_results
from ampo.eval.environment import environment
from ampo.eval.resume import check_config, check_folder
from ampo.eval.rundir import RunDir
from ampo.files import first_line, write_json
from ampo.models import offline

if TYPE_CHECKING:
    from lm_eval.api.group import Group
    from lm_eval.api.task import Task

OURS = "ampo"  # what the names of our own tasks begin with
OPTIONS = (
    "num_fewshot",
    "apply_chat_template",
    "fewshot_as_multiturn",
    "system_instruction",
    "bootstrap_iters",
    "confirm_run_unsafe_code",
    "include_path",
)
"""What may be passed on to lm-eval, by its own names."""


@dataclass(frozen=True)
class HarnessSpec:
    """What a run is: the same resumes, another is refused.

    tasks: names, groups, tags or patterns of lm-eval, or paths of task YAMLs.
    limit: the first problems of each task, or below 1 their share.
    samples: of each problem, where a task generates; None is the task's own number.
    generation: lm-eval's generation_kwargs, over every task's own.
    options: see OPTIONS. metadata: for our own tasks (see `ampo.eval.lm_eval_tasks.task`).
    """

    tasks: Sequence[str]
    model: str
    revision: str | None = None
    limit: float | None = None
    samples: int | None = None
    seed: int | None = 0
    generation: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.tasks:
            raise UserError("name the tasks of lm-eval to run: --suite arc_easy,ampo_math500")
        if self.limit is not None and self.limit <= 0:
            raise UserError(f"--limit {self.limit}: it must be at least 1")
        for name in self.options:
            if name not in OPTIONS:
                raise UserError(f"lm-eval has no option {name!r} here: {nearest(name, OPTIONS, 'an option')}")
        ours = sum(Path(name).name.startswith(OURS) for name in self.tasks)
        if "apply_chat_template" not in self.options and 0 < ours < len(self.tasks):
            raise UserError(
                "our tasks go through the model's chat template, lm-eval's don't unless told to: "
                "say --harness-arg apply_chat_template=true or =false for both, or run them apart"
            )

    @property
    def chat(self) -> bool | str:
        """Whether prompts go through the chat template: as told, else for our own tasks."""
        return self.options.get("apply_chat_template", Path(self.tasks[0]).name.startswith(OURS))

    def config(self) -> dict[str, Any]:
        """What config.toml holds."""
        return {
            "schema_version": 1,
            "harness": "lm-eval",
            "lm_eval_version": version("lm-eval"),
            "model": {"name": self.model, "revision": self.revision},
            "seed": self.seed,
            "tasks": list(self.tasks),
            "limit": self.limit,
            "samples": self.samples,
            "generation": dict(self.generation),
            "options": {**self.options, "apply_chat_template": self.chat},
            "metadata": dict(self.metadata),
        }


def run_lm_eval(spec: HarnessSpec, run: RunDir, start_engine: Start, say: Say, quiet: bool = False) -> dict[str, Any]:
    """Run what is missing and return the metrics.

    Args:
        spec: The tasks, and how they are asked.
        run: The directory that is written and gone on with.
        start_engine: Gives the engine; called only where something is missing.
        say: Takes each line of progress.
        quiet: Show no progress bar.

    Returns:
        What metrics.json holds.

    Raises:
        UserError: A task is unknown, data can't be had, or the folder holds another run.
        EngineError: The engine died; the answers so far are saved.
    """
    require_lm_eval()
    check_folder(run)
    with run.locked():
        check_config(run, spec.config())
        if run.metrics.exists():
            say(f"{run.path} is finished already")
            return run.read_metrics()
        tasks = _load_tasks(spec, say)
        run.write_config(spec.config())  # once the tasks are known: a name that is none must not bind the folder
        from ampo.eval.harness.answers import Answers

        answers = Answers(run.path / "answers.jsonl", say)
        if len(answers):
            say(f"resuming {run.path}: {len(answers)} answers are there")
        try:
            with start_engine() as engine:
                _record(run, engine, spec.seed)
                _evaluate(spec, run, tasks, engine, answers, quiet, say)
        except (KeyboardInterrupt, EngineError):
            say(f"{len(answers)} answers are saved in {run.path}; the same command goes on from there")
            raise
        finally:
            answers.close()
        metrics = lm_eval_results.read(run.path)
        write_json(run.metrics, metrics)
        return metrics


def require_lm_eval() -> None:
    """Import lm-eval, quietly. Raises MissingExtraError where it isn't installed."""
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_DISABLE", "1")  # bars are for people, not for logs
    offline()
    try:
        import lm_eval
    except ImportError as error:
        raise MissingExtraError(error.name or "lm_eval", "lm-eval", "the harness lm-eval") from error
    if "LMEVAL_LOG_LEVEL" not in os.environ:
        logging.getLogger(lm_eval.__name__).setLevel(logging.ERROR)


def _load_tasks(spec: HarnessSpec, say: Say) -> list[Task | Group]:
    """The tasks and groups that were named, ready with their data."""
    from lm_eval.tasks import TaskManager

    from ampo.eval import lm_eval_tasks

    known_only = all(name.startswith(OURS) for name in spec.tasks)  # indexing lm-eval's 14,000 takes 15 seconds
    if not known_only:
        say("looking through lm-eval's tasks ...")
    folders: list[str | Path] = [*lm_eval_tasks.__path__, *_folder(spec.options.get("include_path"))]
    manager = TaskManager(include_path=folders, include_defaults=not known_only, metadata=dict(spec.metadata))
    names: dict[str, None] = {}
    for name in spec.tasks:
        found = [name] if name.endswith(".yaml") and Path(name).is_file() else sorted(manager.match_tasks([name]))
        if not found:
            raise UserError(f"lm-eval has no task {name!r}: {_hint(name, manager.all_tasks)}")
        names |= dict.fromkeys(found)
    return [built for name in names for built in _load(manager, name, spec, say)]


def _hint(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else "`lm_eval ls tasks` lists them"


def _folder(given: str | None) -> list[str]:
    if given and not Path(given).is_dir():
        raise UserError(f"include_path names {given}, which is not a folder")
    return [given] if given else []


def _load(manager: Any, name: str, spec: HarnessSpec, say: Say) -> list[Task | Group]:
    """What one name means: a task, a group, or the tasks of a tag."""
    try:
        loaded = manager.load([name])
    except UserError:
        raise
    except Exception as error:  # a task is other people's code, which may raise anything while it fetches its data
        reason = first_line(error)
        raise UserError(f"lm-eval cannot load the task {name!r}: {reason}") from error
    for task in loaded["tasks"].values():
        if spec.samples and task.OUTPUT_TYPE == "generate_until":
            task.set_config("repeats", spec.samples)
            if not task.task_name.startswith(OURS) and not task.config.filter_list and spec.samples > 1:
                say(f"{task.task_name} reads the first of its {spec.samples} samples only")
    inner = {child for children in loaded["group_map"].values() for child in children}
    return [item for kind in ("groups", "tasks") for key, item in loaded[kind].items() if key not in inner]


def _evaluate(
    spec: HarnessSpec,
    run: RunDir,
    tasks: list[Task | Group],
    engine: Engine,
    answers: Any,
    quiet: bool,
    say: Say,
) -> None:
    """lm-eval's own evaluation and its own files."""
    import lm_eval
    from lm_eval.loggers import EvaluationTracker

    from ampo.eval.harness.model import EngineLM

    if any(task.OUTPUT_TYPE != "generate_until" for item in tasks for task in _leaves(item)):
        engine.likelihoods(())  # an engine that can't say refuses here, before anything is asked
    model = EngineLM(engine, answers, spec.seed, quiet)
    tracker = EvaluationTracker(output_path=str(run.path))
    own = ("apply_chat_template", "include_path")
    evaluate: Any = lm_eval.simple_evaluate  # decorated without its types
    evaluated = evaluate(
        model=model,
        model_args={"pretrained": spec.model},
        tasks=tasks,
        limit=spec.limit,
        gen_kwargs=dict(spec.generation) or None,
        apply_chat_template=spec.chat,
        evaluation_tracker=tracker,
        **{name: value for name, value in spec.options.items() if name not in own},
    )
    if model.too_long:
        say(f"{model.too_long} prompts are longer than the context and were not answered: raise --max-model-len")
    samples = evaluated.pop("samples")
    tracker.save_results_aggregated(results=evaluated, samples=samples)
    for name in evaluated["configs"]:
        tracker.save_results_samples(task_name=name, samples=samples[name])


def _leaves(item: Task | Group) -> list[Task]:
    return item.get_all_tasks() if hasattr(item, "get_all_tasks") else [item]  # pyright: ignore


def _record(run: RunDir, engine: Engine, seed: int | None) -> None:
    record = environment(engine.describe(), seed) | {"harness": {"lm-eval": version("lm-eval")}}
    write_json(run.environment, record, default=str)
