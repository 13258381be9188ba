"""`ampo study`: the controlled study of where guidance helps, run and written up."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from ampo.console import say
from ampo.errors import MissingExtraError, UserError

_PACKAGES = ("torch", "transformers", "tokenizers", "jaxtyping", "matplotlib")
"""What the extra `study` brings of what is imported."""


def study(
    size: Annotated[
        str,
        typer.Option("--size", help="smoke (a minute), small (two cores, three hours), full (one GPU) or full-trial."),
    ] = "small",
    output_dir: Annotated[
        Path | None, typer.Option("--output-dir", "-o", help="Where runs are kept; the same command goes on with them.")
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "--page", help="Folder for the page, its figures, results.json and runs.jsonl; what is there counts."
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Runs at the same time; default: one a core.")
    ] = None,
    write_only: Annotated[
        bool, typer.Option("--write-only", help="Run nothing: write the page of what is finished.")
    ] = False,
    pool: Annotated[
        Path | None, typer.Option("--pool", help="Sizes full: example_model_solutions.jsonl of GSM8K's release.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Sizes full: another model.")] = None,
) -> None:
    """Find where guidance beats plain RL, on a task made for it, and write down what came out."""
    for package in _PACKAGES:  # now, and not after hours of running
        if find_spec(package) is None:
            raise MissingExtraError(package, "study", "ampo study")

    from ampo.study import design, full, schedule
    from ampo.study.findings import Findings
    from ampo.study.store import Store
    from ampo.study.write_up import write_up

    folder = output_dir or Path("runs/study") / size
    try:
        if size in (large := full.settings()):
            asked = large[size].model_copy(update={"model": model} if model else {})
            say(f"wrote {full.run(folder, asked, pool, say)}")
            return
        chosen = design.size(size)
        place = page or folder / "page"
        store = Store(folder / "runs.jsonl", chosen, [place / "runs.jsonl"])
        if not write_only:
            schedule.run(folder, chosen, store, jobs or os.cpu_count() or 1, say)
        say(f"wrote {write_up(Findings(chosen, store), place)}")
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        where = error.filename or folder
        raise UserError(f"cannot write {where} ({error.strerror}): give another --output-dir") from error
