"""How to load a model, with vLLM's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Settings of an engine that loads a model itself. None leaves the choice to the engine.

    max_model_len: the context in tokens, prompt and response together.
    max_num_seqs: samples generated at the same time, at most.
    gpu_memory_utilization: the share of a GPU's memory to take.
    kv_cache_gib: memory of the key-value cache on a CPU.
    in_process: vLLM's engine core in this process rather than in one of its own: starts in a third of the time, for
        one device only. None: on a CPU yes, on GPUs no (there a second process keeps Python off the GPU's way).
    quantization: how vLLM quantises, by its own names; None goes by the model's config.
    trust_remote_code: run code that comes with the model.
    extra: further arguments of the engine by their own names (vLLM's EngineArgs).
    ray_address: of a Ray cluster on which engines like this one share the work ("auto" for the one this machine is in).
    replicas: how many; "auto" takes what the cluster has.
    """

    dtype: str = "auto"
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    gpu_memory_utilization: float = 0.9
    kv_cache_gib: float | None = None
    tensor_parallel_size: int = 1
    data_parallel_size: int = 1
    enforce_eager: bool | None = None
    quantization: str | None = None
    trust_remote_code: bool = False
    in_process: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    ray_address: str | None = None
    replicas: str | int = "auto"

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for records."""
        left_out = {"ray_address", "replicas"} if self.ray_address is None else set()
        table = asdict(self) | {"extra": dict(self.extra)}
        return {name: value for name, value in table.items() if name not in left_out}


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """How to ask an OpenAI-compatible endpoint (see `ampo.engines.openai`).

    base_url: one address, or several of the same model.
    api_key: "@FILE", "env:NAME", or the key; None takes OPENAI_API_KEY.
    concurrency: requests at the same time, at most, over all addresses.
    """

    base_url: tuple[str, ...] = ()
    api_key: str | None = None
    concurrency: int = 32
    timeout: float = 600.0
    max_retries: int = 3
    headers: Mapping[str, str] = field(default_factory=dict)
    extra_body: Mapping[str, Any] = field(default_factory=dict)
