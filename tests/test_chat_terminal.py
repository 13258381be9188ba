"""`ampo chat` in a real terminal: what keys, pasted texts and commands do there."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


PROMPT = "\n>"
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[=>()][0-9A-Za-z]?)|[\r\x08]")


class Terminal:
    """A program in a pseudo-terminal. What it shows is read without the escapes that place it."""

    def __init__(self, *command: str, **environment: str) -> None:
        self._shown = ""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, os.environ | {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"} | environment)

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def until(self, mark: str, seconds: float = 120) -> str:
        """What is shown up to the mark (or the program's end); what follows it is left for the next call."""
        deadline = time.monotonic() + seconds
        while mark not in self._shown and time.monotonic() < deadline:
            if select.select([self._fd], [], [], 0.1)[0]:
                try:
                    self._shown = _ESCAPES.sub("", self._shown + os.read(self._fd, 65536).decode(errors="replace"))
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


def test_a_conversation_in_a_terminal(server: str, tmp_path: Path) -> None:
    arguments = ("--base-url", server, "--max-tokens", "300", "--temperature", "0")
    terminal = Terminal(sys.executable, "-m", "ampo", "chat", *arguments, XDG_STATE_HOME=str(tmp_path))
    try:
        terminal.until(PROMPT)
        terminal.type("Tell me a very long story about a dragon, with every detail.\r")
        terminal.until("every detail.")  # the echo of what was typed
        time.sleep(1)
        terminal.type("\x03")
        assert "stopped" in terminal.until(PROMPT)
        terminal.type("/reset\r")
        terminal.until("a new conversation")
        terminal.until(PROMPT)
        terminal.type("/set max\t")
        terminal.until("max_tokens")  # completed; what is typed before that takes the completion's place
        terminal.type(" 16\r")
        terminal.until("16")
        terminal.until(PROMPT)
        terminal.type("\x1b[200~What is\n7 + 5?\x1b[201~")  # pasted: one question
        terminal.until("7 + 5?")
        terminal.type("\r")
        terminal.until("tokens/s")
        terminal.until(PROMPT)
        terminal.type(f"/save {tmp_path}/talk.json\r")
        terminal.until("wrote")
        terminal.until(PROMPT)
        [turn] = json.loads((tmp_path / "talk.json").read_text())["turns"]
        assert turn["question"] == "What is\n7 + 5?"
        terminal.type("\x03")  # at the prompt it only says how to end
        terminal.until("Ctrl-D ends")
        terminal.until(PROMPT)
        terminal.type("\x04")
        assert terminal.exit_code() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(terminal.pid, signal.SIGKILL)
    assert "a dragon" in (tmp_path / "ampo" / "chat_history").read_text()
