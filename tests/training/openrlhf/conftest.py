"""A run of the real stack with a small model, and what is done to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


class Run:
    """`ampo train openrlhf-smoke` as a process, with its folder. Only what it has started is ever ended."""

    def __init__(self, model: Path, folder: Path) -> None:
        self.folder, self.said = folder, folder.with_name("said")
        self.command = self.ampo("train", "openrlhf-smoke", "--model", model, "-o", folder, "--optimizer.lr", 0.05)
        self.process: subprocess.Popen[bytes] | None = None
        self.sessions: set[str] = set()

    @staticmethod
    def ampo(*words: object) -> list[str]:
        return [sys.executable, "-m", "ampo", *map(str, words)]

    def start(self, *more: str, **environment: str) -> None:
        command, given = [*self.command, *more], os.environ | environment
        with self.said.open("w") as stream:
            self.process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, env=given)

    def until(self, reached: Callable[[], Any], seconds: float = 700) -> Any:
        """What `reached` gives as soon as that is something."""
        assert self.process
        deadline = time.monotonic() + seconds
        while not (found := reached()):
            assert self.process.poll() is None, self.told()
            assert time.monotonic() < deadline, self.told()
            time.sleep(0.2)
            if (note := self.folder / "openrlhf" / "ray-session").exists():
                self.sessions.add(note.read_text())
        return found

    def ended(self, seconds: float = 700) -> int:
        assert self.process
        return self.process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL to the process that the user started."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def interrupt(self) -> None:
        """Ctrl-C."""
        assert self.process
        self.process.send_signal(signal.SIGINT)

    def told(self) -> str:
        """On the terminal, of the last start."""
        return self.said.read_text()

    def whole(self, step: int) -> bool:
        """Whether the step's checkpoint counts."""
        return self._mark(step).exists()

    def forget(self, step: int) -> None:
        """Have the step's checkpoint count no more, as if the kill had come before."""
        self._mark(step).unlink(missing_ok=True)

    def _mark(self, step: int) -> Path:
        return self.folder / "checkpoints" / "_actor" / f"global_step{step}" / "whole"

    def rows(self, name: str) -> list[dict[str, Any]]:
        file = self.folder / name
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def processes(self, word: str) -> list[int]:
        """Those of Ray's sessions whose command line has the word in it."""
        left = [pid for session in self.sessions for pid in holding(session)]
        return [pid for pid in left if word in command_line(pid)]

    @staticmethod
    def gone(left: Callable[[], Any], seconds: float = 400) -> bool:
        """Whether processes end by themselves, as Ray's do soon after a job."""
        deadline = time.monotonic() + seconds
        while left() and time.monotonic() < deadline:
            time.sleep(0.5)
        return not left()

    def left(self) -> list[int]:
        """Processes that work for the run: all write to its log or to Ray's."""
        return [pid for folder in (*self.sessions, str(self.folder)) for pid in holding(folder)]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:  # ended meanwhile
        return ""


def holding(folder: str) -> list[int]:
    """Processes that have a file open under a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            files = [os.readlink(file) for file in (process / "fd").iterdir()]
        except OSError:
            continue
        if any(file.startswith(f"{folder}/") for file in files):
            found.append(int(process.name))
    return found


@pytest.fixture
def stack() -> None:
    """What a run of OpenRLHF takes on this machine."""
    import torch

    pytest.importorskip("openrlhf", reason="openrlhf is not installed (extra `openrlhf`)")
    if torch.cuda.is_available():
        pytest.importorskip("flash_attn", reason="flash-attn is not installed (docs/openrlhf.md)")


@pytest.fixture
def run(stack: None, small_model: Path, tmp_path: Path) -> Iterator[Run]:
    made = Run(small_model, tmp_path / "run")
    yield made
    made.kill()
    for pid in made.left():
        os.kill(pid, signal.SIGKILL)
