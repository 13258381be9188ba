"""The command line: parse, call, print. Each command imports what it needs when it runs, so that help is instant."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ampo.errors import UserError
from ampo.types import Protocol, SamplingParams, as_protocol

if TYPE_CHECKING:
    from ampo.engines import Engine, EngineSettings
    from eval.suites import Benchmark


class InterruptedByUserError(Exception):
    """Ctrl-C. typer would turn the KeyboardInterrupt itself into a bare "Aborted"."""


class _Group(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise InterruptedByUserError from None


app = typer.Typer(
    name="ampo",
    cls=_Group,
    help="Adaptive Multi-Guidance Policy Optimization: chat, serve, evaluate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_MODEL = "Model"
_SAMPLING = "Sampling (vLLM's names)"

ModelName = Annotated[
    str | None, typer.Option("--model", "-m", help="Hub id, local folder, or smollm2-135m.", rich_help_panel=_MODEL)
]
BackendName = Annotated[
    str, typer.Option("--backend", help="auto, vllm, transformers or openai.", rich_help_panel=_MODEL)
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="An OpenAI-compatible endpoint to ask.", rich_help_panel=_MODEL)
]
ApiKey = Annotated[str | None, typer.Option("--api-key", envvar="OPENAI_API_KEY", rich_help_panel=_MODEL)]
Concurrency = Annotated[
    int, typer.Option("--concurrency", min=1, help="Requests to an endpoint at once.", rich_help_panel=_MODEL)
]
Dtype = Annotated[str, typer.Option("--dtype", rich_help_panel=_MODEL)]
MaxModelLen = Annotated[
    int | None, typer.Option("--max-model-len", min=1, help="Context in tokens.", rich_help_panel=_MODEL)
]
MaxNumSeqs = Annotated[
    int | None, typer.Option("--max-num-seqs", min=1, help="Samples at the same time.", rich_help_panel=_MODEL)
]
GpuMemory = Annotated[float, typer.Option("--gpu-memory-utilization", min=0.01, max=1.0, rich_help_panel=_MODEL)]
TensorParallel = Annotated[int, typer.Option("--tensor-parallel-size", "-tp", min=1, rich_help_panel=_MODEL)]
DataParallel = Annotated[int, typer.Option("--data-parallel-size", "-dp", min=1, rich_help_panel=_MODEL)]
EngineArg = Annotated[
    list[str] | None,
    typer.Option("--engine-arg", help="NAME=VALUE: any other argument of vLLM's engine.", rich_help_panel=_MODEL),
]
Temperature = Annotated[float | None, typer.Option("--temperature", help="0 is greedy.", rich_help_panel=_SAMPLING)]
TopP = Annotated[float | None, typer.Option("--top-p", rich_help_panel=_SAMPLING)]
TopK = Annotated[int | None, typer.Option("--top-k", rich_help_panel=_SAMPLING)]
MinP = Annotated[float | None, typer.Option("--min-p", rich_help_panel=_SAMPLING)]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", help="New tokens at most.", rich_help_panel=_SAMPLING)]
RepetitionPenalty = Annotated[float | None, typer.Option("--repetition-penalty", rich_help_panel=_SAMPLING)]
Seed = Annotated[int | None, typer.Option("--seed", rich_help_panel=_SAMPLING)]

_DATA = "Data"
DataFile = Annotated[
    Path | None, typer.Option("--data", help="Problems of your own: JSONL, CSV or Parquet.", rich_help_panel=_DATA)
]
QuestionColumn = Annotated[str | None, typer.Option("--question-column", rich_help_panel=_DATA)]
AnswerColumn = Annotated[str | None, typer.Option("--answer-column", rich_help_panel=_DATA)]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", envvar="AMPO_DATA_DIR", help="A folder of <benchmark>.jsonl files.", rich_help_panel=_DATA
    ),
]


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        import ampo

        typer.echo(ampo.__version__)
        raise typer.Exit


@app.command()
def chat(
    model: ModelName = None,
    backend: BackendName = "auto",
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    system: Annotated[str | None, typer.Option("--system", help="System prompt; none by default.")] = None,
    temperature: Temperature = None,
    top_p: TopP = None,
    top_k: TopK = None,
    min_p: MinP = None,
    max_tokens: MaxTokens = None,
    repetition_penalty: RepetitionPenalty = None,
    seed: Seed = None,
    dtype: Dtype = "auto",
    max_model_len: MaxModelLen = None,
    gpu_memory_utilization: GpuMemory = 0.9,
    tensor_parallel_size: TensorParallel = 1,
    engine_arg: EngineArg = None,
) -> None:
    """Talk with a model: the thought is dimmed, Ctrl-C stops an answer."""
    from rich.console import Console

    from ampo.chat import Chat, run

    given = _sampling(locals())
    settings = _settings(locals())
    console = Console(highlight=False)
    with _engine(model, backend, base_url, api_key, settings) as engine:
        params = replace(engine.default_sampling_params(), **given)
        run(Chat(engine, params, system), lambda: input("\n> " if sys.stdin.isatty() else ""), console)


@app.command(
    epilog="Example: [bold]ampo generate 'which number is larger? 9.11 or 9.9?' "
    "--model SII-Enigma/Qwen2.5-7B-Ins-AMPO --temperature 0.6 --max-tokens 8192[/bold]"
)
def generate(
    question: Annotated[str, typer.Argument(help="The question; - reads it from the standard input.")],
    model: ModelName = None,
    backend: BackendName = "auto",
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    system: Annotated[str | None, typer.Option("--system", help="System prompt; none by default.")] = None,
    template: Annotated[
        str | None, typer.Option("--template", help="Prompt template: ampo, boxed, plain, or FILE.toml[#NAME].")
    ] = None,
    n: Annotated[int, typer.Option("--n", min=1, help="Samples.", rich_help_panel=_SAMPLING)] = 1,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a sample, with thought and counts.")] = False,
    temperature: Temperature = None,
    top_p: TopP = None,
    top_k: TopK = None,
    min_p: MinP = None,
    max_tokens: MaxTokens = None,
    repetition_penalty: RepetitionPenalty = None,
    seed: Seed = None,
    dtype: Dtype = "auto",
    max_model_len: MaxModelLen = None,
    gpu_memory_utilization: GpuMemory = 0.9,
    tensor_parallel_size: TensorParallel = 1,
    engine_arg: EngineArg = None,
) -> None:
    """Answer one question and exit."""
    from ampo.generate import generate_once, prompt_of

    given = _sampling(locals())
    settings = _settings(locals())
    text = sys.stdin.read().strip() if question == "-" else question
    prompt = prompt_of(text, template, system)
    with _engine(model, backend, base_url, api_key, settings) as engine:
        generate_once(engine, prompt, replace(engine.default_sampling_params(), n=n, **given), json)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def serve(
    context: typer.Context,
    model: ModelName = None,
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8000,
    api_key: ApiKey = None,
    dtype: Dtype = "auto",
    max_model_len: MaxModelLen = None,
    max_num_seqs: MaxNumSeqs = None,
    gpu_memory_utilization: GpuMemory = 0.9,
    tensor_parallel_size: TensorParallel = 1,
    data_parallel_size: DataParallel = 1,
) -> None:
    """Serve a model behind an OpenAI-compatible API (vllm serve; its other options are passed on)."""
    from ampo import serve as server
    from ampo.models import EMBEDDED

    server.serve(model or EMBEDDED, host, port, _settings(locals()), api_key, context.args)


@app.command(name="eval")
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
    samples: Annotated[
        int | None, typer.Option("--samples", min=1, help="Samples of each problem; default: the paper's.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Only the first problems of each benchmark.")] = None,
    protocol: Annotated[
        list[str] | None, typer.Option("--protocol", help="ampo or official; repeat for both side by side.")
    ] = None,
    template: Annotated[
        str | None, typer.Option("--template", help="Prompt template: ampo, boxed, plain, or FILE.toml[#NAME].")
    ] = None,
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
    seed: Seed = 0,
    dtype: Dtype = "auto",
    max_model_len: MaxModelLen = None,
    max_num_seqs: MaxNumSeqs = None,
    gpu_memory_utilization: GpuMemory = 0.9,
    tensor_parallel_size: TensorParallel = 1,
    data_parallel_size: DataParallel = 1,
    engine_arg: EngineArg = None,
) -> None:
    """Evaluate a model: responses, verdicts and metrics in one folder. The same command resumes."""
    from ampo.models import EMBEDDED, locate, resolve
    from eval import report
    from eval.run import evaluate
    from eval.rundir import RunDir
    from eval.spec import build_spec, default_output_dir

    if show:
        report.show_catalogue(data_dir)
        return
    given = _sampling(locals() | {"seed": None})
    settings = _settings(locals())
    asked = [*(suite or []), *([str(data)] if data else [])] or ["demo"]
    spec = build_spec(
        _benchmarks(suite, data, question_column, answer_column),
        samples=samples,
        limit=limit,
        protocols=tuple(as_protocol(name) for name in protocol or ["ampo"]),
        template=template,
        data_dir=data_dir,
        sampling=given,
        seed=seed,
    )
    if base_url is None:
        ref = locate(resolve(model or EMBEDDED, _say))
        spec = replace(spec, model=ref.name, revision=ref.revision)
    else:  # which model an endpoint serves is known once it was asked
        endpoint = _engine(model, backend, base_url, api_key, settings, concurrency)
        spec = replace(spec, model=endpoint.model)
    run = RunDir(output_dir or default_output_dir(asked, spec.model))
    metrics = evaluate(
        spec,
        run,
        lambda: endpoint if base_url else _engine(model, backend, None, None, settings),
        _say,
    )
    report.show_metrics(metrics, run.path)


@app.command()
def score(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory of ampo eval.")],
    protocol: Annotated[
        list[str] | None, typer.Option("--protocol", help="ampo or official; repeat for both side by side.")
    ] = None,
) -> None:
    """Judge the saved responses of a run again. Needs no model and no GPU."""
    from eval import report
    from eval.rundir import RunDir
    from eval.score import rescore

    protocols: tuple[Protocol, ...] = tuple(as_protocol(name) for name in protocol or ["ampo"])
    run = RunDir.existing(run_dir)
    metrics = rescore(run, protocols, _say)
    report.show_metrics(metrics, run.path)
    report.show_disagreements(run, protocols)


@app.command()
def report(
    run_dir: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run directories of ampo eval.")],
) -> None:
    """Print the table of a run, or of several."""
    from eval import report as reports
    from eval.rundir import RunDir

    for path in run_dir:
        run = RunDir.existing(path)
        reports.show_metrics(run.read_metrics(), run.path)


@app.command()
def audit(
    suite: Annotated[
        list[str] | None, typer.Argument(metavar="[SUITE|FILE]...", help="Suites, benchmarks, or FILE.toml.")
    ] = None,
    data: DataFile = None,
    question_column: QuestionColumn = None,
    answer_column: AnswerColumn = None,
    data_dir: DataDir = None,
) -> None:
    """Check reference answers before any GPU time is spent: broken, ambiguous, or rejected in a right spelling."""
    from eval import report
    from eval.data import load_problems

    benchmarks = _benchmarks(suite, data, question_column, answer_column)
    report.show_audit([problem for b in benchmarks for problem in load_problems(b, data_dir=data_dir)])


@app.command()
def doctor() -> None:
    """Show what is installed, which devices there are, and what each missing part costs."""
    from rich.console import Console
    from rich.table import Table

    from ampo.doctor import examine

    table = Table(box=None, show_header=False)
    marks = {True: "[green]ok[/green]", False: "[yellow]--[/yellow]", None: ""}
    for ok, what, detail in examine():
        table.add_row(marks[ok], what, detail.replace("[", r"\["))
    Console().print(table)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _benchmarks(
    suites: list[str] | None, data: Path | None, question_column: str | None, answer_column: str | None
) -> list[Benchmark]:
    """What was asked for by name and by file; the demo suite where nothing was. A data file may be given as a name."""
    from eval.data import benchmark_of
    from eval.suites import resolve

    if data is None and (question_column or answer_column):
        raise UserError("--question-column and --answer-column name columns of a --data file: give that, too")
    files = [name for name in suites or [] if Path(name).suffix in (".jsonl", ".csv", ".parquet")]
    names = [name for name in suites or [] if name not in files]
    own = [benchmark_of(data, question_column, answer_column)] if data else []
    own += [benchmark_of(file) for file in files]
    return [*(resolve(names) if names else []), *own] or resolve(["demo"])


def _engine(
    model: str | None,
    backend: str,
    base_url: str | None,
    api_key: str | None,
    settings: EngineSettings,
    concurrency: int = 32,
) -> Engine:
    from ampo.engines import load_engine

    return load_engine(
        model,
        backend,
        base_url=base_url,
        api_key=api_key,
        concurrency=concurrency,
        settings=settings,
        say=_say,
    )


def _sampling(given: dict[str, Any]) -> dict[str, Any]:
    """The sampling parameters that were given on the command line, checked."""
    names = ("temperature", "top_p", "top_k", "min_p", "max_tokens", "repetition_penalty", "seed")
    params = {name: given[name] for name in names if given.get(name) is not None}
    SamplingParams(**params)
    return params


def _settings(given: dict[str, Any]) -> EngineSettings:
    from ampo.engines.settings import EngineSettings

    names = EngineSettings.__dataclass_fields__.keys() & given.keys()
    return EngineSettings(**{name: given[name] for name in names}, extra=_extra(given.get("engine_arg") or []))


def _extra(arguments: list[str]) -> dict[str, Any]:
    """NAME=VALUE pairs; a value that is valid TOML (a number, true, a list) is taken as such, else as text."""
    import tomllib

    extra: dict[str, Any] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or not name:
            raise UserError(f"--engine-arg {argument!r}: write it as NAME=VALUE")
        try:
            extra[name.replace("-", "_")] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            extra[name.replace("-", "_")] = value
    return extra
