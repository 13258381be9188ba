"""Where the API puts what it makes, and finds what was made."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ampo.console import say as to_stderr

if TYPE_CHECKING:
    from ampo.eval.result import Run
    from ampo.training.result import TrainingRun


def folder_of(given: str | Path | None, say: Callable[[str], None] = to_stderr) -> Path:
    """The folder that was given; without one a new temporary one, and `say` is told where."""
    if given is not None:
        return Path(given).expanduser()
    made = Path(tempfile.mkdtemp(prefix="ampo-"))
    say(f"no output_dir was given: everything is in {made}")
    return made


def path_of(run: Run | TrainingRun | str | Path) -> Path:
    """The folder of a run."""
    return (Path(run) if isinstance(run, (str, Path)) else run.path).expanduser()
