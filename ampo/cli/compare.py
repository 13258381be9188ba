"""The command that sets runs against one another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ampo.cli.options import WithoutDoubtful


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="Run directories; the first is the base.")],
    protocol: Annotated[
        str | None, typer.Option("--protocol", help="ampo or official; default: the first that all are judged by.")
    ] = None,
    list_: Annotated[
        int, typer.Option("--list", metavar="N", min=0, help="Name up to N problems won, and N lost.")
    ] = 0,
    allow_different: Annotated[
        bool, typer.Option("--allow-different", help="Compare runs that differ in more than one thing, and mark it.")
    ] = False,
    without_doubtful: WithoutDoubtful = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
) -> None:
    """Tell whether runs differ: paired differences with intervals and p-values. Needs no model and no GPU.

    Runs may differ in one thing, the model, the prompt or the sampling; it is named.
    """
    from ampo.api import compare as compare_runs

    compared = compare_runs(
        *runs, protocol=protocol, allow_different=allow_different, without_doubtful=without_doubtful
    )
    if as_json:
        typer.echo(json.dumps(compared.to_dict(), indent=1))
    else:
        compared.show(listed=list_)
