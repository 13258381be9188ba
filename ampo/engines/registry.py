"""Which engines there are: ours, those that other packages bring, and those that a file of the user's holds.

A package brings one by an entry point in its pyproject.toml:

    [project.entry-points."ampo.engines"]
    mine = "my_package.engine:MyEngine"

and `ampo eval --backend mine` uses it. Without a package the engine is named by its place: `--backend
my_engine.py:MyEngine`, or `--backend my_package.engine:MyEngine`. What is named takes (model, settings, say) and gives
a running `ampo.engines.Engine`: a class of engines, or a function.
"""

from __future__ import annotations

import inspect
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from ampo.console import Say
from ampo.engines.base import Engine
from ampo.engines.settings import EngineSettings
from ampo.errors import UserError, nearest
from ampo.files import first_line
from ampo.own_code import in_file, in_module, load_file

GROUP = "ampo.engines"
OURS = ("vllm", "transformers", "openai")


def backends() -> tuple[str, ...]:
    """What `backend` may be: "auto", ours, and those that installed packages bring; a place may be, too."""
    return ("auto", *OURS, *others())


def others() -> dict[str, str]:
    """The engines that installed packages bring: name -> where it is."""
    return {name: entry.value for name, entry in _brought().items() if name not in OURS}


def check_name(backend: str) -> None:
    """Raise UserError for an engine that nobody brings. A place is looked up when the engine is loaded."""
    known = backends()
    if backend not in known and not _is_place(backend):
        raise UserError(
            f"unknown backend {backend!r}: {nearest(backend, known, 'a backend')} "
            "An engine of your own: FILE.py:NAME, or module:NAME"
        )


def load_other(backend: str, model: str | None, settings: EngineSettings, say: Say) -> Engine:
    """Another's engine, running.

    Args:
        backend: The name of one that a package brings, or its place.
        model: As of `load_engine`.
        settings: How to load it.
        say: Takes each line of progress.

    Raises:
        UserError: It can't be imported, takes other arguments, or is no engine.
    """
    loader = _loader(backend)
    _check_loader(backend, loader, (model, settings, say))
    return checked(loader(model, settings, say), f"the engine {backend!r}")


def checked(engine: Any, what: str) -> Engine:
    """The engine itself. Raises UserError where it is none, or lacks its names. what: its name in the message."""
    if not isinstance(engine, Engine):
        raise UserError(f"{what} is a {type(engine).__name__}: it must be an instance of ampo.engines.Engine")
    for name in ("backend", "model"):
        if not isinstance(getattr(engine, name, None), str):
            raise UserError(f"{what} has no {name}: give its class a text of that name (see ampo.engines.Engine)")
    if not isinstance(about := engine.describe(), dict):
        raise UserError(f"{what}: its describe() gave a {type(about).__name__}: it must be a dict")
    return engine


def check_loadable(backend: str) -> None:
    """Raise UserError where another's engine can't be imported."""
    _loader(backend)


def _loader(backend: str) -> Any:
    if found := in_file(backend):
        try:
            module = load_file(found.file.expanduser().resolve())
        except UserError as error:
            raise UserError(f"the engine {backend!r}: {error}") from error
        if not hasattr(module, found.name):
            raise UserError(f"the engine {backend!r}: {found.file} has no {found.name!r}")
        return getattr(module, found.name)
    entry = EntryPoint(backend, backend, GROUP) if _is_place(backend) else _brought()[backend]
    try:
        return entry.load()
    except Exception as error:  # whatever another package raises at import
        raise UserError(f"the engine {backend!r} ({entry.value}) can't be imported: {first_line(error)}") from error


def _check_loader(backend: str, loader: Any, arguments: tuple[Any, ...]) -> None:
    if missing := sorted(getattr(loader, "__abstractmethods__", ())):
        raise UserError(f"the engine {backend!r} lacks {', '.join(missing)} (see ampo.engines.Engine)")
    try:
        inspect.signature(loader).bind(*arguments)
    except TypeError as error:
        what = getattr(loader, "__name__", type(loader).__name__)
        raise UserError(f"the engine {backend!r}: {what} must take (model, settings, say): {error}") from error
    except ValueError:  # one without a signature
        return


def _is_place(backend: str) -> bool:
    return bool(in_file(backend) or in_module(backend))


def _brought() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}
