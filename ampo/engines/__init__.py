"""Engines: prompts in, responses out. `load_engine` picks one and says why."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from ampo import models
from ampo.engines.base import Engine
from ampo.engines.settings import EngineSettings
from ampo.errors import MissingExtraError, UserError, nearest

BACKENDS = ("auto", "vllm", "transformers", "openai")

__all__ = ["BACKENDS", "Engine", "EngineSettings", "check_backend", "choose_backend", "load_engine"]


def load_engine(
    model: str | None = None,
    backend: str = "auto",
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    concurrency: int = 32,
    settings: EngineSettings | None = None,
    say: Callable[[str], None] | None = None,
    **setting: Any,
) -> Engine:
    """A running engine for a model.

    model: the embedded "smollm2-135m", a local folder, or a hub id (optionally "id@revision"); with base_url the name
        that the endpoint knows, or None for the only one it has.
    backend: "auto" is "openai" with a base_url, else vLLM where it is installed, else transformers.
    concurrency: requests at the same time to an endpoint, at most.
    settings: how to load; its fields may be given by name, too (`max_model_len=4096`).
    say: takes each line of progress; default is stderr.

    Raises UserError for an unknown model or setting, MissingExtraError for a missing package.
    """
    say = say or _to_stderr
    settings = _settings(settings, setting)
    chosen, why = choose_backend(backend, base_url)
    if chosen == "openai":
        assert base_url is not None
        from ampo.engines.openai import OpenAIEngine

        say(f"engine: OpenAI-compatible endpoint {base_url} ({why})")
        return OpenAIEngine(model, base_url, api_key=api_key, concurrency=concurrency)
    ref = models.locate(models.resolve(model or models.EMBEDDED, say))
    say(f"engine: {chosen} ({why}); loading {ref.name} ...")
    if chosen == "vllm":
        from ampo.engines.vllm import BrokenVLLMError, VLLMEngine

        try:
            return VLLMEngine(ref, settings)
        except BrokenVLLMError as error:
            if backend != "auto" or not _transformers_installed():
                raise
            say(f"engine: transformers instead ({error})")
    from ampo.engines.transformers import TransformersEngine

    return TransformersEngine(ref.name, ref.path, revision=ref.revision, settings=settings)


def check_backend(backend: str, base_url: str | None) -> None:
    """Raise UserError for an unknown backend, and for an endpoint where the backend takes none or lacks it."""
    if backend not in BACKENDS:
        raise UserError(f"unknown backend {backend!r}: {nearest(backend, BACKENDS, 'a backend')}")
    if base_url is None and backend == "openai":
        raise UserError("the openai engine needs an endpoint: --base-url http://localhost:8000/v1")
    if base_url is not None and backend not in ("auto", "openai"):
        raise UserError(f"--base-url {base_url} is not asked by the backend {backend}: leave out one of the two")


def choose_backend(backend: str, base_url: str | None) -> tuple[str, str]:
    """The backend that "auto" means here, and the reason in words. Raises UserError as `check_backend` does."""
    check_backend(backend, base_url)
    if backend != "auto":
        return backend, "as asked for"
    if base_url is not None:
        return "openai", "a base URL was given"
    if find_spec("vllm") is not None:
        return "vllm", "it is installed"
    if _transformers_installed():
        return "transformers", "vLLM is not installed"
    raise MissingExtraError("vllm or transformers", "vllm", "running a model here")


def _transformers_installed() -> bool:
    return find_spec("transformers") is not None and find_spec("torch") is not None


def _settings(settings: EngineSettings | None, given: dict[str, Any]) -> EngineSettings:
    if not given:
        return settings or EngineSettings()
    known = EngineSettings.__dataclass_fields__
    for name in given:
        if name not in known:
            raise UserError(f"unknown engine setting {name!r}: {nearest(name, known, 'a setting')}")
    return EngineSettings(**((settings or EngineSettings()).to_dict() | given))


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
