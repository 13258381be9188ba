"""The commands that ask a model: chat, generate, serve."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ampo.cli.flags import Loads, SamplingFlags
from ampo.cli.groups import grouped
from ampo.cli.options import (
    SAMPLING,
    AllowHost,
    ApiKey,
    BackendName,
    BaseUrl,
    DataParallel,
    Dtype,
    EngineArg,
    GpuMemory,
    MaxModelLen,
    MaxNumSeqs,
    ModelName,
    Quantization,
    Seed,
    TemplateName,
    TensorParallel,
    TrustRemoteCode,
    start_engine,
)
from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.engines import Engine, EngineSettings

SERVER = "Server"
System = Annotated[str | None, typer.Option("--system", help="System prompt; none by default.")]


@dataclass(frozen=True)
class AskedFlags(Loads):
    """The model that is asked, here or at an endpoint."""

    model: ModelName = None
    backend: BackendName = "auto"
    base_url: BaseUrl = None
    api_key: ApiKey = None
    dtype: Dtype = "auto"
    quantization: Quantization = None
    trust_remote_code: TrustRemoteCode = False
    max_model_len: MaxModelLen = None
    gpu_memory_utilization: GpuMemory = 0.9
    tensor_parallel_size: TensorParallel = 1
    engine_arg: EngineArg = None

    def start(self, settings: EngineSettings) -> Engine:
        """The running engine."""
        return start_engine(self.model, self.backend, self.base_url, self.api_key, settings)


@dataclass(frozen=True)
class SeededFlags(SamplingFlags):
    """How it samples, seed included."""

    seed: Seed = None


@grouped
def chat(model: AskedFlags, *, system: System = None, sampling: SeededFlags) -> None:
    """Talk with a model: the thought is dimmed, Ctrl-C stops an answer, /help lists what else can be said."""
    from ampo.chat import Chat
    from ampo.chat_commands import run
    from ampo.chat_input import reader
    from ampo.terminal import Console

    given, settings = sampling.given(), model.settings()
    console = Console(highlight=False)
    with model.start(settings) as engine:
        params = replace(engine.default_sampling_params(), **given)
        run(Chat(engine, params, system), reader(), console)


@grouped
def generate(
    question: Annotated[
        str | None, typer.Argument(help="The question; - (or none, in a pipe) reads it from the standard input.")
    ] = None,
    *,
    input_file: Annotated[
        Path | None,
        typer.Option(
            "--input", "-i", help="Questions: FILE.jsonl (question or messages, id) or a line each; - is stdin."
        ),
    ] = None,
    output_file: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="JSON lines, appended as they come; what is there is not done again."),
    ] = None,
    model: AskedFlags,
    system: System = None,
    template: TemplateName = None,
    n: Annotated[int, typer.Option("--n", min=1, help="Samples.", rich_help_panel=SAMPLING)] = 1,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a sample, with thought and counts.")] = False,
    sampling: SeededFlags,
) -> None:
    """Answer one question, or many as JSON lines."""
    from ampo import generate as work

    given, settings = sampling.given(), model.settings()
    asked = work.questions(question, input_file, template, system)
    with model.start(settings) as engine:
        params = replace(engine.default_sampling_params(), n=n, **given)
        if input_file is None and output_file is None and not json:
            work.print_one(engine, asked[0], params)
        else:
            work.as_lines(engine, asked, params, output_file)


@dataclass(frozen=True)
class ServedFlags(Loads):
    """How the model that is served is loaded."""

    dtype: Dtype = "auto"
    quantization: Quantization = None
    trust_remote_code: TrustRemoteCode = False
    max_model_len: MaxModelLen = None
    max_num_seqs: MaxNumSeqs = None
    gpu_memory_utilization: GpuMemory = 0.9
    tensor_parallel_size: TensorParallel = 1
    data_parallel_size: DataParallel = 1


@grouped
def serve(
    context: typer.Context,
    model: ModelName = None,
    host: Annotated[
        str, typer.Option("--host", help="Another than loopback wants --api-key or --no-key.", rich_help_panel=SERVER)
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, rich_help_panel=SERVER)] = 8000,
    api_key: Annotated[
        str | None,
        typer.Option(
            "--api-key",
            envvar=["VLLM_API_KEY", "OPENAI_API_KEY"],
            help="Asked for everywhere but at /health and /ping.",
            rich_help_panel=SERVER,
        ),
    ] = None,
    no_key: Annotated[
        bool, typer.Option("--no-key", help="Whoever reaches the server may use it.", rich_help_panel=SERVER)
    ] = False,
    allow_host: AllowHost = None,
    *,
    engine: ServedFlags,
) -> None:
    """Serve a model behind an OpenAI-compatible API (vllm serve; its other options are passed on)."""
    from ampo import serve as server
    from ampo.models import EMBEDDED

    if context.args and not context.args[0].startswith("-"):
        raise UserError(f"what is {context.args[0]!r}? A model is given by --model")
    door = server.Door(host, port, None if no_key else api_key, no_key, tuple(allow_host or ()))
    server.serve(model or EMBEDDED, door, engine.settings(), context.args)
