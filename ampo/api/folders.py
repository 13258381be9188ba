"""Where the API puts what it makes, and finds what was made."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ampo.console import say as to_stderr
from ampo.errors import UserError

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
    """The folder of a run. Raises UserError for what is no run."""
    folder = run if isinstance(run, (str, os.PathLike)) else getattr(run, "path", None)
    if not isinstance(folder, (str, os.PathLike)):
        raise UserError(f"the run is a {type(run).__name__}: give a run, or its folder")
    return Path(folder).expanduser()
