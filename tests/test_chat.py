"""The history of a conversation, whatever becomes of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from ampo.chat import Chat
from ampo.chat_commands import run
from ampo.engines.base import Engine
from ampo.errors import EngineError, UserError
from ampo.terminal import Console
from ampo.types import Delta, Request, Response, SamplingParams


class Says(Engine):
    """Streams what it was given: text, or an error that it raises."""

    backend = model = "says"

    def __init__(self, *parts: str | Exception) -> None:
        self._parts = parts

    def stream(self, request: Request) -> Iterator[Delta]:
        for part in self._parts:
            if isinstance(part, Exception):
                raise part
            yield Delta(part)
        yield Delta("", Response("".join(map(str, self._parts))))

    def generate(self, requests: Any) -> Any:
        raise AssertionError("a conversation is streamed")

    def describe(self) -> dict[str, Any]:
        return {}

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("parts", "taken", "roles"),
    [
        (("12",), None, ["user", "assistant"]),
        (("1", "2"), 1, ["user", "assistant"]),  # stopped in the middle
        ((UserError("too long"),), None, []),
        ((EngineError("died"),), None, []),
        (("1", EngineError("died")), None, ["user", "assistant"]),
    ],
)
def test_a_question_without_an_answer_leaves_no_trace(
    parts: tuple[str | Exception, ...], taken: int | None, roles: list[str]
) -> None:
    chat = Chat(Says(*parts), SamplingParams())
    answer: Any = chat.ask("What is 7 + 5?")
    try:
        for number, _ in enumerate(answer, 1):
            if number == taken:
                break
    except (UserError, EngineError):
        pass
    answer.close()
    assert [message["role"] for message in chat.messages] == roles


def test_ctrl_c_before_the_first_token_leaves_no_trace() -> None:
    class Waits(Says):
        def stream(self, request: Request) -> Iterator[Delta]:
            yield Delta("")
            raise KeyboardInterrupt

    chat = Chat(Waits(), SamplingParams())
    with pytest.raises(KeyboardInterrupt):
        list(chat.ask("What is 7 + 5?"))
    assert chat.messages == []


def test_a_chat_outlives_a_failure_of_its_engine() -> None:
    shown = StringIO()
    lines = iter(["What is 7 + 5?", "And 8 + 5?"])

    def read() -> str:
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    run(Chat(Says("1", EngineError("the [stream] ended")), SamplingParams()), read, Console(file=shown))
    assert shown.getvalue().count("1\nthe [stream] ended\n") == 2


def talk(*lines: str, engine: Engine | None = None) -> tuple[Chat, str]:
    """A conversation whose user types these lines, and what was shown."""
    shown, typed = StringIO(), iter(lines)

    def read() -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    chat = Chat(engine or Says("<think>hm</think>", "12"), SamplingParams())
    run(chat, read, Console(file=shown, width=200))
    return chat, shown.getvalue()


def test_commands_change_what_is_asked(tmp_path: Any) -> None:
    chat, shown = talk(
        "/set temperature 0.6", "/set stop a 'b c'", "/set seed 7", "/system be brief", "/thought off", "q"
    )
    assert (chat.params.temperature, chat.params.stop, chat.params.seed) == (0.6, ("a", "b c"), 7)
    assert chat.messages[0] == {"role": "system", "content": "be brief"}
    assert chat.messages[-1] == {"role": "assistant", "content": "12"}
    assert "hm" not in shown
    chat, _ = talk("/system be brief", "/system none", "q")
    assert chat.messages[0]["role"] == "user"
    chat, _ = talk("a", "b", "/undo", "/retry")
    assert [turn.question for turn in chat.talk.turns] == ["a"]
    file = tmp_path / "my talk.json"
    saved, _ = talk("a", f"/save '{file}'")
    loaded, _ = talk(f"/load '{file}'", "/thought on", "b")
    assert [turn.question for turn in loaded.talk.turns] == ["a", "b"]
    assert loaded.talk.id == saved.talk.id
    talk("c", f"/save '{file}'")  # over a saved one
    assert [turn.question for turn in talk(f"/load '{file}'")[0].talk.turns] == ["c"]
    (mine := tmp_path / "mine.txt").write_text("my own")
    assert "is no saved conversation" in talk("a", f"/save {mine}")[1]
    assert mine.read_text() == "my own"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/set heat 1", "no sampling parameter heat"),
        ("/set temperature hot", "must be a number"),
        ("/set top_p 2", "top_p"),
        ("/sve x", "did you mean /save"),
        ("/save", "name one file"),
        ("/load nothing.json", "there is no file"),
        ("/load /dev/zero", "there is no file"),
        ("/undo", "nothing to take back"),
        ("/thought maybe", "on or /thought off"),
    ],
)
def test_a_wrong_command_is_one_line(line: str, said: str) -> None:
    chat, shown = talk(line, "q")
    assert said in shown
    assert "Traceback" not in shown
    assert len(chat.talk.turns) == 1  # and the conversation goes on


def test_help_names_every_command_and_words_are_completed(tmp_path: Any) -> None:
    from ampo.chat_commands import COMMANDS
    from ampo.chat_input import candidates

    _, shown = talk("/help")
    assert all(name in shown for name in COMMANDS)
    assert candidates("/sa") == ["/save"]
    assert candidates("/set temp") == ["temperature"]
    assert candidates("/thought o") == ["on", "off"]
    (tmp_path / "talk.json").touch()
    assert candidates(f"/load {tmp_path}/ta") == [f"{tmp_path}/talk.json"]
    assert candidates("hello /sa") == []
