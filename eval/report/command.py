"""What `ampo report` does with its options, apart from reading them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from ampo.console import Say
from ampo.errors import UserError
from ampo.eval.harness import table
from ampo.eval.paper import PaperRow, row_of
from ampo.eval.report.formats import check_format, render
from ampo.eval.report.source import Against, Shown, against, load
from ampo.eval.report.terminal import show_metrics
from ampo.files import replacing, write
from ampo.terminal import Console


def load_runs(
    paths: Sequence[Path], form: str, html: bool, output: Path | None, without_doubtful: bool = False
) -> list[Shown]:
    """The runs, once the options are known to make sense together.

    Args:
        paths: Run directories, or other harnesses' results.
        form: The value of --format.
        html: Whether a page is asked for.
        output: The file that is to be written, where one is named.
        without_doubtful: Leave out the problems that are known to be wrong or doubtful.

    Raises:
        UserError: The options contradict each other, or a place holds no run.
    """
    check_format(form)
    if html and form != "table":
        raise UserError(f"--html writes a page and --format {form} prints text: give one of them")
    if output and not html and form == "table":
        raise UserError("--output needs --html, or a --format other than table")
    return load(paths, without_doubtful)


def printed_rows(runs: Sequence[Shown], name: str | None, say: Say) -> dict[str, PaperRow]:
    """The printed rows that were asked for. Says what a reader must know: notes on runs, rows that aren't there."""
    for line in (note for run in runs for note in run.notes):
        say(line)
    if name is not None:
        rows, missing = against(runs, name)
        for line in missing:
            say(line)
        return rows
    known = {run.model for run in runs if row_of(run.model)}
    for model in known:
        say(f"the paper prints figures for {model}: --against paper shows them")
    return {}


def show(runs: Sequence[Shown], printed: Against, form: str, output: Path | None, say: Say) -> None:
    """Print the report, or write it to a file.

    Args:
        runs: What is reported.
        printed: The paper's rows beside them.
        form: "table", or one of `ampo.eval.report.formats`.
        output: The file; None is the standard output.
        say: Takes the line that names the file.
    """
    if form == "table":
        tables(runs, printed)
        return
    written = text(runs, printed, form, output)
    if output:
        say(f"wrote {output}")
    else:
        sys.stdout.write(written)


def tables(runs: Sequence[Shown], printed: Against, console: Console | None = None) -> None:
    """Print each run's table."""
    for run in runs:
        if "harness" in run.metrics:
            table.show(dict(run.metrics), run.path, console)
        else:
            show_metrics(run.metrics, run.path, console, printed=printed.get(run.label))


def text(runs: Sequence[Shown], printed: Against, form: str, output: Path | None = None) -> str:
    """The report in a form, also written to a file where one is given.

    Args:
        runs: What is reported.
        printed: The paper's rows beside them.
        form: "table", or one of `ampo.eval.report.formats`.
        output: The file; None writes none.
    """
    if form == "table":
        console = Console(file=StringIO(), record=True, width=100, highlight=False, force_jupyter=False)
        tables(runs, printed, console)
        written = console.export_text()
    else:
        written = render(form, runs, printed)
    if output:
        write(output, written)
    return written


def write_page(runs: Sequence[Shown], printed: Against, output: Path | None) -> Path:
    """The page's path: as given, or in the first run's directory."""
    from ampo.eval.report.page import parts

    path = output or default_page(runs)
    with replacing(path) as stream:
        for part in parts(runs, printed):
            stream.write(part.encode())
    return path


def default_page(runs: Sequence[Shown]) -> Path:
    """report.html in the run; of several, one in the first that names the others, so that its own isn't replaced."""
    first, *others = runs
    folder = first.path if first.path.is_dir() else first.path.parent
    names = "".join(f"-{other.label.replace('/', '-')}" for other in others)
    return folder / (f"report-with{names}.html" if others else "report.html")
