"""Engines: prompts in, responses out. `load_engine` picks one and says why.

base, settings      what an engine is, and what it is started with
vllm/               vLLM, on GPUs or a CPU
transformers/       transformers, for machines without vLLM
openai/             OpenAI-compatible endpoints
cluster/            engines of these kinds on a Ray cluster
registry            those that other packages bring, or a file of the user's holds
asking              what an engine gives, checked
source              a model before it is loaded
cpu                 what a CPU computes in where nobody says
encoding            a prompt -> its tokens
response            text -> `Response`; likelihood: what is told of a given text
halt, background    a stream is ended from another thread; an event loop runs beside
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from importlib.util import find_spec
from typing import Any

from ampo import models
from ampo.console import say as to_stderr
from ampo.engines.base import Engine
from ampo.engines.registry import OURS, backends, check_name, load_other
from ampo.engines.settings import EndpointSettings, EngineSettings
from ampo.errors import MissingExtraError, UserError, nearest

__all__ = ["EndpointSettings", "Engine", "EngineSettings", "backends", "check_backend", "choose_backend", "load_engine"]


def __dir__() -> list[str]:
    return sorted(__all__)


def load_engine(
    model: str | None = None,
    backend: str = "auto",
    *,
    base_url: str | Sequence[str] | None = None,
    api_key: str | None = None,
    concurrency: int | None = None,
    settings: EngineSettings | None = None,
    endpoint: EndpointSettings | None = None,
    say: Callable[[str], None] | None = None,
    **setting: Any,
) -> Engine:
    """A running engine for a model.

    Args:
        model: the embedded "smollm2-135m", a local folder, or a hub id (optionally "id@revision"); with base_url the
            name that the endpoint knows, or None for the only one it has.
        backend: "auto" is "openai" with a base_url, else vLLM where it is installed, else transformers. Other packages
            may bring more, and "FILE.py:NAME" or "module:NAME" is an engine of your own (see `ampo.engines.registry`).
        base_url: an OpenAI-compatible endpoint, or several of the same model.
        api_key: of the endpoint: "@FILE", "env:NAME", or the key; default OPENAI_API_KEY.
        concurrency: requests at the same time to an endpoint, at most; 32 by default.
        settings: how to load a model here; its fields may be given by name, too (`max_model_len=4096`).
        endpoint: how to ask an endpoint; likewise (`timeout=60`, `headers={...}`).
        say: takes each line of progress; default is stderr.
        setting: see settings and endpoint.

    Raises:
        UserError: for an unknown model, engine or setting.
        MissingExtraError: for a missing package.
    """
    say, model = say or to_stderr, name_of(model)
    urls = (base_url,) if isinstance(base_url, str) else tuple(base_url or ())
    given = {"base_url": urls or None, "api_key": api_key, "concurrency": concurrency}
    ours, asked = _sorted(setting | {name: value for name, value in given.items() if value is not None})
    settings, endpoint = replace(settings or EngineSettings(), **ours), replace(endpoint or EndpointSettings(), **asked)
    chosen, why = choose_backend(backend, endpoint.base_url)
    if chosen == "openai":
        from ampo.engines.openai import OpenAIEngine

        say(f"engine: OpenAI-compatible endpoint {', '.join(endpoint.base_url)} ({why})")
        return OpenAIEngine(model, **{f.name: getattr(endpoint, f.name) for f in fields(endpoint)}, say=say)
    if chosen not in OURS:
        say(f"engine: {chosen} ({why})")
        return load_other(chosen, model, settings, say)
    if settings.ray_address is not None:
        from ampo.engines.cluster import ClusterEngine

        return ClusterEngine(model, chosen, settings, say)
    return _loaded(model, chosen, settings, say, why, or_transformers=backend == "auto")


def _loaded(
    model: str | None,
    backend: str,
    settings: EngineSettings,
    say: Callable[[str], None],
    why: str,
    *,
    or_transformers: bool,
) -> Engine:
    """A model in this process. or_transformers: whether these may load it where vLLM is broken."""
    ref = models.locate(models.resolve(model or models.EMBEDDED, say))
    say(f"engine: {backend} ({why}); loading {ref.name} ...")
    if backend == "vllm":
        from ampo.engines.vllm import BrokenVLLMError, VLLMEngine

        try:
            return VLLMEngine(ref, settings)
        except BrokenVLLMError as error:
            if not (or_transformers and _transformers_installed()):
                raise
            say(f"engine: transformers instead ({error})")
    from ampo.engines.transformers import TransformersEngine

    return TransformersEngine(ref.name, ref.path, revision=ref.revision, settings=settings)


def check_backend(backend: str, base_url: str | Sequence[str] | None) -> None:
    """Raise UserError for an unknown backend, and for an endpoint where the backend takes none or lacks it."""
    check_name(backend)
    if not base_url and backend == "openai":
        raise UserError("the openai engine needs an endpoint: --base-url http://localhost:8000/v1")
    if base_url and backend not in ("auto", "openai"):
        where = base_url if isinstance(base_url, str) else ", ".join(base_url)
        raise UserError(f"--base-url {where} is not asked by the backend {backend}: leave out one of the two")


def choose_backend(backend: str, base_url: str | Sequence[str] | None) -> tuple[str, str]:
    """The backend that "auto" means here, and the reason in words. Raises UserError as `check_backend` does."""
    check_backend(backend, base_url)
    if backend != "auto":
        return backend, "as asked for"
    if base_url:
        return "openai", "a base URL was given"
    if find_spec("vllm") is not None:
        return "vllm", "it is installed"
    if _transformers_installed():
        return "transformers", "vLLM is not installed"
    raise MissingExtraError("vllm or transformers", "vllm", "running a model here")


def _transformers_installed() -> bool:
    return find_spec("transformers") is not None and find_spec("torch") is not None


def _sorted(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings given by name: those of EngineSettings, those of EndpointSettings."""
    ours, endpoint = EngineSettings.__dataclass_fields__, EndpointSettings.__dataclass_fields__
    for name in given:
        if name not in ours and name not in endpoint:
            raise UserError(f"unknown engine setting {name!r}: {nearest(name, (*ours, *endpoint), 'a setting')}")
    return {n: v for n, v in given.items() if n in ours}, {n: v for n, v in given.items() if n in endpoint}


def name_of(model: Any) -> str | None:
    """A model's name or folder as text. Raises UserError for anything else, an engine's class above all."""
    if model is None or isinstance(model, str):
        return model
    if isinstance(model, os.PathLike):
        return os.fspath(model)
    if hasattr(model, "__name__"):
        what = model.__name__
        raise UserError(f"the model is {what} itself: give an instance of it, a running engine ({what}(...))")
    raise UserError(f"the model is a {type(model).__name__}: give a name, a folder, or a running ampo.engines.Engine")
