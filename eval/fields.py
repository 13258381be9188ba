"""Does a row that was read from a file have the fields of a dataclass, and each a value of its type?

A field with a default may be missing. Only the types that rows of a run have: str, int, float, bool, None, Literal,
unions of these, and a tuple of one kind, which is a list in JSON. (pydantic, which knows more, refuses the lone
surrogates that a model can write.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def fault(row: Mapping[str, Any], kind: type) -> str:
    """What is wrong with a row, in words; "" where nothing is."""
    types = _types(kind)
    if wrong := (row.keys() - types.keys()) | (_required(kind) - row.keys()):
        return f"has missing or unknown fields ({', '.join(sorted(wrong))})"
    unfit = next((name for name, value in row.items() if not _fits(value, types[name])), None)
    return "" if unfit is None else f"has {repr(row[unfit])[:40]} for its {unfit}"


_types = cache(get_type_hints)


@cache
def _required(kind: Any) -> frozenset[str]:
    return frozenset(f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING)


def _fits(value: Any, kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return isinstance(value, str) and value in inner
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is tuple:
        return isinstance(value, list) and all(_fits(item, inner[0]) for item in value)
    if kind in (int, float):
        return isinstance(value, int | kind) and not isinstance(value, bool)
    return isinstance(value, kind)
