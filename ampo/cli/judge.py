"""`ampo judge check`, and the judge of `ampo score --judge`: a model's second opinion, for evaluation alone."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ampo.cli.flags import Loads
from ampo.cli.groups import grouped
from ampo.cli.options import (
    ApiKey,
    BackendName,
    Concurrency,
    Dtype,
    GpuMemory,
    MaxModelLen,
    MaxNumSeqs,
    RayAddress,
    Replicas,
    TensorParallel,
    start_engine,
)
from ampo.console import say
from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.engines import Engine, EngineSettings
    from ampo.eval.judge.asked import Work
    from ampo.eval.judge.check import Quality
    from ampo.eval.judge.forms import Form
    from ampo.eval.records import Judgement
    from ampo.eval.rundir import RunDir

app = typer.Typer(help="A model that judges, for evaluation alone: how good it is.")

PANEL = "A second opinion"
JudgeName = Annotated[
    str | None,
    typer.Option(
        "--judge",
        metavar="MODEL|URL",
        help="Ask a model about what the rules leave open: a hub id, a folder, smollm2-135m, or http://HOST/v1#MODEL.",
        rich_help_panel=PANEL,
    ),
]
JudgeForm = Annotated[
    str | None,
    typer.Option(
        "--judge-form",
        help="own, xverify, compass-verifier or general-verifier; default: by the model's name, else own.",
        rich_help_panel=PANEL,
    ),
]
JudgeAll = Annotated[
    bool,
    typer.Option("--judge-all", help="Ask about every response, not only what was not shown.", rich_help_panel=PANEL),
]
JudgeLimit = Annotated[
    int, typer.Option("--judge-limit", min=0, help="Responses to ask about at most.", rich_help_panel=PANEL)
]
JudgeDryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say how many would be asked, and stop.", rich_help_panel=PANEL)
]


@dataclass(frozen=True)
class JudgeEngineFlags(Loads):
    """How the model that judges is asked or loaded."""

    backend: BackendName = "auto"
    api_key: ApiKey = None
    concurrency: Concurrency = 32
    dtype: Dtype = "auto"
    max_model_len: MaxModelLen = None
    max_num_seqs: MaxNumSeqs = None
    gpu_memory_utilization: GpuMemory = 0.9
    tensor_parallel_size: TensorParallel = 1
    ray_address: RayAddress = None
    replicas: Replicas = None

    def judge(self, name: str, form: str | None) -> Judge:
        """The judge of a name. Raises UserError for an unknown form."""
        return Judge.of(
            name,
            form,
            backend=self.backend,
            api_key=self.api_key,
            concurrency=self.concurrency,
            settings=self.settings(),
        )


class Judge(NamedTuple):
    """name: of the model, "" for the only one of an endpoint. url: of the endpoint; None where the model runs here."""

    name: str
    url: str | None
    form: str | None
    backend: str
    api_key: str | None
    concurrency: int
    settings: Any

    @staticmethod
    def of(
        name: str, form: str | None, *, backend: str, api_key: str | None, concurrency: int, settings: EngineSettings
    ) -> Judge:
        """The one that a command was given.

        Args:
            name: Of a model, or an endpoint with or without #MODEL.
            form: How it is asked; None goes by its name.
            backend, api_key, concurrency, settings: As of `ampo.load_engine`.

        Raises:
            UserError: The form is unknown.
        """
        from ampo.eval.judge.forms import form_of

        url, _, model = name.partition("#") if name.startswith(("http://", "https://")) else (None, "", name)
        form_of(form, model)
        return Judge(model, url, form, backend, api_key, concurrency, settings)

    def form_for(self, model: str) -> Form:
        from ampo.eval.judge.forms import form_of

        return form_of(self.form, model)

    def check(self) -> None:
        """Raises UserError where a model's name means none, before anything else is loaded or judged for it."""
        from ampo import models

        if self.url is None:
            models.locate(models.resolve(self.name))

    def start(self) -> Engine:
        return start_engine(self.name or None, self.backend, self.url, self.api_key, self.settings, self.concurrency)


