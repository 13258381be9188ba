"""What the arguments of a call from Python must be, where a command has its flags' types for it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any

from ampo.engines.settings import EndpointSettings, EngineSettings
from ampo.errors import UserError, nearest
from ampo.types import SamplingParams

_TEXT = ((str,), "text")
_FOLDER = ((str, os.PathLike), "a folder")
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "template": ((str,), "the name of one, or FILE.toml#NAME"),
    "sampling": ((SamplingParams, Mapping), 'an ampo.SamplingParams or a dict, as {"temperature": 0.6}'),
    "columns": ((Mapping,), 'a dict, as {"question": "ask"}'),
    "settings": ((EngineSettings,), "an ampo.EngineSettings; its fields may be given by name"),
    "endpoint": ((EndpointSettings,), "an ampo.EndpointSettings; its fields may be given by name"),
    "name": _TEXT,
    "backend": _TEXT,
    "output_dir": _FOLDER,
    "data_dir": _FOLDER,
}
_LEAST = {"samples": 1, "limit": 1, "seed": 0}


def check_arguments(given: Mapping[str, Any]) -> None:
    """Raise UserError for an argument of another type than its name's, and for a number below its least.

    Args:
        given: Arguments by name. None, and a name that isn't known here, are let through.
    """
    for name, value in given.items():
        if value is None:
            continue
        if name in _LEAST and (isinstance(value, bool) or not isinstance(value, Integral) or value < _LEAST[name]):  # pyright: ignore[reportOperatorIssue]
            raise UserError(f"{name} is {value!r}: it must be a whole number, at least {_LEAST[name]}")
        kinds, expected = _KINDS.get(name, ((object,), ""))
        if not isinstance(value, kinds):
            raise UserError(f"{name} is {_shown(value)}: it must be {expected}")


def told_apart(given: Mapping[str, Any], others: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sampling parameters and engine settings, by their names.

    Args:
        given: Arguments by name.
        others: The names that the call takes besides, for the message.

    Raises:
        UserError: A name is neither's, or a sampling parameter is out of range.
    """
    settings = {*EngineSettings.__dataclass_fields__, *EndpointSettings.__dataclass_fields__} - {"base_url", "api_key"}
    params = sampling_of({name: value for name, value in given.items() if name not in settings}, settings | {*others})
    return params, {name: value for name, value in given.items() if name in settings}


def sampling_of(given: Mapping[str, Any], others: Iterable[str] = ()) -> dict[str, Any]:
    """Sampling parameters by name, checked; `others` as of `told_apart`."""
    known = SamplingParams.__dataclass_fields__.keys() - {"n", "seed"}
    for name in given:
        if name not in known:
            raise UserError(f"unknown argument {name!r}: {nearest(name, sorted({*known, *others}), 'it')}")
    SamplingParams(**given)
    return dict(given)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"a {type(value).__name__}"
