"""Code of the user's own that is named by its place: FILE.py:NAME, or MODULE:NAME."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import NamedTuple

from ampo.errors import UserError
from ampo.files import first_line

_IN_FILE = re.compile(r"(.+\.py):([A-Za-z_]\w*)")
_IN_MODULE = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)")
_LOADING = RLock()  # nobody sees a module that another thread has half run; one file may load another


class InFile(NamedTuple):
    """NAME of FILE.py."""

    file: Path
    name: str


class InModule(NamedTuple):
    """NAME of a module, by its dotted path."""

    module: str
    name: str


def in_file(text: str) -> InFile | None:
    """What FILE.py:NAME names; None for any other text."""
    match = _IN_FILE.fullmatch(text)
    return InFile(Path(match[1]), match[2]) if match else None


def in_module(text: str) -> InModule | None:
    """What MODULE:NAME names; None for any other text."""
    match = _IN_MODULE.fullmatch(text)
    return InModule(match[1], match[2]) if match else None


def load_file(file: Path) -> ModuleType:
    """A Python file as a module, run once, and again when it has changed.

    Raises:
        UserError: It isn't there, or can't be loaded.
    """
    try:
        now = file.stat()
    except OSError as error:
        raise UserError(f"there is no file {file}") from error
    name = f"_ampo_own_{abs(hash((str(file), now.st_mtime_ns, now.st_size)))}"
    with _LOADING:
        if name not in sys.modules:
            _run(file, name)
        return sys.modules[name]


def said(error: BaseException) -> str:
    """What the user's own code has raised, in a line."""
    return f"{type(error).__name__}: {first_line(error)}"


def _run(file: Path, name: str) -> None:
    """Run a file as a module of sys.modules; it is not left there half run."""
    module = ModuleType(name)
    module.__file__ = str(file)
    sys.modules[name] = module  # dataclasses look their module up while it is run
    whole = False
    try:
        # not by importlib, whose bytecode on disk is told from a changed file's by whole seconds and its size alone
        exec(compile(file.read_bytes(), file, "exec", dont_inherit=True), vars(module))  # noqa: S102 - what was asked for
        whole = True
    except (Exception, SystemExit) as error:  # the user's own code
        raise UserError(f"{file} can't be loaded ({said(error)})") from error
    finally:
        if not whole:
            del sys.modules[name]
