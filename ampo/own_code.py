"""Code of the user's own that is named by its place: FILE.py:NAME."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from ampo.errors import UserError

_IN_FILE = re.compile(r"(.+\.py):([A-Za-z_]\w*)")


class InFile(NamedTuple):
    """NAME of FILE.py."""

    file: Path
    name: str


def in_file(text: str) -> InFile | None:
    """What FILE.py:NAME names; None for any other text."""
    match = _IN_FILE.fullmatch(text)
    return InFile(Path(match[1]), match[2]) if match else None


def load_file(file: Path) -> ModuleType:
    """A Python file as a module, run once. Raises UserError for one that isn't there, or that can't be loaded."""
    name = f"_ampo_own_{abs(hash(str(file)))}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None or not file.is_file():
        raise UserError(f"there is no file {file}")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up while it is run
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the user's own code
        del sys.modules[name]
        raise UserError(f"{file} can't be loaded ({type(error).__name__}: {error})") from error
    return module
