"""The one way in which names of OpenRLHF's modules come to mean ours: visible at every call, by keyword."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def substitute(module: ModuleType, **values: Any) -> None:
    """In this process alone. Raises AttributeError for a name that the module doesn't have: another version's."""
    for name, value in values.items():
        getattr(module, name)
        setattr(module, name, value)
