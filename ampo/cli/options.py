"""What commands share: the options, and what is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ampo.console import say
from ampo.errors import UserError
from ampo.types import SamplingParams

if TYPE_CHECKING:
    from ampo.engines import Engine, EngineSettings

MODEL = "Model"
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
    str | None, typer.Option("--model", "-m", help="Hub id, local folder, or smollm2-135m.", rich_help_panel=MODEL)
]
BackendName = Annotated[
    str,
    typer.Option(
        "--backend",
        help="auto, vllm, transformers or openai.",
        rich_help_panel=MODEL,
        autocompletion=backend_names,
    ),
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="An OpenAI-compatible endpoint to ask.", rich_help_panel=MODEL)
]
ApiKey = Annotated[str | None, typer.Option("--api-key", envvar="OPENAI_API_KEY", rich_help_panel=MODEL)]
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
    typer.Option("--engine-arg", help="NAME=VALUE: any other argument of vLLM's engine.", rich_help_panel=MODEL),
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
    Path | None, typer.Option("--data", help="Problems of your own: JSONL, CSV or Parquet.", rich_help_panel=DATA)
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
) -> Engine:
    from ampo.engines import load_engine

    return load_engine(
        model,
        backend,
        base_url=base_url,
        api_key=api_key,
        concurrency=concurrency,
        settings=settings,
        say=say,
    )


def given_sampling(given: dict[str, Any]) -> dict[str, Any]:
    """The sampling parameters that were given on the command line, checked."""
    names = SamplingParams.__dataclass_fields__.keys() - {"n"}
    params = {name: given[name] for name in sorted(names) if given.get(name) not in (None, [])}
    SamplingParams(**params)
    return params


def engine_settings(given: dict[str, Any]) -> EngineSettings:
    from ampo.engines.settings import EngineSettings

    names = EngineSettings.__dataclass_fields__.keys() & given.keys()
    return EngineSettings(
        **{name: given[name] for name in names}, extra=named_values("--engine-arg", given.get("engine_arg") or [])
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
