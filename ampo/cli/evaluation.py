"""The commands that measure: eval, score, report, audit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ampo.cli.harness import HarnessArg, HarnessName, evaluate_with
from ampo.cli.judge import Judge, JudgeAll, JudgeDryRun, JudgeForm, JudgeLimit, JudgeName, SecondOpinion
from ampo.cli.options import (
    AnswerColumn,
    ApiKey,
    BackendName,
    BaseUrl,
    Concurrency,
    DataDir,
    DataFile,
    DataParallel,
    Dtype,
    EngineArg,
    FrequencyPenalty,
    GpuMemory,
    IdColumn,
    MaxModelLen,
    MaxNumSeqs,
    MaxTokens,
    MinP,
    ModelName,
    OptionsColumn,
    PresencePenalty,
    QuestionColumn,
    RepetitionPenalty,
    Seed,
    Stop,
    Strict,
    Temperature,
    TemplateName,
    TensorParallel,
    TopK,
    TopP,
    engine_settings,
    given_sampling,
)
from ampo.cli.planning import CiOver, DryRun, MaxSamples, MeanTokens, TokensPerSecond, UntilCi, sampling_rule, show_plan
from ampo.cli.training import show_training, training_runs
from ampo.console import say
from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.eval.suites import Benchmark


def eval_(
    suite: Annotated[
        list[str] | None,
        typer.Option("--suite", "--tasks", "-s", help="Suites, benchmarks or FILE.toml; repeat or join by commas."),
    ] = None,
    model: ModelName = None,
    output_dir: Annotated[
        Path | None, typer.Option("--output-dir", "-o", help="The run's folder; the same command resumes it.")
    ] = None,
    data: DataFile = None,
    question_column: QuestionColumn = None,
    answer_column: AnswerColumn = None,
    id_column: IdColumn = None,
    options_column: OptionsColumn = None,
    samples: Annotated[
        int | None, typer.Option("--samples", min=1, help="Samples of each problem; default: the paper's.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Only the first problems of each benchmark.")] = None,
    protocol: Annotated[
        list[str] | None, typer.Option("--protocol", help="ampo or official; repeat for both side by side.")
    ] = None,
    template: TemplateName = None,
    data_dir: DataDir = None,
    show: Annotated[bool, typer.Option("--list", help="List the suites and benchmarks, and stop.")] = False,
    backend: BackendName = "auto",
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    concurrency: Concurrency = 32,
    temperature: Temperature = None,
    top_p: TopP = None,
    top_k: TopK = None,
    min_p: MinP = None,
    max_tokens: MaxTokens = None,
    repetition_penalty: RepetitionPenalty = None,
    presence_penalty: PresencePenalty = None,
    frequency_penalty: FrequencyPenalty = None,
    stop: Stop = None,
    seed: Seed = 0,
    dtype: Dtype = "auto",
    max_model_len: MaxModelLen = None,
    max_num_seqs: MaxNumSeqs = None,
    gpu_memory_utilization: GpuMemory = 0.9,
    tensor_parallel_size: TensorParallel = 1,
    data_parallel_size: DataParallel = 1,
    engine_arg: EngineArg = None,
    until_ci: UntilCi = None,
    max_samples: MaxSamples = None,
    ci_over: CiOver = None,
    dry_run: DryRun = False,
    tokens_per_second: TokensPerSecond = None,
    mean_tokens: MeanTokens = None,
    harness: HarnessName = "ampo",
    harness_arg: HarnessArg = None,
    strict: Strict = False,
) -> None:
    """Evaluate a model: responses, verdicts and metrics in one folder. The same command resumes."""
    from ampo.api.evaluation import carry_out, protocols_of
    from ampo.engines import check_backend
    from ampo.engines.source import source_of
    from ampo.eval.report import show_catalogue
    from ampo.eval.spec import build_spec, default_output_dir
    from ampo.models import EMBEDDED
    from ampo.verify.audit import name_unreadable

    if show:
        show_catalogue(data_dir)
        return
    check_backend(backend, base_url)
    if evaluate_with(locals()):
        return
    given = given_sampling(locals() | {"seed": None})
    settings = engine_settings(locals())
    asked = [*(suite or []), *([str(data)] if data else [])] or ["demo"]
    benchmarks = chosen_benchmarks(suite, data, question_column, answer_column, id_column, options_column)
    protocols = protocols_of(protocol or "ampo")
    how: Any = {  # what a run and its plan share
        "samples": samples,
        "limit": limit,
        "template": template,
        "data_dir": data_dir,
        "sampling": given,
        "seed": seed,
        "rule": sampling_rule(until_ci, max_samples, ci_over),
    }
    check = partial(name_unreadable, say=say, strict=strict)
    if dry_run:
        show_plan(benchmarks, model or base_url or EMBEDDED, tokens_per_second, mean_tokens, how, check)
        return
    for name, value in (("--tokens-per-second", tokens_per_second), ("--mean-tokens", mean_tokens)):
        if value is not None:
            raise UserError(f"{name} is for an estimate: give --dry-run, too")
    spec = build_spec(benchmarks, protocols=protocols, **how)
    check([problem for task in spec.tasks for problem in task.problems])
    source = source_of(
        model, backend, base_url=base_url, api_key=api_key, concurrency=concurrency, settings=settings, say=say
    )
    run = carry_out(spec, source, output_dir or default_output_dir(asked, source.name))
    run.show()
    show_notes(run.metrics.raw)


def score(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory of ampo eval.")],
    protocol: Annotated[
        list[str] | None, typer.Option("--protocol", help="ampo or official; repeat for both side by side.")
    ] = None,
    judge: JudgeName = None,
    form: JudgeForm = None,
    judge_all: JudgeAll = False,
    judge_limit: JudgeLimit = 1000,
    dry_run: JudgeDryRun = False,
    backend: BackendName = "auto",
    api_key: ApiKey = None,
    concurrency: Concurrency = 32,
    dtype: Dtype = "auto",
    max_model_len: MaxModelLen = None,
    max_num_seqs: MaxNumSeqs = None,
    gpu_memory_utilization: GpuMemory = 0.9,
    tensor_parallel_size: TensorParallel = 1,
) -> None:
    """Judge the saved responses of a run again. Needs no model and no GPU, but for a second opinion (--judge)."""
    from ampo import api
    from ampo.eval.report import show_disagreements
    from ampo.eval.rundir import RunDir

    protocols = api.protocols_of(protocol or "ampo")
    given = dict(locals())
    if judge is None and (form or judge_all or dry_run):
        raise UserError("--judge-form, --judge-all and --dry-run are for a second opinion: give --judge MODEL, too")
    folder = RunDir.existing(run_dir)
    second = None if judge is None else SecondOpinion(Judge.of(given, judge), folder, judge_all, judge_limit)
    if second and dry_run:
        say(f"dry run, {judge} is not asked: {second.plan()}")
        return
    run = api.score(run_dir, protocols, second=second)
    run.show()
    show_notes(run.metrics.raw)
    show_disagreements(RunDir(run.path), protocols)
    if second:
        show_disagreements(RunDir(run.path), ("ampo", "judge"))


def report(
    run_dir: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Run directories of ampo eval, or results of lm-eval.")
    ],
    html: Annotated[
        bool, typer.Option("--html", help="Write a page: figures, plots, and every response to browse.")
    ] = False,
    form: Annotated[str, typer.Option("--format", "-f", help="table, md, json, csv, latex or hub.")] = "table",
    against: Annotated[
        str | None,
        typer.Option("--against", help="paper, revision (its revised figures), or paper:MODEL for another's row."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; default: report.html in the run.")
    ] = None,
) -> None:
    """Show a run, or several side by side: a table, a page, or text for a paper or a model card."""
    from ampo.eval.report import command

    training, run_dir = training_runs(run_dir)
    if training:
        show_training(training, html, output)
    if not run_dir:
        return
    runs = command.load_runs(run_dir, form, html, output)
    printed = command.printed_rows(runs, against, say)
    if html:
        say(f"wrote {command.write_page(runs, printed, output)}")
    else:
        command.show(runs, printed, form, output, say)


def audit(
    suite: Annotated[
        list[str] | None, typer.Argument(metavar="[SUITE|FILE]...", help="Suites, benchmarks, or FILE.toml.")
    ] = None,
    data: DataFile = None,
    question_column: QuestionColumn = None,
    answer_column: AnswerColumn = None,
    id_column: IdColumn = None,
    options_column: OptionsColumn = None,
    data_dir: DataDir = None,
) -> None:
    """Check reference answers before any GPU time is spent: broken, ambiguous, or rejected in a right spelling."""
    from ampo.eval import report
    from ampo.eval.data import load_problems

    benchmarks = chosen_benchmarks(suite, data, question_column, answer_column, id_column, options_column)
    report.show_audit([p for b in benchmarks for p in load_problems(b, data_dir=data_dir, unanswered=True)])


def show_notes(metrics: Mapping[str, Any]) -> None:
    """What a reader of the table must know: how an adaptive run was sampled, and whether its target was met."""
    from ampo.eval.looks import notes

    for note in notes(metrics):
        typer.echo(note)


def chosen_benchmarks(
    suites: list[str] | None,
    data: Path | None,
    question_column: str | None,
    answer_column: str | None,
    id_column: str | None = None,
    options_column: str | None = None,
) -> list[Benchmark]:
    """What was asked for by name and by file; the demo suite where nothing was. A data file may be given as a name."""
    from ampo.api.questions import benchmarks_of

    given = {"question": question_column, "answer": answer_column, "id": id_column, "options": options_column}
    columns = {what: column for what, column in given.items() if column is not None}
    if data is None and columns:
        raise UserError("--question-column, --answer-column and the like name columns of a --data file: give that, too")
    own = benchmarks_of(data, columns) if data else []
    return [*benchmarks_of(suites or ([] if own else ["demo"])), *own]
