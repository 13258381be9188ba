"""The commands for guidance pools: pool check, pool stats, pool build."""

from __future__ import annotations

import json as jsonlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ampo.cli.flags import DataFlags, SamplingFlags
from ampo.cli.groups import grouped
from ampo.cli.options import (
    ApiKey,
    Concurrency,
    DataDir,
    Dtype,
    EngineArg,
    GpuMemory,
    MaxModelLen,
    MaxNumSeqs,
    Quantization,
    RayAddress,
    Replicas,
    Seed,
    Strict,
    TemplateName,
    TensorParallel,
    TrustRemoteCode,
    engine_settings,
)
from ampo.console import say
from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.guidance.leakage import LeakFinder

app = typer.Typer(help="Teachers' solutions for training: build, check and describe a guidance pool.")

PoolPath = Annotated[
    str,
    typer.Argument(metavar="POOL", help="A .jsonl or .parquet file, a folder of them, or a hub data set owner/name."),
]
Tokenizer = Annotated[
    str | None, typer.Option("--model", "-m", help="Whose tokenizer counts; without one, as recorded or estimated.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]


@app.command()
@grouped
def build(
    data: DataFlags,
    sampling: SamplingFlags,
    teacher: Annotated[
        list[str],
        typer.Option(
            "--teacher",
            "-t",
            metavar="[LABEL=]NAME",
            help="A hub id, local folder, smollm2-135m, http://HOST/v1#MODEL, or a run of ampo eval; repeat.",
        ),
    ],
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="The same command goes on in it.")],
    suite: Annotated[
        list[str] | None,
        typer.Option("--suite", "-s", help="Suites, benchmarks or FILE.toml; default: the problems of the given runs."),
    ] = None,
    samples: Annotated[int, typer.Option("--samples", min=1, help="Of each problem, by each teacher.")] = 1,
    limit: Annotated[int | None, typer.Option("--limit", help="Only the first problems of each benchmark.")] = None,
    template: TemplateName = None,
    data_dir: DataDir = None,
    api_key: ApiKey = None,
    concurrency: Concurrency = 32,
    seed: Seed = 0,
    dtype: Dtype = "auto",
    quantization: Quantization = None,
    trust_remote_code: TrustRemoteCode = False,
    max_model_len: MaxModelLen = None,
    max_num_seqs: MaxNumSeqs = None,
    gpu_memory_utilization: GpuMemory = 0.9,
    tensor_parallel_size: TensorParallel = 1,
    ray_address: RayAddress = None,
    replicas: Replicas = None,
    engine_arg: EngineArg = None,
) -> None:
    """Make a pool: teachers answer, the verifier judges, what is right and new is kept. The same command resumes.

    Each teacher asked has a run directory of ampo eval under OUTPUT_DIR/teachers; the pool is OUTPUT_DIR/pool.jsonl.
    """
    from ampo.cli.teachers import ask, candidates_of, prompt_of, teachers_of
    from ampo.eval.rundir import RunDir
    from ampo.eval.spec import PAPER_SAMPLING, build_spec
    from ampo.files import write_json
    from ampo.guidance.build import assemble
    from ampo.guidance.tables import build_dict, show_build
    from ampo.guidance.writer import writing
    from ampo.verify import VerifierPool

    given, settings = sampling.given(), engine_settings(locals())
    teachers = teachers_of(teacher)
    if suite or data.data or data.columns:
        how: Any = {"samples": samples, "limit": limit, "template": template, "data_dir": data_dir}
        spec = build_spec(data.benchmarks(suite), sampling=given, seed=seed, **how)
        problems = [problem for task in spec.tasks for problem in task.problems]
    elif all(one.run for one in teachers):
        spec = None
        found = [RunDir.existing(one.run).read_problems() for one in teachers if one.run]
        problems = list({id_: problem for run in found for id_, problem in run.items()}.values())[:limit]
    else:
        raise UserError("a pool of which problems? Give --suite or --data")
    try:
        output_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {output_dir} ({error.strerror}): choose another --output-dir") from error
    folders = [output_dir / "teachers" / one.label for one in teachers]
    runs = [
        ask(one, spec, folder, settings, api_key, concurrency) if spec else RunDir.existing(one.run or folder)
        for one, folder in zip(teachers, folders, strict=True)
    ]
    candidates = (
        candidate
        for one, run in zip(teachers, runs, strict=True)
        for candidate in candidates_of(one.label, run, problems)
    )
    file = output_dir / "pool.jsonl"
    there = sum(_lines(run.responses) for run in runs)
    with writing(file) as keep, VerifierPool() as verifiers, _progress(there, "responses") as progress:
        limit_tokens = sampling.max_tokens or PAPER_SAMPLING.max_tokens
        report = assemble(
            [prompt_of(p) for p in problems],
            candidates,
            verifiers,
            limit_tokens,
            keep,
            output_dir,
            progress=lambda verdicts: progress(v.outcome for v in verdicts),
        )
    write_json(output_dir / "report.json", build_dict(report))
    show_build(report, _console())
    say(f"wrote {file}; before training on it: ampo pool check {file}")


