"""A conversation with an engine, and its answers in a terminal: the thought is dimmed, Ctrl-C stops an answer.

What is typed is obeyed in `ampo.chat_commands`. A conversation is saved in the form in which the page
exports it, and each reads what the other has written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ampo import prompts
from ampo.conversation import Answer, Conversation, Turn, parts
from ampo.engines.asking import pieces_of
from ampo.engines.base import Engine
from ampo.errors import EngineError, UserError
from ampo.terminal import Console
from ampo.types import Message, Request, Response, SamplingParams


class Chat:
    """A conversation with an engine.

    params, system: of the next question. show_thought: whether the thought is printed.
    """

    def __init__(self, engine: Engine, params: SamplingParams, system: str | None = None) -> None:
        self.engine, self.params, self.system = engine, params, system or ""
        self.talk = Conversation()
        self.show_thought = True

    @property
    def messages(self) -> list[Message]:
        """What the model would see before the next question: without the thoughts of its earlier answers."""
        asked = replace(self.talk, turns=(*self.talk.turns, Turn("", self.system)))
        return list(asked.messages()[:-1])

    def reset(self) -> None:
        self.talk = Conversation()

    def ask(self, question: str) -> Iterator[tuple[str, str] | Response]:
        """("thought" or "body", text) as it comes, and at the end the Response. Closing it stops the generation.

        The conversation is extended by what was said, also where the answer was stopped; where nothing was said, it is
        as if the question had not been asked.
        """
        asked = replace(self.talk, turns=(*self.talk.turns, Turn(question, self.system)))
        made = Answer(model=self.engine.model, params=self.params, state="stopped")
        stream = pieces_of(self.engine, Request("chat", asked.messages(), self.params))
        splitter = prompts.ThoughtSplitter(until_answer=prompts.ANSWER_OPEN in self.system)
        try:
            for delta in stream:
                made = replace(made, text=made.text + delta.text)
                yield from splitter.feed(delta.text)
                if delta.response is not None:
                    made = made.finished(delta.response)
                    yield from splitter.end()
                    yield delta.response
        finally:
            stream.close()
            if made.text:
                thought, body = parts(made.text, self.system)
                self.talk = asked.with_answer(replace(made, thought=thought, body=body))

    def undo(self) -> str:
        """Take the last question back, with its answer; gives it. Raises UserError where there is none."""
        if not self.talk.turns:
            raise UserError("there is nothing to take back: ask something first")
        *earlier, last = self.talk.turns
        self.talk = replace(self.talk, turns=tuple(earlier))
        return last.question


def answer(chat: Chat, question: str, console: Console) -> None:
    """Print an answer as it comes. Ctrl-C stops it, an error is said, and the conversation goes on."""
    pieces = chat.ask(question)
    try:
        for part in pieces:
            if isinstance(part, Response):
                console.print(f"\n[dim]{_footer(part)}[/dim]", highlight=False)
            elif part[0] == "body" or chat.show_thought:
                show(part, console)
    except KeyboardInterrupt:
        pieces.close()  # pyright: ignore[reportAttributeAccessIssue]
        console.print("\n[dim]stopped[/dim]")
    except (UserError, EngineError) as error:
        console.print(f"\n{error}", style="red", markup=False, highlight=False)


def show(part: tuple[str, str], console: Console) -> None:
    """Print a piece of a response as it comes."""
    kind, text = part
    console.print(
        text, end="", style="dim" if kind == "thought" else None, markup=False, highlight=False, soft_wrap=True
    )


def _footer(response: Response) -> str:
    cut = ", cut off by max_tokens or the context" if response.finish_reason == "length" else ""
    if response.completion_tokens is None:
        return f"{response.seconds:.1f} s{cut}"
    speed = response.completion_tokens / response.seconds if response.seconds else 0.0
    return f"{response.completion_tokens} tokens, {speed:.0f} tokens/s{cut}"
