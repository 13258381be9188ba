"""`ampo study`: the small controlled study of what AMPO claims, run and written up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ampo.console import say
from ampo.errors import MissingExtraError, UserError


def study(
    size: Annotated[
        str, typer.Option("--size", help="smoke (a minute), small (two cores, an hour) or full.")
    ] = "small",
    output_dir: Annotated[
        Path | None, typer.Option("--output-dir", "-o", help="Where runs are kept; the same command goes on with them.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--page", help="Folder for the page, its figures and results.json.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Runs at the same time; default: one a core.")
    ] = None,
) -> None:
    """Compare AMPO with its baselines on a task made for it, several seeds each, and write down what was found."""
    try:
        from ampo.study import design, schedule
        from ampo.study import write_up as report

        chosen = design.size(size)
        folder = output_dir or Path("runs/study") / size
        schedule.run(folder, chosen, jobs or os.cpu_count() or 1, say)
        written = report.write(folder, chosen, page or folder / "page")
    except ImportError as error:
        raise MissingExtraError(error.name or "torch", "train", "ampo study") from error
    except OSError as error:
        raise UserError(f"cannot write {error.filename} ({error.strerror}): give another --output-dir") from error
    say(f"wrote {written}")
