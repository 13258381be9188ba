"""What OpenRLHF's processes have to know of the run: it travels with OpenRLHF's own arguments, as `args.ampo`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ampo.training.config import TrainConfig


@dataclass(frozen=True, slots=True)
class Settings:
    """folder: the run's, seen by every node. pool: verified solutions by uid (`data.write_pool`); None without any.
    end_ids: what closes a teacher's turn (`ampo.training.turn`).
    """

    config: TrainConfig
    folder: Path
    pool: Path | None
    end_ids: tuple[int, ...] = ()
