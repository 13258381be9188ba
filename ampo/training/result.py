"""A training run as Python sees it: what a script or a notebook asks of the folder that `ampo.train` leaves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ampo.errors import MissingExtraError, UserError
from ampo.terminal import Displayed
from ampo.training.rundir import TrainDir

if TYPE_CHECKING:
    import pandas as pd

    from ampo.terminal import Console


class TrainingRun(Displayed):
    """A folder that `ampo.train` or `ampo train` has made. Reads it anew each time it is asked."""

    def __init__(self, path: str | Path) -> None:
        """Raises UserError for a folder that holds no training run."""
        self.path = Path(path).expanduser()
        self._folder = TrainDir(self.path)
        if not self._folder.config.is_file():
            raise UserError(f"{self.path} is no training run: config.toml is missing (`ampo train` makes one)")

    @property
    def model(self) -> str:
        """The folder of the trained weights, as `ampo.evaluate` and `ampo.load_engine` take it."""
        return str(self._folder.final)

    @property
    def best(self) -> str | None:
        """The folder of the weights that validated best; None where nothing was validated."""
        return str(self._folder.best) if self._folder.best.is_dir() else None

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """A row a step."""
        return self._folder.read_metrics()

    def to_pandas(self) -> pd.DataFrame:
        """The metrics as a table: a row a step."""
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtraError("pandas", "data", "a run as a DataFrame") from error
        return pd.DataFrame(self.metrics)

    def show(self, console: Console | None = None) -> None:
        from ampo.training import report

        report.show(self.path, console)
