"""What went wrong in a process of the run, as one line; the whole story is in the log."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ampo.errors import EngineError, UserError

_FULL = re.compile(
    r"No space left on device|Disk quota exceeded|PytorchStreamWriter failed|I/O error|enforce fail at inl", re.I
)
_MEMORY = re.compile(r"out of memory|OutOfMemory|memory pressure", re.I)
_DEAD = re.compile(r"EngineDead|EngineCore|RolloutRayActor|SeededEngine")
_AGAIN = "the same command goes on from the last checkpoint"


class ProcessDiedError(Exception):
    """Of an actor; its text says which and why."""


@contextmanager
def explained(log: Path) -> Iterator[None]:
    """Turn what Ray and OpenRLHF raise into one line. Errors of ours and Ctrl-C pass, also out of another process."""
    try:
        yield
    except (UserError, EngineError, KeyboardInterrupt):
        raise
    except Exception as error:  # whatever it is, it comes from some process of the run and must be told in a line
        with log.open("a", encoding="utf-8") as stream:
            stream.write(f"\n{''.join(traceback.format_exception(error))}")
        raise told(error, log) from error
    except SystemExit as error:
        raise EngineError(f"OpenRLHF ended by itself ({error.code}): see {log}") from error


def told(error: Exception, log: Path) -> Exception:
    """The line for an error."""
    cause, text = _cause(error), f"{type(error).__name__} {error}"
    if isinstance(cause, UserError | EngineError):
        return cause
    if _FULL.search(text):
        return UserError(f"a file of the run can't be written ({_reason(text, _FULL)}): make room; {_AGAIN}; see {log}")
    if _MEMORY.search(text):
        return EngineError(
            "a process of the run is out of memory: lower [openrlhf] rollout.micro_batch_size, train.micro_batch_size "
            f"or vllm.gpu_memory_utilization; {_AGAIN}; see {log}"
        )
    if isinstance(cause, ProcessDiedError):
        return EngineError(f"{cause}: {_AGAIN}; see {log}")
    if _DEAD.search(text):
        return EngineError(f"a vLLM engine died ({last_line(str(cause))}): {_AGAIN}; see {log}")
    return EngineError(f"{type(cause).__name__}: {last_line(str(cause))}: {_AGAIN}; see {log}")


def _cause(error: Exception) -> BaseException:
    """What a worker raised, out of Ray's wrappings."""
    found: BaseException = error
    while isinstance(inner := getattr(found, "cause", None), BaseException):
        found = inner
    return found


def _reason(text: str, pattern: re.Pattern[str]) -> str:
    match = pattern.search(text)
    return match.group(0) if match else ""


def last_line(text: str) -> str:
    """The last line with something in it, cut to a readable length."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[-1] if lines else "no reason given")[:200]
