"""Where a run's metrics go besides metrics.jsonl: a table on the terminal, TensorBoard, trackio or wandb."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from rich.live import Live
from rich.table import Table

from ampo.errors import MissingExtraError
from ampo.terminal import Console
from ampo.training.alarms import alarms
from ampo.training.config import TrainConfig
from ampo.training.hours import duration

_SHOWN = {
    "own/accuracy": "own acc.",
    "own/reward": "own reward",
    "guidance/trigger_rate": "triggered",
    "mixed/replaced": "replaced",
    "own/length": "tokens",
    "own/entropy": "entropy",
    "update/loss": "loss",
    "update/grad_norm": "grad norm",
    "val/accuracy": "validation",
}
_LAST = 15  # steps in the live table


class Sink(Protocol):
    """Takes the metrics of a step."""

    def log(self, step: int, metrics: dict[str, float]) -> None: ...

    def close(self) -> None: ...


class Terminal:
    """A live table of the last steps with the time left, a line a step where nobody watches live; each alarm, once."""

    def __init__(self, steps: int, done: int, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._steps, self._done, self._started, self._before = steps, done, time.monotonic(), done
        self._rows: list[tuple[int, dict[str, float]]] = []
        self._all: list[dict[str, float]] = []
        self._told: set[str] = set()
        self._live = Live(console=self._console, auto_refresh=False) if self._console.is_terminal else None
        if self._live:
            self._live.start()

    def log(self, step: int, metrics: dict[str, float]) -> None:
        self._all.append(metrics)
        for alarm in alarms(self._all):
            if alarm.name not in self._told:
                self._told.add(alarm.name)
                self._console.print(f"step {step}: {alarm.text}", style="bold", highlight=False, soft_wrap=True)
        self._done = step
        self._rows = [*self._rows[-_LAST + 1 :], (step, metrics)]
        if self._live:
            self._live.update(self._table(), refresh=True)
        else:
            shown = "  ".join(f"{label} {metrics[name]:.4g}" for name, label in _SHOWN.items() if name in metrics)
            self._console.print(f"step {step}/{self._steps}  {shown}  {self._left()}", highlight=False, soft_wrap=True)

    def close(self) -> None:
        if self._live:
            self._live.stop()

    def _table(self) -> Table:
        table = Table(title=f"step {self._done}/{self._steps}, {self._left()}", title_justify="left")
        names = [name for name in _SHOWN if any(name in metrics for _, metrics in self._rows)]
        table.add_column("step", justify="right")
        for name in names:
            table.add_column(_SHOWN[name], justify="right")
        for step, metrics in self._rows:
            table.add_row(str(step), *(f"{metrics[n]:.4g}" if n in metrics else "" for n in names))
        return table

    def _left(self) -> str:
        took = (time.monotonic() - self._started) / max(self._done - self._before, 1)
        return f"{took:.1f} s a step, {duration(took * (self._steps - self._done))} left"


class TensorBoard:
    """Event files in the run's folder."""

    def __init__(self, folder: Path, done: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingExtraError("tensorboard", "train", "log.tensorboard = true") from error
        self._writer: Any = SummaryWriter(str(folder), purge_step=done + 1)

    def log(self, step: int, metrics: dict[str, float]) -> None:
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


class Tracker:
    """trackio or wandb, which share these calls."""

    def __init__(self, module: str, config: TrainConfig, name: str) -> None:
        if find_spec(module) is None:
            raise MissingExtraError(module, "train", f"log.trackers = [{module!r}]")
        self._module: Any = import_module(module)
        self._module.init(project=config.log.project, name=name, config=config.model_dump(mode="json"))

    def log(self, step: int, metrics: dict[str, float]) -> None:
        self._module.log(metrics, step=step)

    def close(self) -> None:
        self._module.finish()


def sinks(config: TrainConfig, folder: Path, done: int) -> Iterator[Sink]:
    """What the config asks for, one by one. Raises MissingExtraError for what isn't installed."""
    yield Terminal(config.steps, done)
    if config.log.tensorboard:
        yield TensorBoard(folder / "tensorboard", done)
    for name in config.log.trackers:
        yield Tracker(name, config, folder.name)
