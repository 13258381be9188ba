"""One question to an engine, as a stream of plain events. Knows nothing of Gradio, nor of who looks on.

`answer` is a generator; closing it at any point ends the generation in the engine. What goes wrong on the way (a
prompt over the context, an engine that dies) is its last event and never an exception. `Transcript` adds the events
up: thought, body, times, counts.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from ampo import prompts
from ampo.conversation import parts
from ampo.engines.asking import pieces_of
from ampo.engines.base import Engine
from ampo.engines.halt import Halt
from ampo.errors import EngineError, UserError
from ampo.pieces import Pieces
from ampo.types import Request, Response, TokenLogprobs

log = logging.getLogger(__name__)


class Piece(NamedTuple):
    """New text of the thought or of what follows it."""

    kind: str  # "thought" or "body"
    text: str


class Step(NamedTuple):
    """What one step of the engine gave, as it was generated, and the pieces that it made certain."""

    text: str
    pieces: tuple[Piece, ...]
    logprobs: tuple[TokenLogprobs, ...] = ()


class Finished(NamedTuple):
    """The whole response, by the engine's own account. Always last."""

    response: Response


class Failed(NamedTuple):
    """Why there is no more, in one line for a person. Always last."""

    message: str


class Retrying(NamedTuple):
    """The engine failed before it had said a word, and is asked again."""

    message: str


Event = Step | Finished | Failed | Retrying

RETRIES = 2
RETRY_SECONDS = (0.5, 1.5)
"""A person waits: what doesn't work within seconds is said to them."""


def answer(engine: Engine, request: Request, halt: Halt | None = None) -> Iterator[Event]:
    """Ask. Yields Steps, and Finished or Failed at the end; after a halt it ends as it is.

    Where the conversation ends in the assistant's words, these come first, as a Step without text of its own.
    """
    splitter = prompts.ThoughtSplitter(until_answer=prompts.ANSWER_OPEN in system_of(request))
    if before := said_before(request):
        yield Step("", _pieces(splitter.feed(before)))
    for tried in range(RETRIES + 1):
        begun = False
        try:
            for event in _once(engine, request, halt, splitter):
                begun = True
                yield event
        except (UserError, EngineError) as error:
            log.warning("%s", error)
            said = without_address(str(error), engine)
            if before and isinstance(error, UserError):
                said = f"{engine.model} can't go on with an answer that was begun here: ask again instead ({said})"
            if begun or tried == RETRIES or isinstance(error, UserError):
                yield Failed(said)
                return
            yield Retrying(f"trying again, {tried + 1} of {RETRIES} ({said})")
            if _waited(halt, RETRY_SECONDS[tried]):
                continue
        return


def _once(
    engine: Engine, request: Request, halt: Halt | None, splitter: prompts.ThoughtSplitter
) -> Iterator[Step | Finished]:
    """One try. Raises what `pieces_of` raises."""
    stream = pieces_of(engine, request, halt)
    try:
        echo = Echo(said_before(request))
        for delta in stream:
            text = echo.left(delta.text, last=delta.response is not None)
            pieces = _pieces(splitter.feed(text))
            if text or delta.logprobs:
                yield Step(text, pieces, delta.logprobs)
            if delta.response is not None:
                yield Step("", _pieces(splitter.end()))
                yield Finished(delta.response)
                return
    finally:
        stream.close()


class Echo:
    """Leaves out what an answer had said before, where an endpoint that goes on with it says that again.

    Text is held back as long as it may be an echo.
    """

    def __init__(self, before: str) -> None:
        self._before, self._held = before, ""

    def left(self, text: str, last: bool = False) -> str:
        """What of a piece is new. last: whether it is the last one."""
        if not self._before:
            return text
        self._held += text
        if self._held.startswith(self._before):
            self._held, self._before = self._held[len(self._before) :], ""
        elif not last and self._before.startswith(self._held):
            return ""
        text, self._held, self._before = self._held, "", ""
        return text


