"""Errors that reach a person.

`UserError` is for input that is wrong: one line that says what, where and how to mend it; the command line
prints it and exits with 2. `EngineError` is for an engine that fails at work: exit code 1, and the run that was
under way can be resumed. Everything else is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

from ampo.install import install_command


class UserError(Exception):
    """The user's input is wrong. The message is one line: what, where, how to mend it."""


class MissingExtraError(UserError):
    """A package of an optional extra is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {package}, which is not installed: {install_command(extra)}")


class PromptTooLongError(UserError):
    """One prompt is longer than the model's context. In a run it costs that prompt's samples and nothing else."""


class EngineError(Exception):
    """An engine failed while working (it died, ran out of memory, or its endpoint went away)."""


def nearest(name: str, known: Iterable[str], what: str = "it") -> str:
    """'did you mean a, b?' for close names, else the list of known ones."""
    names = list(known)
    if close := _close(name, names):
        return f"did you mean {' or '.join(close)}?"
    return f"{what} can be one of: {', '.join(names)}" if names else f"no {what} is known"


def _close(name: str, names: list[str]) -> list[str]:
    """Up to three names that are about as close as the closest one."""
    close = get_close_matches(name, names, n=3, cutoff=0.5)
    near = [SequenceMatcher(None, one, name).ratio() for one in close]
    return [one for one, ratio in zip(close, near, strict=True) if ratio > near[0] - 0.15]
