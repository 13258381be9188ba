"""`ampo serve`: an OpenAI-compatible server for a model, which is `vllm serve` with our defaults."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from ampo import access, models
from ampo.engines.settings import EngineSettings
from ampo.errors import MissingExtraError, UserError

_QUIET = "ignore:The pynvml package is deprecated:FutureWarning"  # torch's, at import, in each of vLLM's processes


@dataclass(frozen=True, slots=True)
class Door:
    """Where a server listens, and whom it lets in.

    api_key: what everybody must carry. Without one the server listens on loopback only, unless `no_key` says that
        whoever reaches it may use it. allow_host: its names besides loopback, where it asks for no key.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    api_key: str | None = None
    no_key: bool = False
    allow_host: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises UserError where everybody in the network could use the server without a word about it."""
        if not (self.api_key or self.no_key or access.is_loopback(self.host)):
            raise UserError(f"--host {self.host} lets other machines in: give --api-key KEY, or --no-key for none")

    @property
    def middleware(self) -> list[str]:
        """For vLLM's --middleware."""
        if self.api_key:
            return ["ampo.access.BearerKey"]
        return [] if self.no_key else ["ampo.access.LoopbackNames"]

    @property
    def environment(self) -> dict[str, str]:
        """For the middleware. The key is not on the command line, which every user of the machine can read."""
        if self.api_key:
            return {"VLLM_API_KEY": self.api_key}
        return {"AMPO_SERVE_NAMES": ",".join(self.allow_host)}


def serve(model: str, door: Door, settings: EngineSettings, extra: list[str]) -> None:
    """Replace this process by vLLM's server.

    Args:
        model: As of `ampo.load_engine`.
        door: Where it listens, and whom it lets in.
        settings: How the model is loaded.
        extra: Further arguments of `vllm serve`, passed as they are.

    Raises:
        MissingExtraError: vLLM is missing.
        UserError: The model can't be had, or the door is open to everybody.
    """
    if find_spec("vllm") is None:
        raise MissingExtraError("vllm", "vllm", "ampo serve")
    door.check()
    ref = models.locate(models.resolve(model))
    command = command_line(ref, door, settings, extra)
    environment = {"VLLM_NO_USAGE_STATS": "1", "PYTHONWARNINGS": _QUIET} | dict(os.environ) | door.environment
    if _on_cpu():
        # The engine core runs its only worker itself: one process less to start.
        environment.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    where = f"http://{door.host}:{door.port}/v1"
    print(f"starting a server of {ref.name}: in about a minute on {where} ...", file=sys.stderr, flush=True)
    os.execve(sys.executable, [sys.executable, "-m", "ampo.engines.vllm.cli", *command], environment)  # noqa: S606 (no shell wanted)


def command_line(ref: models.ModelRef, door: Door, settings: EngineSettings, extra: list[str]) -> list[str]:
    """The arguments of vLLM's own command line.

    Args:
        ref: The model, in a local folder.
        door: Where the server listens, and whom it lets in.
        settings: How the model is loaded.
        extra: Further arguments, which come last and so win.
    """
    command = ["serve", ref.path, "--served-model-name", ref.name, "--host", door.host, "--port", str(door.port)]
    for name in door.middleware:
        command += ["--middleware", name]
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
