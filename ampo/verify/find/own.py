"""A benchmark's own way to find the final answer: a regular expression, or a function of the user's.

    extract = '(?i)solution:\\s*(.+)'       the last match: its group `answer`, else its first group, else all of it
    extract = "find.py:find_answer"        a function: the response's text -> its answer, or None
    extract = "my_module:find_answer"      the same in a module that is installed, or lies beside the file

With a colon between two names it is a function, else an expression; one that could find nothing but its own letters is
refused, since a function was meant. Either reads the response without its thought, and in the verifier's worker alone:
there an expression that never ends is stopped, and what a function raises is counted as not judged.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import cast

from ampo.errors import UserError, nearest
from ampo.own_code import in_file, in_module, load_file, said
from ampo.prompts import split
from ampo.verify.find.extraction import Extraction

_LETTERS = re.compile(r"[\w/-]+(?:\.[\w/-]+)*")  # an expression that finds itself and nothing else
_WAYS = "a function is FILE.py:NAME or MODULE:NAME, and an expression has a part that varies, as in 'Answer: (.+)'"


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


def usable(rule: str, folder: Path = Path()) -> str:
    """A rule as `located` has it, once it is known to work; "" stays.

    Args:
        rule: A benchmark's or a problem's `extract`.
        folder: Where files and modules are looked for first; default: the current one.

    Raises:
        UserError: It is no expression that varies, or names a function that isn't there or takes something else.
    """
    if not isinstance(rule, str):
        raise UserError(f"extract is of type {type(rule).__name__}: it must be text; {_WAYS}")
    if not rule:
        return rule
    found = located(rule, folder)
    if (place := in_module(found)) and not _spec(place.module):
        file = _file_of(place.module, folder)
        raise UserError(f"extract = {rule!r}: there is no file {file}, and no module {place.module!r} is installed")
    finder(found)
    return found


def located(rule: str, folder: Path) -> str:
    """The rule of a file in a folder: a function's file, or a module that lies beside it, by its whole path."""
    if place := in_file(rule):
        return rule if place.file.is_absolute() else f"{(folder / place.file).resolve()}:{place.name}"
    if place := in_module(rule):
        for where in (folder, *([Path.cwd()] if "" in sys.path else [])):  # workers don't look in the current folder
            file = _file_of(place.module, where)
            if file.is_file():
                return f"{file.resolve()}:{place.name}"
    return rule


def code(rule: str) -> str:
    """A digest of the file that holds a rule's function; "" for an expression, and for what is in no file."""
    origin: Path | str | None = None
    if place := in_file(rule):
        origin = place.file
    elif (place := in_module(rule)) and (spec := _spec(place.module)) and spec.has_location:
        origin = spec.origin
    with suppress(OSError):  # gone, which is said where it is loaded
        return sha256(Path(origin).read_bytes()).hexdigest() if origin else ""
    return ""


def finder(rule: str) -> Callable[[str], str | None]:
    """What a rule does. Raises UserError for a broken expression, and for a function that isn't there."""
    if place := in_file(rule):
        try:
            module = load_file(place.file)
        except UserError as error:
            raise UserError(f"extract = {rule!r}: {error}") from error
        return _function(rule, module, place.name)
    if place := in_module(rule):
        try:
            module = import_module(place.module)
        except Exception as error:  # the user's own code
            raise UserError(f"extract = {rule!r}: the module can't be imported ({said(error)})") from error
        return _function(rule, module, place.name)
    if _LETTERS.fullmatch(rule):
        raise UserError(f"extract = {rule!r} would find these letters alone: {_meant(rule)}{_WAYS}")
    try:
        pattern = re.compile(rule)
    except re.error as error:
        raise UserError(f"extract = {rule!r} is no regular expression ({error}): mend it; {_WAYS}") from error
    return lambda text: _last_match(pattern, text)


def _meant(rule: str) -> str:
    """The function that a rule without a colon may mean."""
    if rule.endswith(".py"):
        return f"did you mean {rule}:NAME? "
    module, _, name = rule.rpartition(".")
    return f"did you mean {module}:{name}? " if in_module(f"{module}:{name}") else ""


def _file_of(module: str, folder: Path) -> Path:
    """Where a module is that lies in a folder."""
    return folder.joinpath(*module.split(".")).with_suffix(".py")


def _spec(module: str) -> ModuleSpec | None:
    """Where an installed module is; None for one that isn't installed."""
    try:
        return find_spec(module)
    except (ImportError, ValueError):
        return None


def _last_match(pattern: re.Pattern[str], text: str) -> str | None:
    last = None
    for last in pattern.finditer(text):  # noqa: B007 - the last one counts
        pass
    if last is None:
        return None
    if "answer" in pattern.groupindex:
        return last["answer"]
    return next((group for group in last.groups() if group is not None), None) if pattern.groups else last[0]


def _function(rule: str, module: object, name: str) -> Callable[[str], str | None]:
    function = getattr(module, name, None)
    if not callable(function):
        there = [key for key, value in vars(module).items() if callable(value)]
        hint = nearest(name, there, "it")
        raise UserError(f"extract = {rule!r}: the module has no function {name!r}: {hint}")
    try:
        signature(function).bind("")
    except TypeError as error:
        raise UserError(
            f"extract = {rule!r}: {name} can't be called with the response's text alone ({error}): "
            "give a function of one argument"
        ) from error
    except ValueError:  # some that are not written in Python don't say what they take
        pass
    return cast("Callable[[str], str | None]", function)
