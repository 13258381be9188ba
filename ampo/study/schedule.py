"""All arms with all seeds, each in a process of its own with one thread, some at the same time.

What has a result is not run again; an arm that was killed goes on from its last checkpoint; one that crashed is named,
with its log, and run again by the same command. Nothing is left out in silence: a page is made of a whole study only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ampo.errors import UserError
from ampo.files import write_json
from ampo.study import design
from ampo.study.design import Size


class Trial(NamedTuple):
    """An arm with a seed."""

    arm: str
    seed: int

    @property
    def place(self) -> Path:
        return Path(self.arm) / f"seed-{self.seed}"


def jobs(size: Size) -> list[Trial]:
    """Seed by seed, so that whole comparisons come early."""
    return [Trial(arm.name, seed) for seed in range(size.seeds) for arm in design.arms(size)]


def missing(study: Path, size: Size) -> list[Trial]:
    """The jobs that have no result yet."""
    return [job for job in jobs(size) if not (study / job.place / "result.json").exists()]


def run(study: Path, size: Size, at_once: int, say: Callable[[str], None]) -> None:
    """Do what is missing. Raises UserError where the folder is another size's, and one that names what crashed when all
    the rest is done."""
    study.mkdir(parents=True, exist_ok=True)
    _claim(study, size)
    children: set[subprocess.Popen[bytes]] = set()
    with _ended(children):
        if not (study / "warm-start" / "calibration.json").exists():
            say("warm start: the student that all arms begin with ...")
            if _one(study, size, Trial("warm-start", 0), children):
                raise UserError(f"the warm start failed: see {study / 'warm-start' / 'seed-0' / 'log.txt'}")
        crashed = _all(study, size, missing(study, size), at_once, children, say)
    if crashed:
        raise UserError(
            f"{len(crashed)} of {len(jobs(size))} runs crashed, {crashed[0].place} the first: see its log.txt in "
            f"{study}; the same command runs them again"
        )


def _claim(study: Path, size: Size) -> None:
    """Raises UserError where the folder holds runs made with other settings, which must not be mixed with these."""
    file = study / "size.json"
    settings = size.model_dump(mode="json")
    before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else settings
    if differs := [key for key, value in settings.items() if before.get(key) != value]:
        raise UserError(
            f"{study} holds runs of another size ({differs[0]} {before.get(differs[0])}, now {settings[differs[0]]}): "
            "give another --output-dir, or remove it"
        )
    write_json(file, settings)


def _all(
    study: Path,
    size: Size,
    todo: Sequence[Trial],
    at_once: int,
    children: set[subprocess.Popen[bytes]],
    say: Callable[[str], None],
) -> list[Trial]:
    """Do the jobs; those that crashed."""
    crashed, done, started, total = [], 0, time.monotonic(), len(jobs(size))
    waiting = iter(todo)
    with ThreadPoolExecutor(at_once) as pool:
        running: dict[Future[int], Trial] = {}
        while True:
            for job in waiting:
                running[pool.submit(_one, study, size, job, children)] = job
                if len(running) == at_once:
                    break
            if not running:
                return sorted(crashed, key=todo.index)
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job, done = running.pop(future), done + 1
                if future.result():
                    crashed.append(job)
                left = (time.monotonic() - started) / done * (len(todo) - done)
                say(
                    f"{total - len(todo) + done}/{total}  {job.arm}, seed {job.seed}"
                    f"{' CRASHED' if future.result() else ''}  about {left / 60:.0f} min left"
                )


def _one(study: Path, size: Size, job: Trial, children: set[subprocess.Popen[bytes]]) -> int:
    """A job in its process. Gives its exit code; what it printed is in log.txt beside its result."""
    folder = study / job.place
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "ampo.study.arm", str(study), size.name, job.arm, str(job.seed)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    with (folder / "log.txt").open("ab") as log:
        child = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)  # noqa: S603  (ours)
        children.add(child)
        code = child.wait()
        children.discard(child)
    return code


@contextmanager
def _ended(children: set[subprocess.Popen[bytes]]) -> Iterator[None]:
    """No process outlives the command, however it ends."""
    try:
        yield
    finally:
        for child in list(children):
            child.terminate()
