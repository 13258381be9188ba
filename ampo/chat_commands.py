"""The loop of `ampo chat`, and what can be said to it besides questions: each command is a function, its docstring its
help."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from rich.markup import escape

from ampo import files
from ampo.chat import Chat, answer
from ampo.conversation import from_json
from ampo.errors import UserError, nearest
from ampo.terminal import Console
from ampo.types import SamplingParams

HINT = "/help lists the commands, Ctrl-D ends, Ctrl-C stops an answer, Alt+Enter begins a new line"
SETTINGS = tuple(f.name for f in fields(SamplingParams) if f.name != "n")


def help_(chat: Chat, text: str, console: Console) -> None:  # noqa: ARG001 (all commands are called alike)
    """lists the commands"""
    for name, (usage, command) in COMMANDS.items():
        console.print(f"  [bold]{name}[/bold] {escape(usage):24.60} [dim]{command.__doc__}[/dim]", highlight=False)
    console.print("  [bold]/exit[/bold]                         [dim]ends; so does Ctrl-D[/dim]", highlight=False)


def reset(chat: Chat, text: str, console: Console) -> None:  # noqa: ARG001
    """begins a new conversation"""
    chat.reset()
    console.print("[dim]a new conversation[/dim]")


def system(chat: Chat, text: str, console: Console) -> None:
    """sets the system prompt of the next questions; none takes it away, nothing shows it"""
    if text:
        chat.system = "" if text == "none" else text
    console.print(f"[dim]system prompt: {escape(chat.system or 'none')}[/dim]", highlight=False)


def retry(chat: Chat, text: str, console: Console) -> str:  # noqa: ARG001
    """asks the last question again"""
    return chat.undo()


def undo(chat: Chat, text: str, console: Console) -> None:  # noqa: ARG001
    """takes the last question and its answer back"""
    console.print(f"[dim]taken back: {escape(chat.undo())}[/dim]", highlight=False)


def save(chat: Chat, text: str, console: Console) -> None:
    """writes the conversation as JSON, as the page imports it"""
    file = _file(text, "/save FILE.json")
    if file.exists() and not _is_ours(file):
        raise UserError(f"{file} is there and is no saved conversation: choose another name")
    files.write(file, chat.talk.to_json() + "\n")
    console.print(f"[dim]wrote {escape(str(file))}[/dim]", highlight=False)


def load(chat: Chat, text: str, console: Console) -> None:
    """goes on with a conversation that was saved here, or exported on the page"""
    file = _file(text, "/load FILE.json")
    if not file.is_file():
        raise UserError(f"there is no file {file}: name a saved conversation")
    try:
        chat.talk = from_json(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} can't be read ({files.first_line(error)}): name a saved conversation") from error
    if chat.talk.turns:
        chat.system = chat.talk.turns[-1].system
    console.print(f"[dim]{len(chat.talk.turns)} questions: {escape(chat.talk.title)}[/dim]", highlight=False)


def _is_ours(file: Path) -> bool:
    try:
        return file.is_file() and bool(from_json(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, UserError):
        return False


def set_(chat: Chat, text: str, console: Console) -> None:
    """sets a sampling parameter, as in /set temperature 0.6; without a name it shows them all"""
    name, _, value = text.replace("=", " ", 1).strip().partition(" ")
    name = name.replace("-", "_")
    if name:
        if name not in SETTINGS:
            raise UserError(f"there is no sampling parameter {name}: {nearest(name, SETTINGS, 'a parameter')}")
        chat.params = replace(chat.params, **{name: _value(name, value.strip())})
    shown = {key: value for key, value in chat.params.to_dict().items() if key in SETTINGS}
    console.print(f"[dim]{escape(', '.join(f'{k} {v}' for k, v in shown.items()))}[/dim]", highlight=False)


def thought(chat: Chat, text: str, console: Console) -> None:
    """shows the model's thought (on) or leaves it out (off)"""
    if text not in ("on", "off"):
        raise UserError("say /thought on or /thought off")
    chat.show_thought = text == "on"
    console.print(f"[dim]thoughts are {'shown' if chat.show_thought else 'left out'}[/dim]")


COMMANDS: dict[str, tuple[str, Callable[[Chat, str, Console], str | None]]] = {
    "/help": ("", help_),
    "/reset": ("", reset),
    "/system": ("[TEXT|none]", system),
    "/retry": ("", retry),
    "/undo": ("", undo),
    "/save": ("FILE", save),
    "/load": ("FILE", load),
    "/set": ("[NAME VALUE]", set_),
    "/thought": ("on|off", thought),
}


def obey(chat: Chat, line: str, console: Console) -> str | None:
    """Do what a line with a slash says; gives a question that is to be asked. Raises UserError for what is wrong."""
    name, _, text = line.partition(" ")
    if name not in COMMANDS:
        raise UserError(f"unknown command {name}: {nearest(name, COMMANDS, 'a command')}")
    return COMMANDS[name][1](chat, text.strip(), console)


def run(chat: Chat, read: Callable[[], str], console: Console) -> None:
    """Ask and answer until the input ends. read: gives a question, raises EOFError at the end."""
    console.print(f"[dim]{HINT}[/dim]")
    while True:
        try:
            line = read().strip()
        except EOFError:
            console.print()
            return
        except KeyboardInterrupt:
            console.print("\n[dim]/exit or Ctrl-D ends[/dim]")
            continue
        if line == "/exit":
            return
        try:
            question = obey(chat, line, console) if line.startswith("/") else line
        except UserError as error:
            console.print(str(error), style="red", markup=False, highlight=False)
            continue
        if question:
            answer(chat, question, console)


def _file(text: str, usage: str) -> Path:
    try:
        [name] = shlex.split(text)
    except ValueError as error:
        raise UserError(f"name one file: {usage}") from error
    return Path(name).expanduser()


def _value(name: str, text: str) -> Any:
    if name == "stop":
        return tuple(shlex.split(text)) if text != "none" else ()
    if text == "none" and name in ("seed", "max_tokens"):
        return None
    kind = get_type_hints(SamplingParams)[name]
    kind = next((k for k in get_args(kind) if k is not type(None)), kind)
    try:
        return kind(text)
    except ValueError as error:
        raise UserError(f"{name} is {text!r}: it must be a number") from error
