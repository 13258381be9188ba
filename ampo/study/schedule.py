"""The jobs, each in a process of its own with one thread, some at the same time.

What is in the store is not done again; a run that was killed goes on from its last checkpoint; one that crashed is
named, with its log, and done again by the same command. What decides comes first, and stops the study where it must.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from ampo.console import Say
from ampo.errors import UserError
from ampo.study import decide, jobs
from ampo.study.design import Size
from ampo.study.jobs import Job
from ampo.study.store import Store

Running = dict[BaseProcess, Job]


def run(study: Path, size: Size, store: Store, at_once: int, say: Say) -> None:
    """Do what is missing.

    Args:
        study: The study's folder.
        size: Which of the study's sizes.
        store: Results that are there, and takes new ones.
        at_once: Jobs at the same time, a process each.
        say: Takes each line of progress.

    Raises:
        UserError: The gate says that the task can't tell; or runs crashed, when all the rest of their stage is done.
    """
    study.mkdir(parents=True, exist_ok=True)
    for stage in _stages(size, store):
        todo = [job for job in stage if job not in store and not _finished(study, store, job)]
        if crashed := _all(study, size, store, todo, at_once, say):
            raise UserError(
                f"{len(crashed)} of {len(stage)} runs crashed, {crashed[0].place} the first: see "
                f"{folder_of(study, crashed[0]) / 'log.txt'}; the same command does them again"
            )


def folder_of(study: Path, job: Job) -> Path:
    """Where a job works: log.txt, checkpoints, and result.json, written last."""
    return study / "work" / job.place


def _stages(size: Size, store: Store) -> Iterator[list[Job]]:
    """What is to be done before the next can be told."""
    yield [jobs.SKILL]
    yield [job for job in jobs.students(size) if job.start in (size.compared, size.rate.start)]
    yield [jobs.gate(size)]
    decide.check_gate(size, store)
    yield jobs.rates(size)
    yield jobs.main(size, decide.learning_rate(size, store))


def _all(study: Path, size: Size, store: Store, todo: Sequence[Job], at_once: int, say: Say) -> list[Job]:
    """Do the jobs of a stage and keep their results. Gives those that crashed."""
    crashed: list[Job] = []
    done, started, waiting = 0, time.monotonic(), list(reversed(todo))
    with _processes() as running:
        while waiting or running:
            while waiting and len(running) < at_once:
                job = waiting.pop()
                running[_started(study, size, job)] = job
            wait([process.sentinel for process in running])
            for process in [process for process in running if not process.is_alive()]:
                job, done = running.pop(process), done + 1
                kept = process.exitcode == 0 and _finished(study, store, job)
                if not kept:
                    crashed.append(job)
                left = (time.monotonic() - started) / done * (len(todo) - done)
                mark = "" if kept else " CRASHED"
                say(f"{done}/{len(todo)}  {job.place}{mark}  about {left / 60:.0f} min left of this stage")
    return sorted(crashed, key=todo.index)


def _finished(study: Path, store: Store, job: Job) -> bool:
    """Whether a job has a result; that goes into the store then, and its weights away."""
    file = folder_of(study, job) / "result.json"
    if not file.exists():
        return False
    store.add(job, json.loads(file.read_text(encoding="utf-8")))
    shutil.rmtree(file.parent)
    return True


def _started(study: Path, size: Size, job: Job) -> BaseProcess:
    """A job in its process, forked from one that has imported all there is: that takes longer than a short job."""
    from ampo.study import arm

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ampo.study.arm", "ampo.study.preloaded"])
    folder_of(study, job).mkdir(parents=True, exist_ok=True)
    os.environ.update({"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"})
    process = context.Process(target=arm.main, args=(study, size, job, folder_of(study, job)))
    process.start()
    return process


@contextmanager
def _processes() -> Iterator[Running]:
    """No process outlives the command, however it ends."""
    running: Running = {}
    try:
        yield running
    finally:
        for process in running:
            process.terminate()
