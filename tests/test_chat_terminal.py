"""`ampo chat` in a real terminal: what Ctrl-C and Ctrl-D do there."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import sys
import time

import pytest

pytestmark = pytest.mark.slow


class Terminal:
    """A program in a pseudo-terminal."""

    def __init__(self, *command: str) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execv(command[0], command)

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def until(self, *marks: str, seconds: float = 60) -> str:
        """What is shown up to the first of the marks (or the program's end)."""
        shown, deadline = "", time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not select.select([self._fd], [], [], 0.1)[0]:
                continue
            try:
                shown += os.read(self._fd, 65536).decode(errors="replace")
            except OSError:  # the other end is closed
                return shown
            if any(mark in shown for mark in marks):
                return shown
        raise AssertionError(f"none of {marks} in {seconds} s: {shown[-500:]!r}")

    def exit_code(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_ctrl_c_stops_the_answer_and_not_the_program(server: str) -> None:
    arguments = ("--base-url", server, "--max-tokens", "300", "--temperature", "0.7")
    terminal = Terminal(sys.executable, "-m", "ampo", "chat", *arguments)
    try:
        terminal.until("> ")
        terminal.type("Tell me a very long story about a dragon, with every detail.\n")
        terminal.until("dragon,", "every detail.")  # the echo of what was typed
        time.sleep(1)
        terminal.type("\x03")
        assert "stopped" in terminal.until("> ")
        terminal.type("What is 7 + 5?\n")
        assert "tokens/s" in terminal.until("tokens/s")
        terminal.until("> ")
        time.sleep(0.5)  # the prompt is there before Python waits for a line: between the two it takes no Ctrl-C
        terminal.type("\x03")  # at the prompt it only says how to end
        assert "Ctrl-D ends" in terminal.until("ends")
        terminal.type("\x04")
        assert terminal.exit_code() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(terminal.pid, signal.SIGKILL)
