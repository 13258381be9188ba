"""`ampo train`, and what `ampo report` shows of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from ampo.cli.options import DataDir
from ampo.console import say
from ampo.errors import UserError


def train(
    context: typer.Context,
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="A TOML file, or one of ours, such as demo.")],
    output_dir: Annotated[
        Path | None, typer.Option("--output-dir", "-o", help="The run's folder; the same command resumes it.")
    ] = None,
    backend: Annotated[str | None, typer.Option("--backend", help="local or openrlhf; default: the config's.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the resolved config, what a step means, the memory; and stop.")
    ] = False,
    print_command: Annotated[
        bool, typer.Option("--print-command", help="Backend openrlhf: write its prompts, show its command, and stop.")
    ] = False,
    ray_address: Annotated[
        str | None,
        typer.Option("--ray-address", help="Backend openrlhf: join this Ray cluster (auto: the one of this node)."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Train a model by a config. Any value can be overridden: --algorithm.k0 4. The same command resumes."""
    from ampo.api.training import carry_out
    from ampo.training.config import load_config

    settings = load_config(config, [*context.args, *(["--backend", backend] if backend else [])])
    folder = output_dir or Path(settings.output_dir or f"runs/train-{Path(config).stem}")
    stop: Literal["command", "plan"] | None = "command" if print_command else "plan" if dry_run else None
    carry_out(settings, folder, stop=stop, ray_address=ray_address, data_dir=data_dir)


def training_runs(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Which of some folders are training runs, and the others."""
    training = [path for path in paths if (path / "metrics.jsonl").is_file()]
    return training, [path for path in paths if path not in training]


def show_training(paths: Sequence[Path], html: bool, output: Path | None, follow: bool = False) -> None:
    """What `ampo report` does with training runs: a table, or a page of curves for each, or one that follows one.

    Args:
        paths: Run directories.
        html: Write pages.
        output: The page's file; None is in the run directory.
        follow: Write it anew as the run goes on.

    Raises:
        UserError: The options contradict each other.
    """
    from ampo.training import report

    if output and len(paths) > 1:
        raise UserError("--output names one file and there are several training runs: leave it out")
    if follow and (len(paths) > 1 or not html):
        raise UserError("--follow is for the page of one training run: ampo report RUN --html --follow")
    for path in paths:
        if follow:
            report.follow(path, output, say)
        elif html:
            say(f"wrote {report.write_page(path, output)}")
        else:
            report.show(path)
