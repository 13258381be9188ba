"""The kinds of answers, one file each: a module of this package with a `KIND` is one; no list names them.

A kind says how it is read (`read`, where it has a form of its own), when two answers are the same (`same`), and how its
names are changed (`rename`, where it has names). Kinds are asked in their `order`; the first that doesn't answer None
decides. Those that the reader knows by itself (lists, brackets, single values) have no `read`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from ampo.verify.kinds.reader import Reader
from ampo.verify.question.context import Setting

Equal = Callable[[Any, Any, Setting], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind of answers.

    order: kinds with smaller ones are asked first; no two have the same. same(gold, answer, setting, equal): whether
    the answer is the gold, None where the pair is no business of this kind; `equal` compares parts. read(text, reader):
    the answer that a normalised text is, None where it is none of this kind. rename(answer, names): it under other
    names, None for another kind.
    """

    order: int
    same: Callable[[Any, Any, Setting, Equal], bool | None]
    read: Callable[[str, Reader], Any | None] | None = None
    rename: Callable[[Any, dict[str, str]], Any | None] | None = None


@lru_cache(maxsize=1)
def kinds() -> tuple[Kind, ...]:
    """Every kind, in the order in which they are asked. Raises ValueError where two have the same."""
    import ampo.verify.kinds as package

    found: dict[int, tuple[str, Kind]] = {}
    for name in (m.name for m in pkgutil.iter_modules(package.__path__)):
        kind: Kind | None = getattr(import_module(f"{package.__name__}.{name}"), "KIND", None)
        if kind is None:
            continue
        if kind.order in found:
            raise ValueError(
                f"the kinds {found[kind.order][0]} and {name} both have the order {kind.order}: "
                f"give one another that is free (taken: {', '.join(map(str, sorted(found)))})"
            )
        found[kind.order] = name, kind
    return tuple(found[order][1] for order in sorted(found))


def renamed(answer: Any, names: dict[str, str]) -> Any:
    """An answer under other names; as it is where its kind has none."""
    found = (kind.rename(answer, names) for kind in kinds() if kind.rename is not None)
    return next((new for new in found if new is not None), answer)
