"""How `ampo chat` reads: in a terminal with history, completion and texts of several lines, else line by line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ampo.chat_commands import COMMANDS, SETTINGS


def reader() -> Callable[[], str]:
    """Reads a question; raises EOFError at the end, KeyboardInterrupt for Ctrl-C."""
    return _session() if sys.stdin.isatty() and sys.stdout.isatty() else input


def _session() -> Callable[[], str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer, Completion
    from prompt_toolkit.history import FileHistory, InMemoryHistory
    from prompt_toolkit.key_binding import KeyBindings

    class Commands(Completer):
        def get_completions(self, document: Any, complete_event: Any) -> Iterable[Completion]:  # noqa: ARG002
            word = document.text_before_cursor.split(" ")[-1]
            for candidate in candidates(document.text_before_cursor):
                yield Completion(candidate, start_position=-len(word))

    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _(event: Any) -> None:
        event.current_buffer.insert_text("\n")

    file = history_file()
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(file)) if file else InMemoryHistory(),
        completer=Commands(),
        complete_while_typing=False,
        key_bindings=keys,
        prompt_continuation="  ",
        enable_suspend=True,
    )

    def read() -> str:
        print()
        return session.prompt("> ")  # what is pasted is taken whole, with its newlines

    return read


def candidates(text: str) -> list[str]:
    """What the last word of a line can become."""
    if not text.startswith("/"):
        return []
    *before, word = text.split(" ")
    if not before:
        return [name for name in (*COMMANDS, "/exit") if name.startswith(word)]
    if before == ["/set"]:
        return [name for name in SETTINGS if name.startswith(word)]
    if before == ["/thought"]:
        return [name for name in ("on", "off") if name.startswith(word)]
    if before[0] in ("/save", "/load") and len(before) == 1:
        return _files(word)
    return []


def _files(word: str) -> list[str]:
    folder, _, name = word.rpartition("/")
    try:
        entries = sorted(Path(os.path.expanduser(folder or ".")).iterdir())
    except OSError:
        return []
    head = f"{folder}/" if folder or word.startswith("/") else ""
    fitting = [entry for entry in entries if entry.name.startswith(name)]
    return [f"{head}{entry.name}{'/' if entry.is_dir() else ''}" for entry in fitting]


def history_file() -> Path | None:
    """Where the questions of earlier days are, readable by their owner alone; None where it can't be written."""
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "ampo"
    file = folder / "chat_history"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
    except OSError:
        return None
    return file if os.access(file, os.W_OK) else None
