"""The child process that does the judging: bounded in memory and processor time, and safe to kill at any moment.

A signal cannot interrupt big-integer arithmetic, and a thread cannot be killed; only a process can. The parent
(`ampo.verify.crew.process`) starts this module as a program of its own, talks to it over one socket, and kills it when
an item passes its deadline. Nothing here sets an alarm: the parent's clock is the only one.

Not multiprocessing, nor what is built on it (pebble, concurrent.futures): its "spawn" runs the user's main module
again, which breaks a script without a `__main__` guard, a notebook and `python -` alike; its "fork" copies the locks
of a process full of threads (a trainer, a web app) and its CUDA state; its pools die as a whole with one worker.

What the worker does to itself, so that it neither harms the machine nor outlives its parent:

- RLIMIT_AS bounds its memory: an allocation beyond it is a MemoryError here, not swapping for everybody, and no
  library may swallow it (`ampo.verify.crew.memory_errors`). The item is then unresolved and the worker ends, since
  what is left of its heap is in doubt. Not kept by macOS, where only the deadline is left.
- RLIMIT_CPU is re-armed before each item, a little above the deadline. Where the parent was killed with -9 in the
  middle of an item, this ends the computation; on Linux PR_SET_PDEATHSIG does so at once. An idle worker ends
  at the end of its socket.
- SIGINT is ignored: Ctrl-C belongs to the parent. Standard input, output and error lead nowhere, so that a library
  that prints cannot disturb anything.
- The recursion limit stays at Python's 1000, as in the authors' process: what is nested deeper is no answer.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from ampo.verify.crew.messages import receive, send

_PR_SET_PDEATHSIG = 1
_CPU_GRACE_SECONDS = 2  # RLIMIT_CPU counts whole seconds


def main(fd: int, parent: int, timeout: float, memory_mb: int) -> None:
    """Serve a socket until its end. Frames in: lists of [operation, arguments]; out: one reply for each.

    Args:
        fd: The socket's.
        parent: The process with which this one is to end.
        timeout: Seconds an item; the parent kills past it, and this process bounds its own processor time by it.
        memory_mb: Address space, in MiB.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = socket.socket(fileno=fd)
    _limit(memory_mb)
    _die_with(parent)
    operations = _operations()
    send(channel, {"ready": os.getpid()})
    _silence()
    with contextlib.suppress(EOFError, OSError):
        while True:
            for operation, arguments in receive(channel):
                _rearm(timeout)
                reply = _answer(operations[operation], arguments)
                reply["retire"] = "lost" in reply or _resident_mb() > memory_mb / 2
                send(channel, reply)
                if reply["retire"]:
                    return


def _answer(operation: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """{"value", "seconds"}; {"failed"}: the judge raised; {"lost"}: this process is no longer to be trusted."""
    start = time.perf_counter()
    try:
        return {"value": operation(**arguments), "seconds": time.perf_counter() - start}
    except MemoryError:  # what was being built is gone, but the heap may be full of holes
        return {"lost": "out of memory"}
    except RecursionError:
        return {"lost": "out of stack"}
    except Exception as error:  # libraries on hostile input raise anything; it is counted, and the run goes on
        return {"failed": f"{type(error).__name__}: {error}"[:200]}
    except BaseException as error:  # Math-Verify's TimeoutException, an exit from within: the same, with less trust
        return {"lost": type(error).__name__}


def _operations() -> dict[str, Any]:
    """The judge's operations on plain data, warm: every module imported and every parser's tables built."""
    from ampo.verify.crew.memory_errors import keep_memory_errors

    keep_memory_errors()
    from ampo.verify.claim import Claim
    from ampo.verify.judge import decide, equivalent, judge
    from ampo.verify.reading import readings

    def claimed(fields: dict[str, Any]) -> Claim:
        return Claim(**{**fields, "options": tuple(fields["options"])})

    def judged(**claim: Any) -> list[str | bool | None]:
        verdict = judge(claimed(claim))
        return [verdict.outcome, verdict.extracted, verdict.reason, verdict.shown]

    for protocol in ("ampo", "official"):
        judged(
            gold=r"\frac{\sqrt{2}}{2}", response=r"<answer>$\frac{1}{\sqrt{2}}$</answer>", protocol=protocol, options=()
        )
    gc.collect()
    gc.freeze()  # what is loaded now stays: later collections need not look at it
    return {
        "judge": judged,
        "decide": decide,
        "equivalent": equivalent,
        "readings": lambda **claim: readings(claimed(claim)),
    }


def _limit(memory_mb: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    wanted, hard = memory_mb << 20, resource.getrlimit(resource.RLIMIT_AS)[1]
    with contextlib.suppress(ValueError, OSError):  # macOS refuses it
        resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before that took effect
        os._exit(0)


def _rearm(timeout: float) -> None:
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(time.process_time() + timeout) + _CPU_GRACE_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _resident_mb() -> float:
    """Memory in use. Not ru_maxrss on Linux: across an exec that keeps the parent's, and a trainer is large."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize() / 2**20
    except OSError:  # macOS, where ru_maxrss counts bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _silence() -> None:
    """Close standard error too. Until now it led to the parent, which quotes it where the start fails."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 2)
    os.close(null)
