"""Writes the reference pages that the code itself knows: the commands, the keys of the config files, the presets.

    python docs/generate.py           # writes docs/reference/*.md
    python docs/generate.py --check   # says which page is out of date, exit code 1

The pages are kept in the repository, so that they can be read as plain Markdown.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from ampo.algorithm.presets import Algorithm, load_preset, preset_names
from ampo.cli import app
from ampo.eval.suites import Benchmark, Columns, Part
from ampo.training import config

HERE = Path(__file__).parent
NOTE = "<!-- Made by docs/generate.py from the code. -->"
_MARKUP = re.compile(r"\[/?(?:bold|italic|dim)\]")


def main() -> None:
    """Write the pages, or with --check compare them."""
    stale = [name for name, text in pages().items() if not _same(HERE / "reference" / name, text)]
    if "--check" in sys.argv[1:]:
        if stale:
            sys.exit(f"out of date: {', '.join(stale)}: run python docs/generate.py")
        return
    for name, text in pages().items():
        (HERE / "reference" / name).write_text(text, encoding="utf-8")
    print(f"written: {', '.join(stale) or 'nothing was out of date'}")


def pages() -> dict[str, str]:
    """File name in docs/reference -> its text."""
    return {"commands.md": commands(), "config.md": configs(), "benchmark-file.md": benchmarks()}


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def commands() -> str:
    """Every command with its arguments and options, in the order of the help."""
    parts = ["# Commands", NOTE, "Exit codes: 0 done; 2 the input is wrong, in one line; 1 anything else."]
    for path, command in _walk(typer.main.get_command(app), "ampo"):
        parts += [f"## `{path}`", _plain(command.help or ""), *_parameters(command)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    if children := getattr(command, "commands", None):
        for name, child in children.items():
            yield from _walk(child, f"{path} {name}")
    else:
        yield path, command


def _parameters(command: Any) -> list[str]:
    panels: dict[str, list[Any]] = {}
    for parameter in command.params:
        if getattr(parameter, "hidden", False) or parameter.name == "help":
            continue
        panels.setdefault(getattr(parameter, "rich_help_panel", None) or "", []).append(parameter)
    return [f"{f'**{panel}**' if panel else ''}\n\n{_table(rows)}".strip() for panel, rows in panels.items()]


def _table(parameters: list[Any]) -> str:
    rows = ["| | | default |", "| :-- | :-- | :-- |"]
    for one in parameters:
        flags = [*one.opts, *one.secondary_opts] if one.param_type_name == "option" else [str(one.name).upper()]
        name = ", ".join(f"`{flag}`" for flag in flags)
        rows.append(f"| {name} | {_cell(_plain(getattr(one, 'help', None) or ''))} | {_default(one)} |")
    return "\n".join(rows)


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "required"
    if value in (None, False, (), "") or callable(value) or "Sentinel" in repr(value):
        return ""
    return f"`{value}`"


def _plain(text: str) -> str:
    return _MARKUP.sub("", textwrap.dedent(text)).strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def configs() -> str:
    """The keys of a training config, section by section, and the presets with their switches."""
    own = [config.TrainConfig, *_sections(config.TrainConfig)]
    text = ["# The config of a training run", NOTE, _intro(config)]
    for model in own:
        name = next((f"[{key}]" for key, f in config.TrainConfig.model_fields.items() if f.annotation is model), "")
        text += [f"## {f'`{name}`' if name else 'The top'}", inspect.getdoc(model) or "", _fields(model)]
    text += ["## `[algorithm]`", inspect.getdoc(Algorithm) or "", _fields(Algorithm)]
    text += ["## Presets", "What differs from the defaults above.", _presets()]
    return "\n\n".join(part for part in text if part) + "\n"


def benchmarks() -> str:
    """The keys of a benchmark's TOML file."""
    parts = ["# The file of a benchmark", NOTE, inspect.getdoc(Benchmark) or "", _fields(Benchmark)]
    for name, model in (("columns", Columns), ("parts", Part)):
        parts += [f"## `{name}`", inspect.getdoc(model) or "", _fields(model)]
    return "\n\n".join(parts) + "\n"


def _intro(module: Any) -> str:
    return (inspect.getdoc(module) or "").split("\n\n", 1)[0]


def _sections(model: type[BaseModel]) -> list[type[BaseModel]]:
    found = [field.annotation for field in model.model_fields.values()]
    return [one for one in found if isinstance(one, type) and issubclass(one, BaseModel)]


def _fields(model: type[BaseModel]) -> str:
    notes, rows = _docstrings(model), ["| key | type | default | |", "| :-- | :-- | :-- | :-- |"]
    for name, field in model.model_fields.items():
        kind = _cell(
            re.sub(r"\b(?:typing|pathlib|collections\.abc|ampo(?:\.\w+)+)\.", "", _annotation(field.annotation))
        )
        rows.append(f"| `{name}` | {kind} | {_value(field)} | {_cell(notes.get(name, ''))} |")
    return "\n".join(rows)


def _annotation(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("NoneType", "None")


def _value(field: Any) -> str:
    if field.default_factory is not None or isinstance(field.default, BaseModel):
        return ""
    if field.default is PydanticUndefined:
        return (field.json_schema_extra or {}).get("default", "required")
    return f"`{field.default!r}`"


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The string under each field."""
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for field, note in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(note, ast.Expr):
            found[field.target.id] = inspect.cleandoc(str(getattr(note.value, "value", "")))
    return found


def _presets() -> str:
    rows = ["| preset | what it is | switches |", "| :-- | :-- | :-- |"]
    plain = Algorithm()
    for name in preset_names():
        preset = load_preset(name)
        switches = [
            f"`{key} = {getattr(preset, key)!r}`"
            for key in Algorithm.model_fields
            if key not in ("name", "description") and getattr(preset, key) != getattr(plain, key)
        ]
        rows.append(f"| `{name}` | {_cell(preset.description)} | {', '.join(switches) or 'none'} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
