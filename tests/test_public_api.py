"""What is public is written down: a change to a name or a signature is seen, and made on purpose.

After such a change: `.venv/bin/python tests/test_public_api.py` writes tests/public_api.txt anew.
"""

from __future__ import annotations

import difflib
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

MODULES = ("ampo", "ampo.verify", "ampo.guidance", "ampo.algorithm")
FILE = Path(__file__).with_name("public_api.txt")


def lines() -> Iterator[str]:
    """A line for each public name, and below a class one for each of its members."""
    for name in MODULES:
        module = import_module(name)
        for public in sorted(module.__all__):
            yield from described(f"{name}.{public}", getattr(module, public))


def described(name: str, what: Any) -> Iterator[str]:
    if inspect.isclass(what):
        yield from signature(f"class {name}", what)
        for member in sorted({*members(what)}):
            static = inspect.getattr_static(what, member)
            getter = getattr(static, "fget", None) or (getattr(static, "func", None))
            if getter:
                yield f"    {name}.{member}: {getter.__annotations__.get('return')}"
            elif callable(getattr(what, member)):
                yield from signature(f"    {name}.{member}", getattr(what, member))
    elif callable(what):
        yield from signature(name, what)
    else:
        yield f"{name}: {type(what).__name__}"


def members(kind: type) -> Iterator[str]:
    """Those of our own classes, and not what a base of another library has."""
    for base in kind.__mro__:
        if base.__module__.startswith("ampo"):
            yield from (name for name in vars(base) if not name.startswith("_") and name not in fields_of(kind))


def fields_of(kind: type) -> set[str]:
    """What the constructor shows already."""
    return {*getattr(kind, "__dataclass_fields__", ()), *getattr(kind, "_fields", ())}


def signature(name: str, what: Any) -> Iterator[str]:
    """`name(...)`, with each parameter on a line of its own where they are many."""
    try:
        found = inspect.signature(what)
    except (TypeError, ValueError):
        yield name
        return
    parameters = [str(one).replace("'", "") for one in found.parameters.values()]
    back = "" if found.return_annotation in (found.empty, "None", None) else f" -> {found.return_annotation}"
    if len(", ".join(parameters)) <= 80:
        yield f"{name}({', '.join(parameters)}){back}"
        return
    yield f"{name}("
    yield from (f"        {one}," for one in parameters)
    yield f"    ){back}"


def test_the_public_names_and_their_signatures_are_as_written_down() -> None:
    there, here = FILE.read_text(encoding="utf-8").splitlines(), list(lines())
    changed = difflib.unified_diff(there, here, "tests/public_api.txt", "the code", lineterm="", n=0)
    assert there == here, "\n".join(
        ["the public API has changed. On purpose? Then: .venv/bin/python tests/test_public_api.py", *changed]
    )


@pytest.mark.parametrize("name", MODULES)
def test_dir_names_what_is_public(name: str) -> None:
    module = import_module(name)
    assert dir(module) == sorted(module.__all__)
    assert all(inspect.getdoc(getattr(module, public)) for public in module.__all__ if public != "__version__")


def routines() -> Iterator[tuple[str, Callable[..., Any], str]]:
    """Every public function, method and constructor that is written out: its name, itself, where it is described."""
    for name in MODULES:
        module = import_module(name)
        for public in sorted(module.__all__):
            what = getattr(module, public)
            if inspect.isfunction(what):
                yield f"{name}.{public}", what, inspect.getdoc(what) or ""
            if not inspect.isclass(what):
                continue
            if inspect.isfunction(start := vars(what).get("__init__")) and not fields_of(what):
                yield f"{name}.{public}", start, f"{inspect.getdoc(what)}\n{inspect.getdoc(start)}"
            for member in sorted({*members(what)}):
                if callable(one := getattr(what, member)):
                    yield f"{name}.{public}.{member}", one, inspect.getdoc(one) or ""


def described_parameters(doc: str) -> set[str]:
    """The names under each `Args:` of a docstring; several may share a line."""
    sections = re.findall(r"^Args:\n((?: .*\n?|\n)*)", doc, re.MULTILINE)
    heads = re.findall(r"^    (\w[\w, ]*):", "\n".join(sections), re.MULTILINE)
    return {name for head in heads for name in head.split(", ")}


def test_many_parameters_are_told_one_by_one() -> None:
    untold = {}
    for name, what, doc in routines():
        parameters = [one for one in inspect.signature(what).parameters if one != "self"]
        if len(parameters) >= 4 and (missing := set(parameters) - described_parameters(doc)):
            untold[name] = sorted(missing)
    assert not untold, f"the docstring's Args: lacks these: {untold}"


def test_an_unknown_name_is_an_attribute_error() -> None:
    import ampo

    with pytest.raises(AttributeError, match="'evalute'"):
        ampo.evalute  # type: ignore[attr-defined]  # noqa: B018


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys, ampo; dir(ampo); print([m for m in ('torch', 'numpy', 'pydantic', 'rich') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


if __name__ == "__main__":
    FILE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
