"""The commands that measure: eval, score, report, audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from ampo.cli.flags import DataFlags, ModelFlags, RunFlags, SamplingFlags
from ampo.cli.groups import grouped
from ampo.cli.harness import HarnessFlags, evaluate_with
from ampo.cli.judge import (
    JudgeAll,
    JudgeDryRun,
    JudgeEngineFlags,
    JudgeForm,
    JudgeLimit,
    JudgeName,
    SecondOpinion,
)
from ampo.cli.options import DataDir, Strict, WithoutDoubtful, suite_names
from ampo.cli.planning import AdaptiveFlags, PlanFlags, show_plan
from ampo.cli.training import show_training, training_runs
from ampo.console import say
from ampo.errors import UserError


@grouped
def eval_(
    what: RunFlags,
    model: ModelFlags,
    sampling: SamplingFlags,
    data: DataFlags,
    adaptive: AdaptiveFlags,
    plan: PlanFlags,
    harness: HarnessFlags,
    show: Annotated[
        bool, typer.Option("--list", help="List the suites and benchmarks, or those of --suite and --data, and stop.")
    ] = False,
    strict: Strict = False,
) -> None:
    """Evaluate a model: responses, verdicts and metrics in one folder. The same command resumes."""
    from ampo.api.evaluation import carry_out, protocols_of
    from ampo.engines import check_backend
    from ampo.eval.report import show_catalogue
    from ampo.eval.spec import build_spec, default_output_dir
    from ampo.verify.audit import name_unreadable

    if show:
        show_catalogue(what.data_dir, chosen=data.benchmarks(what.suite) if what.suite or data.data else None)
        return
    check_backend(model.backend, model.base_url)
    if harness.other({**asdict(data), **asdict(adaptive), **asdict(plan)}):
        evaluate_with(harness, what, model, sampling)
        return
    benchmarks = data.benchmarks(what.suite)
    protocols = protocols_of(what.protocol or "ampo")
    how: Any = {  # what a run and its plan share
        "samples": what.samples,
        "limit": what.limit,
        "template": what.template,
        "data_dir": what.data_dir,
        "sampling": sampling.given(),
        "seed": what.seed,
        "rule": adaptive.rule(),
    }
    check = partial(name_unreadable, say=say, strict=strict)
    if plan.wanted():
        show_plan(benchmarks, model, plan, how, check)
        return
    spec = build_spec(benchmarks, protocols=protocols, **how)
    check([problem for task in spec.tasks for problem in task.problems])
    source = model.source()
    asked = [*(what.suite or []), *([str(data.data)] if data.data else [])] or ["demo"]
    run = carry_out(spec, source, what.output_dir or default_output_dir(asked, source.name))
    run.show()
    show_notes(run.metrics.raw)


@grouped
def score(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory of ampo eval.")],
    protocol: Annotated[
        list[str] | None, typer.Option("--protocol", help="ampo or official; repeat for both side by side.")
    ] = None,
    suite: Annotated[
        list[str] | None,
        typer.Option(
            "--suite",
            "-s",
            help="Find the answers of these benchmarks as they say now (`extract`): FILE.toml, or names.",
            autocompletion=suite_names,
        ),
    ] = None,
    judge: JudgeName = None,
    form: JudgeForm = None,
    judge_all: JudgeAll = False,
    judge_limit: JudgeLimit = 1000,
    dry_run: JudgeDryRun = False,
    *,
    engine: JudgeEngineFlags,
) -> None:
    """Judge the saved responses of a run again. Needs no model and no GPU, but for a second opinion (--judge)."""
    from ampo import api
    from ampo.eval.report import show_disagreements
    from ampo.eval.rundir import RunDir

    protocols = api.protocols_of(protocol or "ampo")
    if judge is None and (form or judge_all or dry_run):
        raise UserError("--judge-form, --judge-all and --dry-run are for a second opinion: give --judge MODEL, too")
    folder = RunDir.existing(run_dir)
    second = None if judge is None else SecondOpinion(engine.judge(judge, form), folder, judge_all, judge_limit)
    if second and dry_run:
        say(f"dry run, {judge} is not asked: {second.plan()}")
        return
    if second:
        second.judge.check()
    run = api.score(run_dir, protocols, benchmarks=suite, second=second)
    run.show()
    show_notes(run.metrics.raw)
    show_disagreements(RunDir(run.path), protocols)
    if second:
        show_disagreements(RunDir(run.path), ("ampo", "judge"))


def report(
    run_dir: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", help="Run directories of ampo eval, or results of lm-eval, inspect_ai or lighteval."
        ),
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
    without_doubtful: WithoutDoubtful = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="A training run's page: write it anew as the run goes on.")
    ] = False,
) -> None:
    """Show a run, or several side by side: a table, a page, or text for a paper or a model card."""
    from ampo.eval.report import command

    training, run_dir = training_runs(run_dir)
    if training:
        show_training(training, html, output, follow)
    if training and without_doubtful:
        raise UserError("--without-doubtful is for runs of `ampo eval`: leave it out")
    if follow and run_dir:
        raise UserError("--follow is for training runs: leave it out")
    if not run_dir:
        return
    runs = command.load_runs(run_dir, form, html, output, without_doubtful)
    printed = command.printed_rows(runs, against, say)
    if html:
        say(f"wrote {command.write_page(runs, printed, output)}")
    else:
        command.show(runs, printed, form, output, say)


@grouped
def audit(
    data: DataFlags,
    suite: Annotated[
        list[str] | None, typer.Argument(metavar="[SUITE|FILE]...", help="Suites, benchmarks, or FILE.toml.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Check reference answers before any GPU time is spent: broken, ambiguous, or rejected in a right spelling."""
    from ampo.eval import report
    from ampo.eval.data import load_problems

    benchmarks = data.benchmarks(suite)
    report.show_audit([p for b in benchmarks for p in load_problems(b, data_dir=data_dir, unanswered=True)])


def show_notes(metrics: Mapping[str, Any]) -> None:
    """What a reader of the table must know: how an adaptive run was sampled, and whether its target was met."""
    from ampo.eval.looks import notes

    for note in notes(metrics):
        typer.echo(note)
