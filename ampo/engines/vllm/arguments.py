"""vLLM's engine arguments for our settings; `ampo serve` gives its server the same."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ampo.engines.cpu import computes_bfloat16
from ampo.engines.settings import EngineSettings

_GIB = 1 << 30
_CPU_CACHE_TOKENS = 32768  # enough for what two cores work on at once; zeroing more costs seconds at every start
_CPU_CONTEXT = 8192  # tokens; seeded requests need prefills unsplit on a CPU, so this bounds a batch's size, too


def engine_arguments(revision: str | None, settings: EngineSettings) -> dict[str, Any]:
    """vLLM's engine arguments for our settings, on any device."""
    return {
        "revision": revision,
        "tokenizer_revision": revision,
        "dtype": settings.dtype,
        "max_model_len": settings.max_model_len,
        "max_num_seqs": settings.max_num_seqs,
        "gpu_memory_utilization": settings.gpu_memory_utilization,
        "tensor_parallel_size": settings.tensor_parallel_size,
        "data_parallel_size": settings.data_parallel_size,
        "quantization": settings.quantization,
        "trust_remote_code": settings.trust_remote_code,
        "enforce_eager": settings.enforce_eager or False,
        "enable_prefix_caching": True,
    }


def cpu_arguments(path: str, settings: EngineSettings) -> dict[str, Any]:
    """What a CPU needs: compiling costs minutes there, and a seeded request whose prefill is split kills the engine.

    dtype "auto" is float32 on a CPU without instructions for bfloat16, which vLLM would emulate: a prefill then took
    six times as long, eight rows at once three times (EPYC without AVX-512). Where such weights would take more than
    half of the memory, it stays with vLLM's choice.
    """
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(path, trust_remote_code=settings.trust_remote_code).get_text_config()
    context = settings.max_model_len or min(
        _CPU_CONTEXT, getattr(config, "max_position_embeddings", None) or _CPU_CONTEXT
    )
    gib = settings.kv_cache_gib or float(os.environ.get("VLLM_CPU_KVCACHE_SPACE") or 0)
    dtype = _cpu_dtype(path, settings)
    return {
        "dtype": dtype,
        "enforce_eager": True if settings.enforce_eager is None else settings.enforce_eager,
        "max_model_len": context,
        "max_num_batched_tokens": max(context, 2048),
        "enable_chunked_prefill": False,
        "block_size": 32,  # of the prefix cache: with the default of 128 the samples of a short prompt share nothing
        "kv_cache_memory_bytes": int(gib * _GIB) or max(_CPU_CACHE_TOKENS, 2 * context) * _cache_bytes(config, dtype),
    }


def _cpu_dtype(path: str, settings: EngineSettings) -> str:
    if settings.dtype != "auto" or settings.quantization or computes_bfloat16():
        return settings.dtype
    stored = sum(file.stat().st_size for file in Path(path).glob("*.safetensors"))  # two bytes a parameter, mostly
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return "float32" if 2 * stored < memory / 2 else "auto"


def _cache_bytes(config: Any, dtype: str) -> int:
    """Bytes of key-value cache a token takes."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return 2 * config.num_hidden_layers * heads * head_dim * (4 if dtype in ("float32", "float") else 2)
