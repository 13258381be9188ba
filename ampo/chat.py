"""`ampo chat`: a conversation in a terminal. The thought is dimmed; Ctrl-C stops the answer and not the program."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ampo import prompts
from ampo.engines.base import Engine
from ampo.errors import EngineError, UserError
from ampo.terminal import Console
from ampo.types import Message, Request, Response, SamplingParams

HELP = "/reset starts anew, /exit or Ctrl-D ends, Ctrl-C stops an answer"


class Chat:
    """A conversation with an engine. The history keeps what the model said, without its thought."""

    def __init__(self, engine: Engine, params: SamplingParams, system: str | None = None) -> None:
        self._engine, self._params, self._system = engine, params, system
        self.messages: list[Message] = []
        self.reset()

    def reset(self) -> None:
        self.messages = [{"role": "system", "content": self._system}] if self._system else []

    def ask(self, question: str) -> Iterator[tuple[str, str] | Response]:
        """("thought" or "body", text) as it comes, and at the end the Response. Closing it stops the generation.

        The history is extended by what was said, also where the answer was stopped; where nothing was said, it is as
        if the question had not been asked.
        """
        self.messages.append({"role": "user", "content": question})
        stream = self._engine.stream(Request("chat", tuple(self.messages), self._params))
        splitter, said = prompts.ThoughtSplitter(), ""
        try:
            for delta in stream:
                said += delta.text
                yield from splitter.feed(delta.text)
                if delta.response is not None:
                    yield from splitter.end()
                    yield delta.response
        finally:
            stream.close()  # pyright: ignore[reportAttributeAccessIssue]  # engines' streams are generators
            if said:
                self.messages.append({"role": "assistant", "content": prompts.split(said).body})
            else:
                self.messages.pop()  # two questions in a row are no conversation


def run(chat: Chat, read: Callable[[], str], console: Console) -> None:
    """Ask and answer until the input ends. read: gives a line, raises EOFError at the end."""
    console.print(f"[dim]{HELP}[/dim]")
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
        if line == "/reset":
            chat.reset()
            console.print("[dim]a new conversation[/dim]")
        elif line.startswith("/"):
            console.print(f"[dim]unknown command {line.split()[0]}: {HELP}[/dim]", highlight=False)
        elif line:
            _answer(chat, line, console)


def _answer(chat: Chat, question: str, console: Console) -> None:
    answer = chat.ask(question)
    try:
        for part in answer:
            if isinstance(part, Response):
                console.print(f"\n[dim]{_footer(part)}[/dim]", highlight=False)
            else:
                show(part, console)
    except KeyboardInterrupt:
        answer.close()  # pyright: ignore[reportAttributeAccessIssue]
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
