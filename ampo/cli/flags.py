"""The groups of flags that commands share: the model, how it samples, which data it is asked."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ampo.cli.options import (
    AnswerColumn,
    ApiKey,
    BackendName,
    BaseUrls,
    Concurrency,
    DataDir,
    DataFile,
    DataParallel,
    Dtype,
    EngineArg,
    ExtraBody,
    FrequencyPenalty,
    GpuMemory,
    Header,
    IdColumn,
    MaxModelLen,
    MaxNumSeqs,
    MaxRetries,
    MaxTokens,
    MinP,
    ModelName,
    OptionsColumn,
    PresencePenalty,
    Quantization,
    QuestionColumn,
    RayAddress,
    RepetitionPenalty,
    Replicas,
    Seed,
    Stop,
    Temperature,
    TemplateName,
    TensorParallel,
    Timeout,
    TopK,
    TopP,
    TrustRemoteCode,
    endpoint_settings,
    engine_settings,
    given_sampling,
    suite_names,
)
from ampo.console import say
from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.engines import EngineSettings
    from ampo.engines.source import Source
    from ampo.eval.suites import Benchmark


@dataclass(frozen=True)
class Loads:
    """Flags that say how a model is loaded here."""

    def settings(self) -> EngineSettings:
        """How, as engines take it."""
        return engine_settings(asdict(self))


@dataclass(frozen=True)
class ModelFlags(Loads):
    """Which model, on which engine."""

    model: ModelName = None
    backend: BackendName = "auto"
    base_url: BaseUrls = None
    api_key: ApiKey = None
    concurrency: Concurrency = 32
    extra_body: ExtraBody = None
    header: Header = None
    timeout: Timeout = None
    max_retries: MaxRetries = None
    ray_address: RayAddress = None
    replicas: Replicas = None
    dtype: Dtype = "auto"
    max_model_len: MaxModelLen = None
    max_num_seqs: MaxNumSeqs = None
    gpu_memory_utilization: GpuMemory = 0.9
    tensor_parallel_size: TensorParallel = 1
    data_parallel_size: DataParallel = 1
    quantization: Quantization = None
    trust_remote_code: TrustRemoteCode = False
    engine_arg: EngineArg = None

    def source(self) -> Source:
        """The model before it is loaded. An endpoint is asked at once."""
        from ampo.engines.source import source_of

        return source_of(
            self.model,
            self.backend,
            endpoint=endpoint_settings(asdict(self)),
            settings=self.settings(),
            say=say,
        )


@dataclass(frozen=True)
class SamplingFlags:
    """How it samples; what isn't given is left to the benchmark or the model."""

    temperature: Temperature = None
    top_p: TopP = None
    top_k: TopK = None
    min_p: MinP = None
    max_tokens: MaxTokens = None
    repetition_penalty: RepetitionPenalty = None
    presence_penalty: PresencePenalty = None
    frequency_penalty: FrequencyPenalty = None
    stop: Stop = None

    def given(self) -> dict[str, Any]:
        """What was given, checked."""
        return given_sampling(asdict(self))


@dataclass(frozen=True)
class DataFlags:
    """Problems of the user's own."""

    data: DataFile = None
    question_column: QuestionColumn = None
    answer_column: AnswerColumn = None
    id_column: IdColumn = None
    options_column: OptionsColumn = None

    @property
    def columns(self) -> dict[str, str]:
        """Question, answer, id, options -> the column's name."""
        given = {
            "question": self.question_column,
            "answer": self.answer_column,
            "id": self.id_column,
            "options": self.options_column,
        }
        return {what: column for what, column in given.items() if column is not None}

    def benchmarks(self, suites: list[str] | None) -> list[Benchmark]:
        """What was asked for by name and by file; the demo suite where nothing was."""
        from ampo.api.questions import benchmarks_of

        if self.data is None and self.columns:
            raise UserError(
                "--question-column, --answer-column and the like name columns of a --data file: give that, too"
            )
        own = benchmarks_of(self.data, self.columns) if self.data else []
        named = suites or ([] if own else ["demo"])
        return [*(benchmarks_of(named) if named else []), *own]


@dataclass(frozen=True)
class RunFlags:
    """What a run is, besides its model and its sampling."""

    suite: Annotated[
        list[str] | None,
        typer.Option(
            "--suite",
            "--tasks",
            "-s",
            help="Suites, benchmarks or FILE.toml; repeat or join by commas. Default: demo, or --data alone.",
            autocompletion=suite_names,
        ),
    ] = None
    output_dir: Annotated[
        Path | None,
        typer.Option(
            "--output-dir", "-o", help="The run's folder; the same command resumes it. Default: runs/SUITE-MODEL."
        ),
    ] = None
    samples: Annotated[
        int | None, typer.Option("--samples", min=1, help="Samples of each problem; default: the paper's.")
    ] = None
    limit: Annotated[int | None, typer.Option("--limit", help="Only the first problems of each benchmark.")] = None
    protocol: Annotated[
        list[str] | None, typer.Option("--protocol", help="ampo or official; repeat for both side by side.")
    ] = None
    template: TemplateName = None
    data_dir: DataDir = None
    seed: Seed = 0
