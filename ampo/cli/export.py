"""The command that writes a run for other people's viewers and notebooks."""

from __future__ import annotations

from glob import escape
from pathlib import Path
from typing import Annotated

import typer

from ampo.console import say
from ampo.errors import MissingExtraError, UserError


def export(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory of ampo eval.")],
    to: Annotated[str, typer.Option("--to", help="parquet, hub-details, inspect-log or lm-eval-samples.")],
    output_dir: Annotated[
        Path | None, typer.Option("--output-dir", "-o", help="The folder; default: export-FORM in the run.")
    ] = None,
    push_to: Annotated[
        str | None, typer.Option("--push-to", metavar="OWNER/NAME", help="A data set of the hub to put the files into.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what --push-to would put there.")] = False,
) -> None:
    """Write a run as Parquet, or as a log of inspect_ai, details of lighteval or samples of lm-eval."""
    from ampo.eval.export import export as write
    from ampo.eval.rundir import RunDir

    if dry_run and not push_to:
        raise UserError("--dry-run tells what --push-to would put there: give --push-to OWNER/NAME")
    folder = output_dir or run_dir / f"export-{to}"
    exported = write(RunDir.existing(run_dir), to, folder)
    for file in exported.files:
        print(file)
    if exported.left_out:
        say(f"{exported.left_out} responses have no verdict and are left out: `ampo score {run_dir}` judges them")
    if push_to:
        _push(folder, push_to, exported.files, dry_run)


def _push(folder: Path, name: str, files: list[Path], dry_run: bool) -> None:
    """Put the files into a data set of the hub; say only what would be put there where it can't be reached."""
    from ampo.models import hub_reachable

    total = sum(file.stat().st_size for file in files)
    what = f"{len(files)} files, {total / 2**20:.1f} MiB, to the data set {name}"
    if dry_run or not hub_reachable():
        say(f"not pushed ({'--dry-run' if dry_run else 'the hub cannot be reached'}): {what}")
        return
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingExtraError("huggingface_hub", "data", "--push-to") from error
    made = [escape(file.relative_to(folder).as_posix()) for file in files]  # what else lies in the folder stays there
    try:
        huggingface_hub.create_repo(name, repo_type="dataset", private=True, exist_ok=True)
        huggingface_hub.upload_folder(repo_id=name, repo_type="dataset", folder_path=folder, allow_patterns=made)
    except (huggingface_hub.errors.HfHubHTTPError, huggingface_hub.errors.HFValidationError, OSError) as error:
        raise UserError(f"cannot push to {name} ({error}): log in with `hf auth login`, and check its name") from error
    say(f"pushed {what}")
