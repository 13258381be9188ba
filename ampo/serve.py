"""`ampo serve`: an OpenAI-compatible server for a model, which is `vllm serve` with our defaults."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

from ampo import models
from ampo.engines.settings import EngineSettings
from ampo.errors import MissingExtraError

_QUIET = "ignore:The pynvml package is deprecated:FutureWarning"  # torch's, at import, in each of vLLM's processes


def serve(model: str, host: str, port: int, settings: EngineSettings, api_key: str | None, extra: list[str]) -> None:
    """Replace this process by vLLM's server. extra: further arguments of `vllm serve`, passed as they are."""
    if find_spec("vllm") is None:
        raise MissingExtraError("vllm", "vllm", "ampo serve")
    ref = models.locate(models.resolve(model))
    command = command_line(ref, host, port, settings, extra)
    environment = {"VLLM_NO_USAGE_STATS": "1", "PYTHONWARNINGS": _QUIET} | dict(os.environ)
    if api_key:
        environment["VLLM_API_KEY"] = api_key  # not on the command line, which every user of the machine can read
    if _on_cpu():
        # The engine core runs its only worker itself: one process less to start.
        environment.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    where = f"http://{host}:{port}/v1"
    print(f"starting a server of {ref.name}: in about a minute on {where} ...", file=sys.stderr, flush=True)
    os.execve(sys.executable, [sys.executable, "-m", "ampo.engines.vllm_cli", *command], environment)  # noqa: S606 (no shell wanted)


def command_line(ref: models.ModelRef, host: str, port: int, settings: EngineSettings, extra: list[str]) -> list[str]:
    """The arguments of vLLM's own command line."""
    command = ["serve", ref.path, "--served-model-name", ref.name, "--host", host, "--port", str(port)]
    arguments = _arguments(ref, settings)
    for name, value in arguments.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            command.append(f"--{flag}" if value else f"--no-{flag}")
        elif value is not None:
            command += [f"--{flag}", str(value)]
    return [*command, *extra]


def _arguments(ref: models.ModelRef, settings: EngineSettings) -> dict[str, object]:
    from ampo.engines.vllm import cpu_arguments, engine_arguments

    arguments = engine_arguments(ref.hub_revision, settings)
    return arguments | (cpu_arguments(ref.path, settings) if _on_cpu() else {})


def _on_cpu() -> bool:
    from vllm.platforms import current_platform

    return current_platform.is_cpu()
