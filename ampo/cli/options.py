"""What commands share: the options, and what is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ampo.console import say
from ampo.errors import UserError
from ampo.types import SamplingParams

if TYPE_CHECKING:
    from ampo.engines import EndpointSettings, Engine, EngineSettings

MODEL = "Model"
ENDPOINT = "Endpoint"
CLUSTER = "Cluster"
SAMPLING = "Sampling (vLLM's names)"


def backend_names(incomplete: str) -> list[str]:
    """For the shell's completion."""
    from ampo.engines.registry import backends

    return [name for name in backends() if name.startswith(incomplete)]


def suite_names(incomplete: str) -> list[str]:
    """For the shell's completion."""
    from ampo.eval.suites import known_names

    return [name for name in known_names() if name.startswith(incomplete)]


def template_names(incomplete: str) -> list[str]:
    """For the shell's completion."""
    from ampo.prompts import template_names as known

    return [name for name in known() if name.startswith(incomplete)]


ModelName = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="Hub id, local folder, or smollm2-135m (the default; of an endpoint or an engine of yours its own).",
        rich_help_panel=MODEL,
    ),
]
BackendName = Annotated[
    str,
    typer.Option(
        "--backend",
        help="auto, vllm, transformers, openai, one that a package brings, or your own as FILE.py:NAME.",
        rich_help_panel=MODEL,
        autocompletion=backend_names,
    ),
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="An OpenAI-compatible endpoint to ask.", rich_help_panel=MODEL)
]
BaseUrls = Annotated[
    list[str] | None,
    typer.Option(
        "--base-url",
        help="An OpenAI-compatible endpoint to ask; repeat it for several of the same model.",
        rich_help_panel=ENDPOINT,
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        envvar="OPENAI_API_KEY",
        help="@FILE or env:NAME: a key itself would stand in the list of processes.",
        rich_help_panel=ENDPOINT,
    ),
]
ExtraBody = Annotated[
    str | None,
    typer.Option("--extra-body", metavar="JSON", help="Further fields of each request.", rich_help_panel=ENDPOINT),
]
Header = Annotated[
    list[str] | None,
    typer.Option(
        "--header", metavar="NAME=VALUE", help="VALUE may be @FILE or env:NAME; repeatable.", rich_help_panel=ENDPOINT
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", min=0.1, help="Seconds for one response (600).", rich_help_panel=ENDPOINT),
]
MaxRetries = Annotated[
    int | None,
    typer.Option(
        "--max-retries", min=0, help="How often a failed request is asked again (3).", rich_help_panel=ENDPOINT
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray-address", help="Spread over a Ray cluster: auto, or HOST:PORT of its head.", rich_help_panel=CLUSTER
    ),
]
Replicas = Annotated[
    str | None,
    typer.Option("--replicas", help="Engines on the cluster: a number, or auto.", rich_help_panel=CLUSTER),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        help="A name that the server is reached under, besides localhost and IP addresses; repeatable.",
        rich_help_panel="Server",
    ),
]
Concurrency = Annotated[
    int,
    typer.Option(
        "--concurrency", min=1, help="Requests to an endpoint, and on the page answers, at once.", rich_help_panel=MODEL
    ),
]
Dtype = Annotated[str, typer.Option("--dtype", rich_help_panel=MODEL)]
MaxModelLen = Annotated[
    int | None, typer.Option("--max-model-len", min=1, help="Context in tokens.", rich_help_panel=MODEL)
]
MaxNumSeqs = Annotated[
    int | None, typer.Option("--max-num-seqs", min=1, help="Samples at the same time.", rich_help_panel=MODEL)
]
GpuMemory = Annotated[float, typer.Option("--gpu-memory-utilization", min=0.01, max=1.0, rich_help_panel=MODEL)]
TensorParallel = Annotated[int, typer.Option("--tensor-parallel-size", "-tp", min=1, rich_help_panel=MODEL)]
DataParallel = Annotated[int, typer.Option("--data-parallel-size", "-dp", min=1, rich_help_panel=MODEL)]
Quantization = Annotated[
    str | None,
    typer.Option("--quantization", "-q", help="How vLLM quantises: awq, gptq, fp8, ...", rich_help_panel=MODEL),
]
TrustRemoteCode = Annotated[
    bool, typer.Option("--trust-remote-code", help="Run code that comes with the model.", rich_help_panel=MODEL)
]
EngineArg = Annotated[
    list[str] | None,
    typer.Option(
        "--engine-arg", help="NAME=VALUE: any other argument of vLLM's engine, or of yours.", rich_help_panel=MODEL
    ),
]
Temperature = Annotated[float | None, typer.Option("--temperature", help="0 is greedy.", rich_help_panel=SAMPLING)]
TopP = Annotated[float | None, typer.Option("--top-p", rich_help_panel=SAMPLING)]
TopK = Annotated[int | None, typer.Option("--top-k", rich_help_panel=SAMPLING)]
MinP = Annotated[float | None, typer.Option("--min-p", rich_help_panel=SAMPLING)]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", help="New tokens at most.", rich_help_panel=SAMPLING)]
RepetitionPenalty = Annotated[float | None, typer.Option("--repetition-penalty", rich_help_panel=SAMPLING)]
PresencePenalty = Annotated[float | None, typer.Option("--presence-penalty", rich_help_panel=SAMPLING)]
FrequencyPenalty = Annotated[float | None, typer.Option("--frequency-penalty", rich_help_panel=SAMPLING)]
Stop = Annotated[
    list[str] | None, typer.Option("--stop", help="Text that ends a response; repeatable.", rich_help_panel=SAMPLING)
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, max=2**63 - 1, rich_help_panel=SAMPLING)]
TemplateName = Annotated[
    str | None,
    typer.Option(
        "--template",
        help="Prompt template: ampo, plain, boxed, brief, or FILE.toml\\[#NAME].",
        autocompletion=template_names,
    ),
]

