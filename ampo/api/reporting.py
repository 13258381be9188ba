"""`ampo.compare` and `report`: what the commands of the same names do with finished runs, from Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from ampo.api.folders import path_of
from ampo.console import say as to_stderr
from ampo.errors import UserError
from ampo.types import PROTOCOLS, as_protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampo.eval.compared import Compared
    from ampo.eval.result import Run
    from ampo.training.result import TrainingRun


def compare(
    run: Run | str | Path,
    *others: Run | str | Path,
    protocol: str | None = None,
    allow_different: bool = False,
    without_doubtful: bool = False,
) -> Compared:
    """Tell whether runs differ: paired differences with intervals and p-values.

    Args:
        run: The base.
        others: What is compared with it.
        protocol: Whose verdicts. Default: the first that all are judged by.
        allow_different: Compare runs that differ in more than one thing, and mark it.
        without_doubtful: Leave out problems that are known to be wrong or doubtful (`ampo audit` names them).

    Returns:
        A sequence of comparisons, one for each of `others`; `.overall.difference`, `.overall.ci95` and
        `.overall.p_value` are those of the first one.

    Raises:
        UserError: The runs can't be compared.
    """
    from ampo.eval.compared import Compared

    paths = [path_of(one) for one in (run, *others)]
    judge = as_protocol(protocol, PROTOCOLS) if protocol else None
    return Compared(paths, judge, allow_different, without_doubtful)


@overload
def report(
    *runs: Run | TrainingRun | str | Path,
    html: Literal[True],
    against: str | None = None,
    output: str | Path | None = None,
    without_doubtful: bool = False,
    say: Callable[[str], None] | None = None,
) -> Path: ...
@overload
def report(
    *runs: Run | str | Path,
    html: Literal[False] = False,
    format: str = "table",
    against: str | None = None,
    output: str | Path | None = None,
    without_doubtful: bool = False,
    say: Callable[[str], None] | None = None,
) -> str: ...
def report(
    *runs: Run | TrainingRun | str | Path,
    html: bool = False,
    format: str = "table",  # noqa: A002 - the flag's own name
    against: str | None = None,
    output: str | Path | None = None,
    without_doubtful: bool = False,
    say: Callable[[str], None] | None = None,
) -> Path | str:
    """Write up a run, or several side by side.

    Args:
        runs: Runs or their folders; also results of lm-eval, and with `html` a training run.
        html: Write a page with figures, plots and every response, and return its path.
        format: "table", "md", "json", "csv", "latex" or "hub": the text that is returned.
        against: "paper", "revision" or "paper:MODEL": the printed figures beside the run's.
        output: The file to write. Default: with `html` report.html in the run's folder, else none.
        without_doubtful: Leave out problems that are known to be wrong or doubtful (`ampo audit` names them).
        say: Takes notes that a reader must know. Default: the standard error.

    Raises:
        UserError: A folder holds no run, or the options don't go together.
    """
    from ampo.eval.report import command

    paths = [path_of(run) for run in runs]
    file = None if output is None else Path(output)
    if not paths:
        raise UserError("which run? Give one or more")
    if any((path / "metrics.jsonl").is_file() for path in paths):
        from ampo.training import report as training

        if len(paths) > 1 or not html:
            raise UserError("a training run is reported by itself, as a page: report(run, html=True)")
        return training.write_page(paths[0], file)
    shown = command.load_runs(paths, format, html, file, without_doubtful)
    printed = command.printed_rows(shown, against, say or to_stderr)
    if html:
        return command.write_page(shown, printed, file)
    return command.text(shown, printed, format, file)
