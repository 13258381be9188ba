"""`ampo app`: the page, joined with what it shows of benchmarks and run directories."""

from __future__ import annotations

import threading
import webbrowser
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ampo.cli.judge import PANEL, JudgeForm
from ampo.cli.options import (
    SAMPLING,
    AllowHost,
    ApiKey,
    BackendName,
    BaseUrl,
    Concurrency,
    DataDir,
    DataParallel,
    Dtype,
    EngineArg,
    GpuMemory,
    MaxModelLen,
    MaxNumSeqs,
    MaxTokens,
    MinP,
    ModelName,
    Quantization,
    RepetitionPenalty,
    Seed,
    Temperature,
    TensorParallel,
    TopK,
    TopP,
    TrustRemoteCode,
    engine_settings,
    given_sampling,
    start_engine,
)
from ampo.console import say
from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.app.server import Server
    from ampo.cli.judge import Judge
    from ampo.engines import Engine, EngineSettings
    from ampo.types import SamplingParams

PAGE = "Page"
Host = Annotated[str, typer.Option("--host", help="0.0.0.0 lets other machines in.", rich_help_panel=PAGE)]
Port = Annotated[
    int | None,
    typer.Option("--port", min=1, max=65535, help="Default: the first free one from 7860.", rich_help_panel=PAGE),
]
Auth = Annotated[
    list[str] | None,
    typer.Option("--auth", envvar="AMPO_APP_AUTH", help="USER:PASSWORD; repeat for several.", rich_help_panel=PAGE),
]
Share = Annotated[bool, typer.Option("--share", help="A public link through gradio.live.", rich_help_panel=PAGE)]
RootPath = Annotated[
    str | None, typer.Option("--root-path", help="Where a proxy serves the page.", rich_help_panel=PAGE)
]
Open = Annotated[bool, typer.Option("--open", help="Open a browser.", rich_help_panel=PAGE)]
QueueSize = Annotated[int, typer.Option("--queue-size", min=1, help="Questions that may wait.", rich_help_panel=PAGE)]
_RUNS = Path("runs")
Runs = Annotated[Path, typer.Option("--runs", help="Folder of run directories to browse.", rich_help_panel=PAGE)]
Votes = Annotated[
    Path, typer.Option("--votes", help="File that the votes of comparisons are appended to.", rich_help_panel=PAGE)
]
JudgeName = Annotated[
    str | None,
    typer.Option(
        "--judge",
        metavar="MODEL|URL",
        help="A model's second opinion under Check: a hub id, a folder, or http://HOST/v1#MODEL.",
        rich_help_panel=PANEL,
    ),
]
JudgeKey = Annotated[
    str | None,
    typer.Option(
        "--judge-api-key",
        envvar="AMPO_JUDGE_API_KEY",
        help="Of the judge's endpoint, which never gets the first endpoint's key.",
        rich_help_panel=PANEL,
    ),
]
System = Annotated[
    str | None, typer.Option("--system", help="System prompt to begin with; none by default.", rich_help_panel=SAMPLING)
]
_USUAL_TOKENS = 8192  # the authors' own limit, for the slider's first position


def app(
    model: ModelName = None,
    compare: Annotated[
        str | None, typer.Option("--compare", help="A second model to compare with.", rich_help_panel="Model")
    ] = None,
    compare_base_url: Annotated[
        str | None, typer.Option("--compare-base-url", help="Its endpoint.", rich_help_panel="Model")
    ] = None,
    compare_api_key: Annotated[
        str | None,
        typer.Option(
            "--compare-api-key",
            envvar="AMPO_COMPARE_API_KEY",
            help="Of --compare-base-url, which never gets the first endpoint's key.",
            rich_help_panel="Model",
        ),
    ] = None,
    backend: BackendName = "auto",
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    concurrency: Concurrency = 32,
    host: Host = "127.0.0.1",
    port: Port = None,
    allow_host: AllowHost = None,
    auth: Auth = None,
    share: Share = False,
    root_path: RootPath = None,
    open_browser: Open = False,
    queue_size: QueueSize = 64,
    runs: Runs = _RUNS,
    votes: Votes = Path("votes.jsonl"),
    data_dir: DataDir = None,
    judge: JudgeName = None,
    form: JudgeForm = None,
    judge_api_key: JudgeKey = None,
    system: System = None,
    temperature: Temperature = None,
    top_p: TopP = None,
    top_k: TopK = None,
    min_p: MinP = None,
    max_tokens: MaxTokens = None,
    repetition_penalty: RepetitionPenalty = None,
    seed: Seed = None,
    dtype: Dtype = "auto",
    quantization: Quantization = None,
    trust_remote_code: TrustRemoteCode = False,
    max_model_len: MaxModelLen = None,
    max_num_seqs: MaxNumSeqs = None,
    gpu_memory_utilization: GpuMemory = 0.9,
    tensor_parallel_size: TensorParallel = 1,
    data_parallel_size: DataParallel = 1,
    engine_arg: EngineArg = None,
) -> None:
    """Talk with a model in a browser: its thought, its answer, and whether it is right."""
    try:
        from ampo.app.build import Address, Server, launch
    except ImportError as error:
        if error.name != "gradio":
            raise
        from ampo.errors import MissingExtraError

        raise MissingExtraError("gradio", "app", "the page") from error
    from ampo.access import is_loopback
    from ampo.app.desk import Desk
    from ampo.cli.lent import services
    from ampo.models import EMBEDDED
    from ampo.verify import VerifierPool

    given = given_sampling(locals())
    settings = engine_settings(locals())
    asked = _judge(dict(locals()))
    names = tuple(allow_host or ())
    address = Address(host, port, _logins(auth or []), share, root_path, open_browser, names)
    if runs != _RUNS and not runs.is_dir():
        raise UserError(f"--runs {runs}: no such folder: name one that holds run directories of `ampo eval`")
    if not (is_loopback(host) or address.auth):
        say(f"note: everybody who reaches {host} may use the page; --auth USER:PASSWORD asks for a login")
    server = Server(address, model or EMBEDDED)
    say(_where(server) + " while the model loads (Ctrl-C ends it)")
    if open_browser:
        webbrowser.open(server.url)
    second = _Second(compare, compare_base_url, compare_api_key)
    engines: dict[str, Engine] = {}
    try:
        with ExitStack() as opened, VerifierPool(workers=2) as verifier:
            engines = _engines(model, second, backend, base_url, api_key, concurrency, settings)
            limits, defaults = _limits(next(iter(engines.values())), given)
            lent = services(runs, data_dir, _started(asked, opened))
            desk = Desk(engines, verifier, defaults, limits, system or "", lent, votes, concurrency, queue_size)
            launch(desk, address, server)
            say(_where(server))
            threading.Event().wait()
    finally:
        server.close()
        for engine in engines.values():
            engine.close()


