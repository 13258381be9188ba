"""A training run's folder: config, metrics by step, decisions, checkpoints, final weights.

    config.toml       every value filled in; a run goes on only with the same
    metrics.jsonl     one line a step; fields under time/ differ from machine to machine, all others are reproducible
    guidance.json     the pool: how many solutions it had for the prompts, how many were refused and why
    guidance.jsonl    one line a triggered prompt: who was chosen, with which scores
    samples.jsonl     one line a prompt, of some prompts of each step: the responses and how they were judged
    checkpoints/step-000010/   a Hugging Face folder, and trainer.pt: optimiser, counters
    best/  final/     Hugging Face folders: the best by validation, and the last

A checkpoint is written beside and renamed, so that a kill at any moment leaves whole ones only. What was logged after
the checkpoint that a run goes on from is cut off: those steps are done again, and come out the same.
"""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ampo.errors import UserError
from ampo.files import append, dump, first_line, flat, read_jsonl, write, write_json
from ampo.locks import alone_in
from ampo.training.config import TrainConfig, load_config

_WRITING = re.compile("write|No space left|I/O error", re.IGNORECASE)
_FREE = {"output_dir", "steps", "device"}  # may differ when a run goes on
_FREE_SECTIONS = {"checkpoints", "log"}
_MEMORY = {"optimizer.micro_batch_tokens", "optimizer.gradient_checkpointing", "rollout.gpu_memory_utilization"}
_OPENRLHFS = {
    "rollout.micro_batch_size",
    "train.micro_batch_size",
    "train.colocate_all",
    "ds.enable_sleep",
    "vllm.enable_sleep",
    "vllm.enforce_eager",
    "vllm.gpu_memory_utilization",
    "vllm.num_engines",
    "vllm.tensor_parallel_size",
}
"""Memory and placement too. How many processes train is not among them: DeepSpeed's checkpoints are cut by that."""


class TrainDir:
    """See the module's docstring."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.toml"
        self.metrics = path / "metrics.jsonl"
        self.pool = path / "guidance.json"
        self.guidance = path / "guidance.jsonl"
        self.samples = path / "samples.jsonl"
        self.checkpoints = path / "checkpoints"
        self.best = path / "best"
        self.final = path / "final"

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes from working in the folder, which is made."""
        return alone_in(self.path)

    def start(self, config: TrainConfig) -> None:
        """Write the config, or compare with the one that is there. Raises UserError that shows the difference."""
        if not self.config.exists():
            write(self.config, config.to_toml())
            return
        if changes := self._changes(config):
            told = ", ".join(changes[:4])
            raise UserError(f"{self.path} holds another run ({told}): give another --output-dir, or the same config")
        write(self.config, config.to_toml())

    def finished(self, config: TrainConfig) -> bool:
        """Whether nothing is left to do for a config as it stands. A teacher that is still to be chosen is not known
        here: such a run is looked at whole."""
        there = self.config.exists() and self.final.is_dir() and (self.latest() or (0,))[0] >= config.steps
        return there and not self._changes(config)

    def _changes(self, config: TrainConfig) -> list[str]:
        """What keeps a config from going on with the run that is there."""
        there = load_config(str(self.config))  # keys that are newer than the run have their defaults
        before, now = (flat(tomllib.loads(one.to_toml())) for one in (there, config))
        different = [k for k in sorted(before.keys() | now.keys()) if before.get(k) != now.get(k) and not _free(k)]
        if config.optimizer.schedule != "constant" and before.get("steps") != now.get("steps"):
            different.append("steps")  # the schedule ends with them
        return [f"{k}: {before.get(k)!r} there, {now.get(k)!r} asked" for k in different]

    def note_pool(self, solutions: int, refused: Mapping[str, int]) -> None:
        """What the pool had for the prompts. refused: by reason."""
        noted = {"solutions": solutions, "refused": {reason: n for reason, n in refused.items() if n}}
        write_json(self.pool, noted)

    def latest(self) -> tuple[int, Path] | None:
        """The last whole checkpoint: its step and folder."""
        return max(self._steps(), default=None)

    def _steps(self) -> list[tuple[int, Path]]:
        """The checkpoints, the oldest first; other folders that somebody has put there are not looked at."""
        found = self.checkpoints.glob("step-*")
        return sorted((int(f.name[5:]), f) for f in found if f.is_dir() and f.name[5:].isdecimal())

    def save(self, step: int, write: Callable[[Path], None], keep: int) -> None:
        """A checkpoint; older ones than the last `keep` go. Raises UserError where it can't be written."""
        place = self.checkpoints / f"step-{step:06d}"
        replace_folder(place, write)
        for _, old in self._steps()[:-keep]:
            shutil.rmtree(old, ignore_errors=True)

    def forget_after(self, step: int) -> None:
        """Cut the logs back to a step, a torn last line included."""
        for file in (self.metrics, self.guidance, self.samples):
            if file.exists():
                write(file, "".join(dump(row) for _, row in read_jsonl(file, growing=True) if row["step"] <= step))

    def append(self, file: Path, rows: list[dict[str, Any]]) -> None:
        """Lines of a log, flushed."""
        append(file, *rows)

    def read_metrics(self) -> list[dict[str, Any]]:
        """The steps so far."""
        return [row for _, row in read_jsonl(self.metrics, growing=True)] if self.metrics.exists() else []


def replace_folder(place: Path, write: Callable[[Path], None]) -> None:
    """Have a folder written beside its place, then put it there. What was there stays whole if anything fails."""
    fresh = place.with_name(f".{place.name}.new")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        write(fresh)
        for file in fresh.rglob("*"):
            if file.is_file():
                _sync(file)
        old = place.with_name(f".{place.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if place.exists():
            os.replace(place, old)
        os.replace(fresh, place)
        shutil.rmtree(old, ignore_errors=True)
    except Exception as error:
        shutil.rmtree(fresh, ignore_errors=True)
        # A full disk is an OSError here, a RuntimeError of torch.save, and safetensors' own kind there.
        if not isinstance(error, OSError) and not (_WRITING.search(str(error))):
            raise
        reason = getattr(error, "strerror", None) or first_line(error)
        raise UserError(
            f"cannot write {place} ({reason}): the last checkpoint is whole; make room, then run the same command"
        ) from error


def _sync(file: Path) -> None:
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _free(key: str) -> bool:
    section, _, rest = key.partition(".")
    return key in _FREE | _MEMORY or section in _FREE_SECTIONS or (section == "openrlhf" and rest in _OPENRLHFS)