DATA = "Data"
DataFile = Annotated[
    Path | None,
    typer.Option("--data", help="Problems of your own: JSONL, JSON, CSV, TSV, Parquet.", rich_help_panel=DATA),
]
QuestionColumn = Annotated[str | None, typer.Option("--question-column", rich_help_panel=DATA)]
AnswerColumn = Annotated[str | None, typer.Option("--answer-column", rich_help_panel=DATA)]
IdColumn = Annotated[str | None, typer.Option("--id-column", rich_help_panel=DATA)]
OptionsColumn = Annotated[
    str | None,
    typer.Option("--options-column", help="Of choice questions; a list, in CSV its JSON.", rich_help_panel=DATA),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse reference answers that can't be read.", rich_help_panel=DATA)
]
WithoutDoubtful = Annotated[
    bool, typer.Option("--without-doubtful", help="Leave out problems that are known to be wrong or doubtful.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", envvar="AMPO_DATA_DIR", help="A folder of <benchmark>.jsonl files.", rich_help_panel=DATA
    ),
]


def start_engine(
    model: str | None,
    backend: str,
    base_url: str | None,
    api_key: str | None,
    settings: EngineSettings,
    concurrency: int = 32,
    max_retries: int = 3,
) -> Engine:
    """The engine that a command's flags ask for.

    Args:
        model, backend, base_url, api_key, settings, concurrency: As of `ampo.load_engine`.
        max_retries: Of a request to an endpoint.
    """
    from ampo.engines import EndpointSettings, load_engine

    return load_engine(
        model,
        backend,
        base_url=base_url,
        api_key=api_key,
        concurrency=concurrency,
        settings=settings,
        endpoint=EndpointSettings(max_retries=max_retries),
        say=say,
    )


def given_sampling(given: dict[str, Any]) -> dict[str, Any]:
    """The sampling parameters that were given on the command line, checked."""
    names = SamplingParams.__dataclass_fields__.keys() - {"n"}
    params = {name: given[name] for name in sorted(names) if given.get(name) not in (None, [])}
    SamplingParams(**params)
    return params


def engine_settings(given: dict[str, Any]) -> EngineSettings:
    """How a model is loaded, from what the command line was given."""
    from ampo.engines.settings import EngineSettings

    names = EngineSettings.__dataclass_fields__.keys() & given.keys()
    chosen = {name: given[name] for name in names if given[name] is not None}
    return EngineSettings(**chosen, extra=named_values("--engine-arg", given.get("engine_arg") or []))


def endpoint_settings(given: dict[str, Any]) -> EndpointSettings:
    """How an endpoint is asked, from what the command line was given."""
    import json

    from ampo.engines.settings import EndpointSettings

    try:
        extra = json.loads(given.get("extra_body") or "{}")
    except ValueError as error:
        raise UserError(f"--extra-body is not valid JSON ({error}): write it as '{{\"name\": value}}'") from error
    if not isinstance(extra, dict):
        raise UserError(f"--extra-body is a {type(extra).__name__}: give a JSON object")
    headers = {}
    for header in given.get("header") or ():
        name, equals, value = header.partition("=")
        if not equals or not name:
            raise UserError(f"--header {header!r}: write it as NAME=VALUE")
        headers[name] = value
    urls = given.get("base_url") or ()
    asked = {name: given[name] for name in ("timeout", "max_retries", "concurrency") if given.get(name) is not None}
    return EndpointSettings(
        base_url=(urls,) if isinstance(urls, str) else tuple(urls),
        api_key=given.get("api_key"),
        headers=headers,
        extra_body=extra,
        **asked,
    )


def named_values(flag: str, arguments: list[str]) -> dict[str, Any]:
    """NAME=VALUE pairs; a value that is valid TOML (a number, true, a list) is taken as such, else as text."""
    import tomllib

    extra: dict[str, Any] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or not name:
            raise UserError(f"{flag} {argument!r}: write it as NAME=VALUE")
        try:
            extra[name.replace("-", "_")] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            extra[name.replace("-", "_")] = value
    return extra