def _judge(given: dict[str, Any]) -> Judge | None:
    """Who is asked for a second opinion. Raises UserError for a form without a judge."""
    from ampo.cli.judge import Judge

    name = given["judge"]
    if name is None:
        if given["form"]:
            raise UserError("--judge-form is for a second opinion: give --judge MODEL, too")
        return None
    # A key is for the endpoint that it was given for; "none" keeps the environment's from being taken.
    return Judge.of(given | {"api_key": given["judge_api_key"] or "none", "backend": "auto"}, name)


def _started(judge: Judge | None, opened: ExitStack) -> Any:
    """What gives its opinion; its engine ends with `opened`."""
    if judge is None:
        return None
    from ampo.eval.judge.one import Opinion

    engine = opened.enter_context(judge.start())
    return Opinion(engine, judge.form_for(engine.model))


def _where(server: Server) -> str:
    others = f", for other machines {server.others}" if server.others else ""
    public = f", for everybody {server.public}" if server.public else ""
    return f"the page is at {server.url}{others}{public}"


def _logins(given: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = [login.partition(":") for login in given]
    for user, colon, password in pairs:
        if not (user and colon and password):
            raise UserError("--auth must be USER:PASSWORD, as in --auth ada:secret")
    return tuple((user, password) for user, _, password in pairs)


class _Second(NamedTuple):
    """What the first model is compared with."""

    model: str | None
    base_url: str | None
    api_key: str | None


def _engines(
    model: str | None,
    other: _Second,
    backend: str,
    base_url: str | None,
    api_key: str | None,
    concurrency: int,
    settings: EngineSettings,
) -> dict[str, Engine]:
    """The engine, and the one to compare it with, by the names that are shown."""
    two = other.model is not None or other.base_url is not None
    if two and base_url is None and other.base_url is None:  # two engines share the device
        settings = replace(settings, gpu_memory_utilization=settings.gpu_memory_utilization / 2)
    # The page asks again by itself, and says so meanwhile.
    first = start_engine(model, backend, base_url, api_key, settings, concurrency, max_retries=0)
    if not two:
        return {first.model: first}
    try:
        second_backend = "auto" if other.base_url and backend != "openai" else backend
        # A key is for the endpoint that it was given for; "none" keeps the environment's from being taken.
        key = (other.api_key or "none") if other.base_url else api_key
        second = start_engine(
            other.model,
            second_backend,
            other.base_url or base_url,
            key,
            replace(settings, in_process=False),
            concurrency,
            max_retries=0,
        )
    except BaseException:
        first.close()
        raise
    name = second.model if second.model != first.model else f"{second.model} (second)"
    return {first.model: first, name: second}


def _limits(engine: Engine, given: dict[str, Any]) -> tuple[Any, SamplingParams]:
    """What one question may cost, and the sampling to begin with: the model's own, with what was given."""
    from ampo.app.controls import Limits

    context = getattr(engine, "max_model_len", None) or getattr(engine, "context", None)
    card = engine.describe()["settings"].get("model_card") or {}
    context = context or card.get("max_model_len")
    limits = Limits(max_tokens=context or Limits().max_tokens)
    usual = min(_USUAL_TOKENS, limits.max_tokens * 3 // 4)
    return limits, replace(engine.default_sampling_params(), **({"max_tokens": usual} | given))