@app.command()
def check(
    pool: PoolPath,
    write: Annotated[
        Path | None, typer.Option("--write", "-w", help="Write the clean pool to this .jsonl file.")
    ] = None,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=1, help="Longest solution that may stay.")] = 8192,
    model: Tokenizer = None,
    against: Annotated[
        str, typer.Option("--against", help="Suites or benchmarks no prompt may be from; none for no such check.")
    ] = "paper",
    ngram: Annotated[int, typer.Option("--ngram", min=1, help="Words in common that make a leak.")] = 13,
    keep_leaks: Annotated[bool, typer.Option("--keep-leaks", help="Report leaks, but leave them in.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
    strict: Strict = False,
) -> None:
    """Verify every solution; find broken rows, repeated prompts, overlong solutions and leaks. Writes a clean pool."""
    from ampo.guidance.check import check as check_pool
    from ampo.guidance.check import survey
    from ampo.guidance.lengths import measure_of
    from ampo.guidance.rows import open_rows
    from ampo.guidance.tables import check_dict, show_check
    from ampo.guidance.writer import writing
    from ampo.verify import VerifierPool

    rows = open_rows(pool)
    if write is not None:
        _check_output(write, rows.files)
    measure, measured = measure_of(model)
    surveyed = survey(rows)
    leaks, unchecked = _leak_finder(against, ngram, data_dir)
    with (
        writing(write) if write else nullcontext(bool) as keep,
        VerifierPool() as verifiers,
        _progress(surveyed.rows) as progress,
    ):
        report = check_pool(
            rows,
            verifiers,
            surveyed,
            measure=measure,
            max_tokens=max_tokens,
            leaks=leaks,
            keep_leaks=keep_leaks,
            keep=keep,
            progress=lambda verdicts: progress(v.outcome for v in verdicts),
        )
        if strict and (unread := report.counts["unread"]):
            raise UserError(
                f"{unread} of {report.prompts} reference answers of {pool} can't be read: "
                f"`ampo pool check {pool}` names them; mend or remove them, or leave out --strict"
            )
        if write and not report.clean_prompts:
            raise UserError(f"nothing of {pool} is left to write: see `ampo pool check {pool}` for what is wrong")
    against_text = f"{len(leaks)} benchmark problems" if leaks else "no benchmark"
    if json:
        print(jsonlib.dumps(check_dict(report, {"lengths": measured, "against": against_text, "unchecked": unchecked})))
    else:
        show_check(report, _console())
        say(f"lengths: {measured}; leaks: against {against_text}")
    if write:
        say(f"wrote {write}")


@app.command()
def stats(
    pool: PoolPath,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page with plots to this file.")] = None,
    model: Tokenizer = None,
    json: Json = False,
) -> None:
    """Describe a pool: coverage, solutions a prompt, lengths, teachers and their agreement.

    What the pool doesn't say of a solution, whether it is right, is asked of the verifier.
    """
    from ampo.guidance.judging import judge
    from ampo.guidance.lengths import measure_of
    from ampo.guidance.pool import GuidancePool
    from ampo.guidance.stats import pool_stats
    from ampo.guidance.tables import show_stats
    from ampo.verify import VerifierPool

    if html is not None:
        _check_output(html)
    opened = GuidancePool.open(pool)
    measure, measured = measure_of(model)
    with VerifierPool() as verifiers, _progress(len(opened)) as progress:
        judged = judge(((entry.uid, entry) for entry in opened), verifiers, trust=True)
        found = pool_stats(_watched(judged, progress), measure)
    if json:
        print(jsonlib.dumps(found.to_dict() | {"lengths": measured}))
    else:
        show_stats(found, measured, _console())
    if html:
        from ampo.guidance.stats_page import write_page

        write_page(found, opened.name, measured, html)
        say(f"wrote {html}")


def _watched(judged: Iterable[Any], progress: Any) -> Iterator[Any]:
    for item in judged:
        yield item
        progress(v.outcome for v in item.verdicts)


def _lines(file: Path) -> int:
    with file.open("rb") as stream:
        return sum(1 for _ in stream)


@contextmanager
def _progress(total: int, unit: str = "prompts") -> Iterator[Any]:
    """One more is done, with these outcomes. On a terminal a live line, else a line every so often."""
    from ampo.eval.progress import RunProgress

    with RunProgress(total, 0, Counter(), unit=unit) as shown:

        def done(outcomes: Iterable[str]) -> None:
            shown.sample(0)
            for outcome in outcomes:
                shown.verdict(outcome)

        yield done


def _leak_finder(against: str, ngram: int, data_dir: Path | None) -> tuple[LeakFinder | None, list[str]]:
    """What knows the benchmarks' problems, and the benchmarks that can't be had, which are said."""
    from ampo.eval.data import load_problems
    from ampo.eval.suites import resolve
    from ampo.guidance.leakage import LeakFinder

    if against == "none":
        return None, []
    problems, missing = [], []
    for benchmark in resolve(against):
        try:
            problems += load_problems(benchmark, data_dir=data_dir)
        except UserError:  # most often a hub that can't be reached: the others are checked all the same
            missing.append(benchmark.name)
    if missing:
        say(f"leaks not looked for in {', '.join(missing)}: not to be had here (`--data-dir` names offline copies)")
    return (LeakFinder(problems, ngram) if problems else None), missing


def _check_output(file: Path, sources: tuple[Path, ...] = ()) -> None:
    """Raise UserError, before any work, for a file that can't be written or is the pool itself."""
    if file.is_dir() or not file.parent.is_dir():
        raise UserError(f"cannot write {file}: {'it is a folder' if file.is_dir() else f'{file.parent} is no folder'}")
    if any(source.exists() and file.exists() and source.samefile(file) for source in sources):
        raise UserError(f"{file} is the pool itself: give --write another name")


def _console() -> Any:
    from ampo.terminal import Console

    return Console(highlight=False)
