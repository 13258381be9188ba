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
from functools import cache
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from inspect import signature
from pathlib import Path
from typing import cast

from ampo.errors import UserError, nearest
from ampo.files import first_line
from ampo.prompts import split
from ampo.verify.find.extraction import Extraction

_IN_FILE = re.compile(r"(.+\.py):([A-Za-z_]\w*)")
_IN_MODULE = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)")
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
    if (match := _IN_MODULE.fullmatch(found)) and not _installed(match[1]):
        file = folder.joinpath(*match[1].split(".")).with_suffix(".py")
        raise UserError(f"extract = {rule!r}: there is no file {file}, and no module {match[1]!r} is installed")
    if (match := _IN_FILE.fullmatch(found)) and not Path(match[1]).is_file():
        raise UserError(f"extract = {rule!r}: there is no file {match[1]}")
    finder(found)
    return found


def located(rule: str, folder: Path) -> str:
    """The rule of a file in a folder: a function's file, or a module that lies beside it, by its whole path."""
    if match := _IN_FILE.fullmatch(rule):
        file = Path(match[1])
        return rule if file.is_absolute() else f"{(folder / file).resolve()}:{match[2]}"
    if match := _IN_MODULE.fullmatch(rule):
        for place in (folder, *([Path.cwd()] if "" in sys.path else [])):  # workers don't look in the current folder
            file = place.joinpath(*match[1].split(".")).with_suffix(".py")
            if file.is_file():
                return f"{file.resolve()}:{match[2]}"
    return rule


def code(rule: str) -> str:
    """A digest of the file that holds a rule's function; "" for an expression, and for what is in no file."""
    if match := _IN_FILE.fullmatch(rule):
        origin: str | None = match[1]
    elif match := _IN_MODULE.fullmatch(rule):
        spec = find_spec(match[1])
        origin = spec.origin if spec and spec.has_location else None
    else:
        return ""
    return sha256(Path(origin).read_bytes()).hexdigest() if origin else ""


@cache
def finder(rule: str) -> Callable[[str], str | None]:
    """What a rule does. Raises UserError for a broken expression, and for a function that isn't there."""
    if match := _IN_FILE.fullmatch(rule):
        return _function(rule, _loaded(rule, Path(match[1])), match[2])
    if match := _IN_MODULE.fullmatch(rule):
        try:
            return _function(rule, import_module(match[1]), match[2])
        except UserError:
            raise
        except Exception as error:  # the user's own code
            raise UserError(f"extract = {rule!r}: the module can't be imported ({_said(error)})") from error
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
    return f"did you mean {module}:{name}? " if _IN_MODULE.fullmatch(f"{module}:{name}") else ""


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {first_line(error)}"


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
    try:
        changed = file.stat().st_mtime_ns
    except OSError as error:
        raise UserError(f"extract = {rule!r}: there is no file {file}") from error
    name = f"_ampo_extract_{abs(hash((str(file), changed)))}"
    if name not in sys.modules:
        spec = spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise UserError(f"extract = {rule!r}: {file} is no Python file")
        module = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # the user's own code
            raise UserError(f"extract = {rule!r}: {file} can't be loaded ({_said(error)})") from error
        sys.modules[name] = module
    return sys.modules[name]


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
