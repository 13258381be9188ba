"""OpenRLHF's checkpoints, which of them are whole, and a run's last one put right before it is gone on from.

DeepSpeed writes a folder a step and then its name into `latest`; a kill or a full disk leaves a part of a folder, or an
empty `latest`, which it would stumble over. So a folder that every rank has written gets a mark, and before a run goes
on the others are removed and `latest` is made to name the newest one with a mark.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from ampo.files import write

_MARK = "whole"
_TAG = "global_step"


def mark_whole(root: Path, tag: str) -> None:
    """root: `--ckpt.path`. To be called when all ranks are done."""
    file = root / "_actor" / tag / _MARK
    write(file, tag)


def latest(root: Path) -> int:
    """The step of the newest whole checkpoint; 0 without one."""
    return max((step for step, folder in _folders(root) if (folder / _MARK).exists()), default=0)


def repair(root: Path) -> int:
    """Remove what isn't whole, have `latest` name what is. Gives the step to go on from. Raises OSError."""
    done = latest(root)
    for _, folder in _folders(root):
        if not (folder / _MARK).exists():
            shutil.rmtree(folder)
    actor = root / "_actor"
    if not done:
        shutil.rmtree(actor, ignore_errors=True)
        return 0
    write(actor / "latest", f"{_TAG}{done}")
    return done


def _folders(root: Path) -> list[tuple[int, Path]]:
    found = ((f.name.removeprefix(_TAG), f) for f in (root / "_actor").glob(f"{_TAG}*") if f.is_dir())
    return [(int(step), folder) for step, folder in found if step.isdigit()]