class SecondOpinion(NamedTuple):
    """What `ampo score` calls after the rules. every, limit: see `ampo.eval.judge.asked.work`."""

    judge: Judge
    run: RunDir
    every: bool
    limit: int

    def __call__(self, problems: Any, responses: Any, verdicts: Any) -> Iterable[Judgement]:
        from ampo.eval.judge.ask import ask
        from ampo.files import drop_torn_line

        drop_torn_line(self.run.judgements, say)
        judged = self.run.read_judgements()
        with self.judge.start() as engine:
            form = self.judge.form_for(engine.model)
            work = self._work(problems, responses, verdicts, form, engine.model, judged)
            say(f"judge {engine.model}, form {form.name}: {work.describe()}")
            made = ask(engine, form, work.to_ask, self.run.judgements)
        if silent := len(work.to_ask) - len(made):
            say(f"note: {engine.model} gave no reply to {silent:,} of them: the same command asks again")
        last = [one for one in judged.values() if (one.judge, one.form) == (engine.model, form.name)]
        return [*judged.values(), *last, *made.values()]

    def plan(self) -> str:
        """What would be asked, by the verdicts that are there. Raises UserError where there are none."""
        problems, responses, verdicts = self.run.read_problems(), self.run.read_responses(), self.run.read_verdicts()
        if "ampo" not in verdicts.protocols:
            raise UserError(f"{self.run.path} is not judged by the rules yet: `ampo score {self.run.path}` does it")
        form = self.judge.form_for(self.judge.name)
        return self._work(problems, responses, verdicts, form, self.judge.name, self.run.read_judgements()).describe()

    def _work(self, problems: Any, responses: Any, verdicts: Any, form: Form, model: str, judged: Any) -> Work:
        from ampo.eval.judge.asked import work

        options = {"every": self.every, "limit": self.limit, "judged": judged}
        return work(problems, responses, verdicts, form, model, **options)


@app.callback()
def _judge() -> None:
    """A model that judges, for evaluation alone: how good it is."""


@app.command()
@grouped
def check(
    model: Annotated[str, typer.Argument(metavar="MODEL|URL", help="A hub id, a folder, or http://HOST/v1#MODEL.")],
    graded: Annotated[
        list[Path] | None,
        typer.Option("--graded", help="Pairs of your own, JSONL: gold, answer or response, expect; repeat."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="So many right and so many wrong answers at most.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Keep the judgements in this .jsonl; the same command resumes."),
    ] = None,
    form: JudgeForm = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
    *,
    engine: JudgeEngineFlags,
) -> None:
    """Measure a judge: right and wrong answers it accepts, answers in the other order, and injections."""
    from tempfile import TemporaryDirectory

    from ampo.eval.judge import check as measure
    from ampo.eval.judge.ask import ask
    from ampo.eval.rundir import read_judgements
    from ampo.files import drop_torn_line

    judge = engine.judge(model, form)
    pairs = measure.graded(graded or (), limit)
    with TemporaryDirectory() as folder, judge.start() as running:
        file = output or Path(folder, "judgements.jsonl")
        drop_torn_line(file, say)
        said = read_judgements(file)
        chosen = judge.form_for(running.model)
        asked = measure.questions(pairs, chosen, running.model)
        said |= ask(running, chosen, [one for one in asked if one.key not in said], file)
    found = measure.quality(pairs, asked, said)
    if json:
        print(jsonlib.dumps({"judge": running.model, "form": chosen.name, **found.to_dict()}))
        return
    _show(running.model, chosen.name, found)


def _show(model: str, form: str, found: Quality) -> None:
    lines = {
        "right answers accepted": found.right_accepted,
        "wrong answers accepted": found.wrong_accepted,
        "alike with the answers in the other order": found.swapped_alike,
        "accepted because the response says so": found.injected_accepted,
        "replies that don't say": found.unsaid,
    }
    print(f"judge {model}, form {form}")
    for what, share in lines.items():
        print(f"{what:42} {share}")
