"""Ends a run one of whose processes has died, where those that are left would wait for it for ever.

OpenRLHF's command waits for its trainer, which waits for the policy, which may be waiting in a collective operation for
an engine that is no more: no error comes of that. So a thread asks Ray every few seconds which actors of this job have
died, and interrupts the command as Ctrl-C does when no error has come by itself; the death takes the interrupt's place.
Of a cluster that others use, only this job's actors are looked at.

vLLM's core is a process of its own, of which Ray knows nothing: its actor ends itself when the core is gone.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ampo.training.openrlhf.failures import ProcessDiedError, last_line

_SIGNAL = signal.SIGUSR1  # SIGINT may be ignored, as shells have it for what runs in the background
_POLL = 2.0  # seconds, as all here
_PATIENCE = 15.0  # for the error that most deaths raise by themselves, which says more
_LATE = 4.0  # until a death is known of which the error has come first
_MEANT = ("OUT_OF_SCOPE", "REF_DELETED", "RAY_KILL", "OWNER_DIED")  # how Ray ends actors by itself


@contextmanager
def watched() -> Iterator[None]:
    """In the main thread of a process joined to Ray. Raises ProcessDiedError in place of what a death does."""
    before = signal.signal(_SIGNAL, signal.default_int_handler)
    ended, interrupted = threading.Event(), threading.Event()
    thread = threading.Thread(target=_watch, args=(ended, interrupted), daemon=True)
    thread.start()
    try:
        yield
    except KeyboardInterrupt as error:
        if interrupted.is_set() and (death := _death()):
            raise ProcessDiedError(death) from error
        raise
    except Exception as error:
        if death := _death(_LATE):
            raise ProcessDiedError(death) from error
        raise
    finally:
        ended.set()
        thread.join()
        signal.signal(_SIGNAL, before)


def end_with_core(is_dead: Callable[[], bool]) -> None:
    """In an engine's process: end it soon after its core has died."""

    def watch() -> None:
        while not is_dead():
            time.sleep(1.0)
        print("ampo: vLLM's core has died, and its actor ends", file=sys.stderr, flush=True)
        time.sleep(1.0)  # for the error of a request that was under way
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _watch(ended: threading.Event, interrupted: threading.Event) -> None:
    while not ended.wait(_POLL):
        if _death() and not ended.wait(_PATIENCE):
            interrupted.set()
            signal.pthread_kill(threading.main_thread().ident or 0, _SIGNAL)
            return


def _death(wait: float = 0.0) -> str | None:
    """The first actor of this job that has died, in words; waits for it, where one may not be known yet."""
    deadline = time.monotonic() + wait
    while not (dead := _dead()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return _told(min(dead, key=lambda row: row["EndTime"])) if dead else None


def _dead() -> list[dict[str, Any]]:
    import ray
    from ray._private import state  # the public API asks Ray's dashboard, which a run of ours goes without

    job = ray.JobID.from_hex(ray.get_runtime_context().get_job_id())
    rows: dict[str, Any] = state.actors(job_id=job, actor_state_name="DEAD")
    return [row for row in rows.values() if _unexpected(row["DeathCause"])]


def _unexpected(cause: Any) -> bool:
    context = cause.actor_died_error_context
    return cause.WhichOneof("context") != "actor_died_error_context" or (
        context.Reason.Name(context.reason) not in _MEANT
    )


def _told(row: dict[str, Any]) -> str:
    trainers = dict.fromkeys(("AmpoTrainer", "AmpoAsync", "AmpoTraining", "AmpoSampling"), "OpenRLHF's trainer")
    names = {"SeededEngine": "a vLLM engine", "AmpoPolicy": "a training process", **trainers}
    cause = row["DeathCause"]
    why = {
        "creation_task_failure_context": last_line(cause.creation_task_failure_context.formatted_exception_string),
        "oom_context": "out of memory: Ray ended it",
    }.get(cause.WhichOneof("context"), "it was killed, perhaps for its memory, or it crashed")
    where = f"process {row['Pid']} on {row['Address']['IPAddress']}"
    return f"{names.get(row['ActorClassName'], row['ActorClassName'])} died ({where}: {why})"
