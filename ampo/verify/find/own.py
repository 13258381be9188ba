"""A benchmark's own way to find the final answer: a regular expression, or a function of the user's.

    extract = '(?i)solution:\\s*(.+)'       the last match: its group `answer`, else its first group, else all of it
    extract = "my_module.find_answer"      a function: the response's text -> its answer, or None
    extract = "find.py:find_answer"        the same in a file; in a benchmark's TOML file relative to it

Names with dots and nothing else are functions. Either reads the response without its thought, and in the verifier's
worker alone: there an expression that never ends is stopped, and what a function raises is counted as not judged.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import cast

from ampo.errors import UserError
from ampo.prompts import split
from ampo.verify.find.extraction import Extraction

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_IN_FILE = re.compile(r"(.+\.py):([A-Za-z_]\w*)")


def extract_by(rule: str, response: str, finish_reason: str | None) -> Extraction:
    """The final answer by a rule of the user's. A match at the very end of a response that was cut off is none."""
    parts = split(response)
    cut = finish_reason == "length"
    if not parts.finished:
        return Extraction(None, "thought never closed", truncated=finish_reason in (None, "length"))
    found = finder(rule)(parts.body)
    if found is not None and not isinstance(found, str):
        raise TypeError(f"{rule} gave a {type(found).__name__}: it must give text, or None")
    found = found and found.strip()
    if cut and (not found or parts.body.rstrip().endswith(found)):
        return Extraction(None, "cut off without a final answer", truncated=True)
    if not found:
        return Extraction(None, "the benchmark's rule found no answer")
    return Extraction(found, "the benchmark's rule")


def located(rule: str, folder: Path) -> str:
    """The rule of a file in a folder: a function's file, or a module that lies beside it, by its whole path."""
    if match := _IN_FILE.fullmatch(rule):
        return f"{(folder / match[1]).resolve()}:{match[2]}"
    if _DOTTED.fullmatch(rule):
        module, _, name = rule.rpartition(".")
        for place in (folder, *([Path.cwd()] if "" in sys.path else [])):  # workers don't look in the current folder
            file = place.joinpath(*module.split(".")).with_suffix(".py")
            if file.is_file():
                return f"{file.resolve()}:{name}"
    return rule


@cache
def finder(rule: str) -> Callable[[str], str | None]:
    """What a rule does. Raises UserError for a broken expression, and for a function that isn't there."""
    if match := _IN_FILE.fullmatch(rule):
        return _function(rule, _loaded(rule, Path(match[1])), match[2])
    if _DOTTED.fullmatch(rule):
        name, _, function = rule.rpartition(".")
        try:
            return _function(rule, import_module(name), function)
        except ImportError as error:
            raise UserError(f"extract = {rule!r}: the module can't be imported ({error}): is it installed?") from error
    try:
        pattern = re.compile(rule)
    except re.error as error:
        raise UserError(f"extract = {rule!r} is no regular expression ({error}), nor names a function") from error
    return lambda text: _last_match(pattern, text)


def _last_match(pattern: re.Pattern[str], text: str) -> str | None:
    last = None
    for last in pattern.finditer(text):  # noqa: B007 - the last one counts
        pass
    if last is None:
        return None
    if "answer" in pattern.groupindex:
        return last["answer"]
    return next((group for group in last.groups() if group is not None), None) if pattern.groups else last[0]


def _loaded(rule: str, file: Path) -> object:
    name = f"_ampo_extract_{abs(hash(str(file)))}"
    if name not in sys.modules:
        spec = spec_from_file_location(name, file)
        if spec is None or spec.loader is None or not file.is_file():
            raise UserError(f"extract = {rule!r}: there is no file {file}")
        module = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # the user's own code
            said = f"{type(error).__name__}: {error}"
            raise UserError(f"extract = {rule!r}: {file} can't be loaded ({said})") from error
        sys.modules[name] = module
    return sys.modules[name]


def _function(rule: str, module: object, name: str) -> Callable[[str], str | None]:
    function = getattr(module, name, None)
    if not callable(function):
        raise UserError(f"extract = {rule!r}: the module has no function {name!r}")
    return cast("Callable[[str], str | None]", function)
