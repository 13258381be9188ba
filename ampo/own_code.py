"""Code of the user's own that is named by its place: FILE.py:NAME, or MODULE:NAME."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from ampo.errors import UserError
from ampo.files import first_line

_IN_FILE = re.compile(r"(.+\.py):([A-Za-z_]\w*)")
_IN_MODULE = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)")


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
        changed = file.stat().st_mtime_ns
    except OSError as error:
        raise UserError(f"there is no file {file}") from error
    name = f"_ampo_own_{abs(hash((str(file), changed)))}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UserError(f"{file} is no Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up while it is run
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the user's own code
        del sys.modules[name]
        raise UserError(f"{file} can't be loaded ({said(error)})") from error
    return module


def said(error: Exception) -> str:
    """What the user's own code has raised, in a line."""
    return f"{type(error).__name__}: {first_line(error)}"
