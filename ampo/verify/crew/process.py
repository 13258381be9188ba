"""The parent's handle on one worker process: start it, send it items, wait for answers until a deadline, kill it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from ampo.verify.crew import messages

START_SECONDS = 120.0  # imports on a loaded machine with a cold disk
_EXIT_SECONDS = 1.0  # between the end of its socket and its own

# The worker looks for modules where this process does, as far as that is a place: an entry "" means the current folder,
# and a user's folder may hold a sympy.py. -P keeps Python from adding it by itself.
_BOOT = "import sys, json; sys.path[:] = json.loads(sys.argv[5]); from ampo.verify.crew import worker; "
_BOOT += "worker.main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))"
_ROOT = str(Path(__file__).resolve().parents[3])


class Limits(NamedTuple):
    """timeout: seconds an item, by the wall clock. memory_mb: a worker's address space in MiB."""

    timeout: float
    memory_mb: int


class StartError(Exception):
    """A worker process did not come up; the message says why."""


class Process:
    """One worker, started as it is made: `wait_ready`, then `send` and one `reply` an item. `kill` from any thread,
    `discard` from the owning one at the end."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._channel, theirs = socket.socketpair()
        path = [os.path.abspath(entry) for entry in sys.path if entry]
        arguments = [theirs.fileno(), os.getpid(), limits.timeout, limits.memory_mb, json.dumps([*path, _ROOT])]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program, with numbers and our own path
                [sys.executable, "-P", "-c", _BOOT, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
                # String hashes decide orders inside sympy: the same claim is to get the same verdict in every worker.
                env=os.environ | {"PYTHONHASHSEED": "0"},
            )
        except OSError as error:
            self._channel.close()
            raise StartError(f"{sys.executable or 'Python'} could not be run: {error}") from error
        finally:
            theirs.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait_ready(self) -> None:
        """Wait until it has imported the judge. Raises StartError with the last line of what it complained of."""
        self._channel.settimeout(START_SECONDS)
        try:
            messages.receive(self._channel)
        except TimeoutError:
            raise StartError(f"not ready after {START_SECONDS:.0f} s") from None
        except (EOFError, OSError):
            raise StartError(self._last_words()) from None
        assert self._process.stderr is not None
        self._process.stderr.close()

    def send(self, items: list[tuple[str, dict[str, Any]]]) -> None:
        """Send a batch; one `reply` follows for each. Raises OSError where the worker is gone."""
        self._channel.settimeout(START_SECONDS)
        messages.send(self._channel, items)

    def reply(self, seconds: float) -> dict[str, Any]:
        """The next item's reply. Raises TimeoutError after `seconds`; EOFError, OSError where the worker is gone."""
        self._channel.settimeout(max(seconds, 1e-3))  # 0 would not wait for what has already come
        return messages.receive(self._channel)

    def kill(self) -> None:
        self._process.kill()

    def discard(self) -> str:
        """Reap it, killing it if it lives, and close everything; says how it ended."""
        code = self._reap()
        self._close()
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def _reap(self) -> int:
        try:
            return self._process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def forget(self) -> None:
        """In a forked child: let go of the parent's worker without touching it."""
        self._process.returncode = 0  # else Popen warns that it still runs, or waits for a process not its own
        self._close()

    def _close(self) -> None:
        self._channel.close()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _last_words(self) -> str:
        assert self._process.stderr is not None
        code = self._reap()
        lines = self._process.stderr.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it ended with {f'signal {-code}' if code < 0 else f'exit code {code}'}"
