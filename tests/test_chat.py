"""The history of a conversation, whatever becomes of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from ampo.chat import Chat, run
from ampo.engines.base import Engine
from ampo.errors import EngineError, UserError
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
