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


PROMPT = "\r\n> "


class Terminal:
    """A program in a pseudo-terminal."""

    def __init__(self, *command: str) -> None:
        self._shown = ""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, os.environ | {"TERM": "dumb"})  # no escapes around the prompt

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def until(self, mark: str, seconds: float = 120) -> str:
        """What is shown up to the mark (or the program's end); what follows it is left for the next call."""
        deadline = time.monotonic() + seconds
        while mark not in self._shown and time.monotonic() < deadline:
            if select.select([self._fd], [], [], 0.1)[0]:
                try:
                    self._shown += os.read(self._fd, 65536).decode(errors="replace")
                except OSError:  # the other end is closed
                    return self._shown
        found, mark, self._shown = self._shown.partition(mark)
        assert mark, f"not shown in {seconds} s; shown was {found[-500:]!r}"
        return found + mark

    def exit_code(self, seconds: float = 60) -> int:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        raise AssertionError(f"still there after {seconds} s; shown was {self._shown[-500:]!r}")


def test_ctrl_c_stops_the_answer_and_not_the_program(server: str) -> None:
    arguments = ("--base-url", server, "--max-tokens", "300", "--temperature", "0")
    terminal = Terminal(sys.executable, "-m", "ampo", "chat", *arguments)
    try:
        terminal.until(PROMPT)
        terminal.type("Tell me a very long story about a dragon, with every detail.\n")
        terminal.until("every detail.")  # the echo of what was typed
        time.sleep(1)
        terminal.type("\x03")
        assert "stopped" in terminal.until(PROMPT)
        terminal.type("/reset\n")  # by itself the question has a short answer
        terminal.until(PROMPT)
        terminal.type("What is 7 + 5?\n")
        assert "tokens/s" in terminal.until("tokens/s")
        terminal.until(PROMPT)
        time.sleep(1)  # the prompt is shown before Python waits for a line: between the two it takes no Ctrl-C
        terminal.type("\x03")  # at the prompt it only says how to end
        assert "Ctrl-D ends" in terminal.until("ends")
        terminal.until(PROMPT)  # before it the terminal is not readline's yet, which takes no Ctrl-D from before
        terminal.type("\x04")
        assert terminal.exit_code() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(terminal.pid, signal.SIGKILL)
