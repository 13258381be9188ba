"""The models of the page of `ampo app`: one to talk with, and another one to compare it with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from ampo.cli.flags import Loads
from ampo.cli.options import (
    MODEL,
    ApiKey,
    BackendName,
    BaseUrl,
    Concurrency,
    DataParallel,
    Dtype,
    EngineArg,
    GpuMemory,
    MaxModelLen,
    MaxNumSeqs,
    ModelName,
    Quantization,
    TensorParallel,
    TrustRemoteCode,
    start_engine,
)

if TYPE_CHECKING:
    from ampo.engines import Engine, EngineSettings

Compare = Annotated[
    str | None, typer.Option("--compare", help="A second model to compare with.", rich_help_panel=MODEL)
]
CompareBaseUrl = Annotated[str | None, typer.Option("--compare-base-url", help="Its endpoint.", rich_help_panel=MODEL)]
CompareKey = Annotated[
    str | None,
    typer.Option(
        "--compare-api-key",
        envvar="AMPO_COMPARE_API_KEY",
        help="Of --compare-base-url, which never gets the first endpoint's key.",
        rich_help_panel=MODEL,
    ),
]


@dataclass(frozen=True)
class PageModelFlags(Loads):
    """See the module's docstring."""

    model: ModelName = None
    compare: Compare = None
    compare_base_url: CompareBaseUrl = None
    compare_api_key: CompareKey = None
    backend: BackendName = "auto"
    base_url: BaseUrl = None
    api_key: ApiKey = None
    concurrency: Concurrency = 32
    dtype: Dtype = "auto"
    quantization: Quantization = None
    trust_remote_code: TrustRemoteCode = False
    max_model_len: MaxModelLen = None
    max_num_seqs: MaxNumSeqs = None
    gpu_memory_utilization: GpuMemory = 0.9
    tensor_parallel_size: TensorParallel = 1
    data_parallel_size: DataParallel = 1
    engine_arg: EngineArg = None

    def start(self, settings: EngineSettings) -> dict[str, Engine]:
        """The engine, and the one to compare it with, by the names that are shown."""
        two = self.compare is not None or self.compare_base_url is not None
        if two and self.base_url is None and self.compare_base_url is None:  # two engines share the device
            settings = replace(settings, gpu_memory_utilization=settings.gpu_memory_utilization / 2)
        # The page asks again by itself, and says so meanwhile.
        first = start_engine(
            self.model, self.backend, self.base_url, self.api_key, settings, self.concurrency, max_retries=0
        )
        if not two:
            return {first.model: first}
        try:
            second = self._start_second(replace(settings, in_process=False))
        except BaseException:
            first.close()
            raise
        name = second.model if second.model != first.model else f"{second.model} (second)"
        return {first.model: first, name: second}

    def _start_second(self, settings: EngineSettings) -> Engine:
        backend = "auto" if self.compare_base_url and self.backend != "openai" else self.backend
        # A key is for the endpoint that it was given for; "none" keeps the environment's from being taken.
        key = (self.compare_api_key or "none") if self.compare_base_url else self.api_key
        url = self.compare_base_url or self.base_url
        return start_engine(self.compare, backend, url, key, settings, self.concurrency, max_retries=0)
