"""Which engines there are: ours, and those that other packages bring.

A package brings one by an entry point in its pyproject.toml:

    [project.entry-points."ampo.engines"]
    mine = "my_package.engine:load"

where `load(model, settings, say)` gives a running `ampo.engines.Engine`; `ampo eval --backend mine` then uses it.
tests/engines/test_contract.py has what every engine must hold.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from ampo.console import Say
from ampo.engines.base import Engine
from ampo.engines.settings import EngineSettings
from ampo.errors import UserError, nearest
from ampo.files import first_line

GROUP = "ampo.engines"
OURS = ("vllm", "transformers", "openai")

Loader = Callable[[str | None, EngineSettings, Say], Engine]


def backends() -> tuple[str, ...]:
    """What `backend` may be: "auto", ours, and those that installed packages bring."""
    return ("auto", *OURS, *(name for name in _brought() if name not in OURS))


def check_name(backend: str) -> None:
    """Raise UserError for an engine that nobody brings."""
    known = backends()
    if backend not in known:
        raise UserError(f"unknown backend {backend!r}: {nearest(backend, known, 'a backend')}")


def brought(backend: str) -> Loader:
    """The loader of another package's engine. Raises UserError where the package is broken."""
    entry = _brought()[backend]
    try:
        loader: Any = entry.load()
    except Exception as error:  # whatever another package raises at import
        raise UserError(f"the engine {backend!r} ({entry.value}) can't be imported: {first_line(error)}") from error
    return loader


def _brought() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}
