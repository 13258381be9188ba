"""vLLM is imported and started here, and what keeps it from that is said in a line."""

from __future__ import annotations

import os
import sys
import warnings
from importlib.util import find_spec
from typing import Any

from ampo.engines.settings import EngineSettings
from ampo.engines.vllm.arguments import cpu_arguments, engine_arguments
from ampo.engines.vllm.core import Core
from ampo.engines.vllm.in_process import InProcessCore
from ampo.engines.vllm.processes import ProcessCore
from ampo.errors import MissingExtraError, UserError, nearest
from ampo.files import first_line
from ampo.models import ModelRef

_DTYPES = ("auto", "bfloat16", "float16", "half", "float32", "float")


class BrokenVLLMError(UserError):
    """vLLM is installed, and can't be imported: a CUDA library is missing, or another torch is there than it wants."""


def available() -> bool:
    """Whether vLLM is installed (for a GPU or for a CPU)."""
    return find_spec("vllm") is not None


def import_vllm() -> None:
    """Import vLLM, whose log then goes to stderr. MissingExtraError without it, BrokenVLLMError where it can't be."""
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")  # its progress is ours to tell
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")  # stdout is for what was asked for
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    if not available():
        raise MissingExtraError("vllm", "vllm", "the vLLM engine")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            import vllm.engine.arg_utils  # noqa: F401
        except (ImportError, OSError) as error:
            raise BrokenVLLMError(
                f"vLLM is installed and can't be imported ({first_line(error)}): "
                "mend its installation, or give --backend transformers"
            ) from error


def start_core(ref: ModelRef, settings: EngineSettings) -> Core:
    """A running vLLM, `import_vllm` having been called. UserError where it can't load the model."""
    from vllm.platforms import current_platform

    on_cpu = current_platform.is_cpu()
    one_device = settings.tensor_parallel_size == settings.data_parallel_size == 1
    in_process = (on_cpu and one_device) if settings.in_process is None else settings.in_process
    if in_process and not one_device:
        raise UserError("in_process serves one device: leave it out with tensor or data parallelism")
    if on_cpu and settings.tensor_parallel_size > 1:
        os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", _cores_of_workers(settings))
    try:
        _check(ref, settings)
        arguments = _engine_args(ref, settings, on_cpu)
        return InProcessCore(arguments) if in_process else ProcessCore(arguments)
    except (ValueError, OSError, RuntimeError, TypeError) as error:  # what vLLM raises for models it can't load or fit
        raise UserError(f"vLLM cannot load {ref.name!r} ({ref.path}): {_reason(error)}") from error


def _cores_of_workers(settings: EngineSettings) -> str:
    """Cores of its own for each worker, as vLLM wants them written ("0,1|2,3"): by itself it asks for a NUMA node for
    each. "nobind" where there are fewer cores than workers, or several engines."""
    cores, workers = sorted(os.sched_getaffinity(0)), settings.tensor_parallel_size
    if settings.data_parallel_size > 1 or len(cores) < workers:
        return "nobind"
    share = len(cores) // workers
    return "|".join(",".join(map(str, cores[i * share : (i + 1) * share])) for i in range(workers))


def _check(ref: ModelRef, settings: EngineSettings) -> None:
    """What vLLM would say a minute later, and in its log alone. Raises UserError."""
    if settings.dtype not in _DTYPES:
        raise UserError(f"--dtype is {settings.dtype!r}: {nearest(settings.dtype, _DTYPES, 'it')}")
    size = settings.tensor_parallel_size
    if size > 1:
        from transformers import AutoConfig

        trust = settings.trust_remote_code
        config = AutoConfig.from_pretrained(ref.path, revision=ref.hub_revision, trust_remote_code=trust)
        heads = getattr(config.get_text_config(), "num_attention_heads", None)
        if heads and heads % size:
            raise UserError(f"-tp {size} can't divide the {heads} attention heads of {ref.name}: choose another")


def _reason(error: Exception) -> str:
    """vLLM's configs are pydantic's, whose first line only counts the errors."""
    told = getattr(error, "errors", None)
    found: Any = told() if callable(told) else ()
    if found:
        return first_line(str(found[0].get("msg", error)).removeprefix("Value error, "))
    return first_line(error)


def _engine_args(ref: ModelRef, settings: EngineSettings, on_cpu: bool) -> Any:
    from vllm.engine.arg_utils import AsyncEngineArgs

    arguments = engine_arguments(ref.hub_revision, settings) | (cpu_arguments(ref.path, settings) if on_cpu else {})
    quiet = {"disable_log_stats": True, "use_tqdm_on_load": sys.stderr.isatty()}
    return AsyncEngineArgs(model=ref.path, **quiet, **(arguments | dict(settings.extra)))