def _waited(halt: Halt | None, seconds: float) -> bool:
    """Wait; False where a halt has ended it."""
    if halt is None:
        time.sleep(seconds)
        return True
    ended = threading.Event()
    halt.on(ended.set)
    return not ended.wait(seconds)


def without_address(message: str, engine: Engine) -> str:
    """An error in one line for whoever uses the page: where the endpoint is, is its owner's business."""
    for address in str(getattr(engine, "base_url", "") or "").split(", "):
        parts = urlsplit(address)
        for part in (address, f"{parts.scheme}://{parts.netloc}", parts.netloc, parts.hostname or ""):
            message = message.replace(part, "the endpoint") if part else message
    return " ".join(message.split())


def said_before(request: Request) -> str:
    """The words of an unfinished answer that a request goes on with; "" for a new one."""
    last = request.prompt[-1] if request.prompt and not isinstance(request.prompt, str) else None
    return last["content"] if last and last["role"] == "assistant" else ""


def system_of(request: Request) -> str:
    """The system prompt of a request, "" for none."""
    first = request.prompt[0] if request.prompt and not isinstance(request.prompt, str) else None
    return first["content"] if first is not None and first["role"] == "system" else ""


def _pieces(parts: Iterable[tuple[str, str]]) -> tuple[Piece, ...]:
    return tuple(Piece(kind, text) for kind, text in parts)


@dataclass
class Transcript:
    """What an answer amounts to so far.

    before: what an answer that is gone on with had said. system: the prompt it is under.
    steps: of the engine that brought text; the number of tokens where each brings one.
    """

    before: str = ""
    system: str = ""
    steps: int = 0
    started: float = field(default_factory=time.monotonic)
    first_token: float | None = None
    thought_ended: float | None = None
    response: Response | None = None
    error: str = ""
    note: str = ""
    logprobs: list[TokenLogprobs] = field(default_factory=list)
    _text: Pieces = field(default_factory=Pieces)
    _thought: Pieces = field(default_factory=Pieces)
    _body: Pieces = field(default_factory=Pieces)
    _settled: tuple[str, str] | None = None

    @property
    def text(self) -> str:
        """What is new."""
        return self._text.text

    @property
    def thought(self) -> str:
        """Of what had been said and what is new."""
        return self._settled[0] if self._settled else self._thought.text

    @property
    def body(self) -> str:
        """What follows the thought."""
        return self._settled[1] if self._settled else self._body.text

    def take(self, event: Event) -> None:
        """Add an event up."""
        match event:
            case Step(text, pieces, logprobs):
                self.logprobs.extend(logprobs)
                self._text.add(text)
                self.note = ""
                if text:
                    self.steps += 1
                    self.first_token = self.first_token or time.monotonic()
                for piece in pieces:
                    self._add(piece)
            case Finished(response):
                self.response = response
                self._settle()
            case Retrying(message):
                self.note = message
            case Failed(message):
                self.error = message
                self._settle()

    @property
    def seconds(self) -> float:
        """Since the question was asked."""
        return time.monotonic() - self.started

    @property
    def first_token_seconds(self) -> float | None:
        """By the engine's own account, else by what was seen here."""
        if self.response is not None and self.response.first_token_seconds is not None:
            return self.response.first_token_seconds
        return None if self.first_token is None else self.first_token - self.started

    @property
    def ended(self) -> bool:
        return self.response is not None or bool(self.error)

    @property
    def thought_seconds(self) -> float | None:
        """From the first token to the end of the thought, or until now; None without one or its end."""
        ended = self.thought_ended or (None if self.ended else time.monotonic())
        return ended - self.first_token if self.thought and self.first_token is not None and ended else None

    def _add(self, piece: Piece) -> None:
        if piece.kind == "thought":
            self._thought.add(piece.text)
            return
        if self.thought and self.thought_ended is None:
            self.thought_ended = time.monotonic()
        self._body.add(piece.text)

    def _settle(self) -> None:
        """The whole text is split by the one rule, which also knows a thought that only its end tells."""
        if self.thought:
            self.thought_ended = self.thought_ended or time.monotonic()
        self._settled = parts(self.before + self.text, self.system)
