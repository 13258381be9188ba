"""Answers in the making that outlive the page which asked: a reload or a lost network takes them up again.

Each is a task of its own in the page's event loop. Pages look on; where nobody has looked for a while, it is ended,
and a finished one is kept for some minutes to be fetched. Its key can't be guessed: who has it may look.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from ampo.app.answers import Ask, answers, judged, stopped
from ampo.app.line import Line, Ticket
from ampo.conversation import Answer, Conversation
from ampo.verify import VerifierPool

log = logging.getLogger(__name__)

GRACE_SECONDS = 60.0
"""So long the engine goes on for a page that is gone."""
KEPT_SECONDS = 600.0
"""So long a finished answer is there to be fetched."""


class Running:
    """One answer in the making. `talk` is the conversation with the answer so far, as its last turn's.

    Args:
        key: By which a page finds it again.
        talk: The conversation up to the question.
        ask: The engine and the request.
        verifier: Judges the answer where its question has an expected one.
        ticket: Its place in the queue.
    """

    def __init__(self, key: str, talk: Conversation, ask: Ask, verifier: VerifierPool, ticket: Ticket) -> None:
        self.key, self.talk = key, talk.with_answer(_begun(ask, key))
        self.ended_at: float | None = None
        self._ask, self._verifier, self._ticket = ask, verifier, ticket
        self._changed = asyncio.Event()
        self._lookers = 0
        self._leaving: asyncio.TimerHandle | None = None
        self._task = asyncio.create_task(self._run(), name=f"answer {key}")
        self._task.add_done_callback(self._over)

    @property
    def ended(self) -> bool:
        return self.ended_at is not None

    async def watch(self, grace: float) -> AsyncGenerator[Conversation]:
        """The conversation now and whenever it has changed, to the end. grace: see GRACE_SECONDS."""
        self._lookers += 1
        if self._leaving is not None:
            self._leaving.cancel()
        try:
            while True:
                self._changed.clear()
                ended = self.ended
                yield self.talk
                if ended:
                    return
                await self._changed.wait()
        finally:
            self._lookers -= 1
            if not self._lookers and not self.ended:
                self._leaving = asyncio.get_running_loop().call_later(grace, self._task.cancel)

    async def stop(self) -> Conversation:
        """End it now. Gives the conversation, with what had been said."""
        self._task.cancel()
        await asyncio.wait({self._task})
        return self.talk

    async def _run(self) -> None:
        try:
            with self._ticket:
                async for place in self._ticket.places():
                    self._put(replace(_last(self.talk), place=place))
                async with aclosing(answers({0: self._ask})) as stream:
                    async for made in stream:
                        if made[0].state == "running":
                            self._put(replace(made[0], live=self.key))
            self.talk = await self._judged(self.talk.with_answer(made[0]))
        except asyncio.CancelledError:
            self.talk = await self._judged(self.talk.with_answer(replace(stopped(_last(self.talk)), live="", place=0)))
        except Exception as error:  # a defect: whoever looks on must hear of it
            log.exception("an answer ended in an unforeseen way")
            failed = replace(_last(self.talk), state="failed", error=f"unforeseen {type(error).__name__}", live="")
            self.talk = self.talk.with_answer(failed)

    def _over(self, _: asyncio.Task[None]) -> None:
        if _last(self.talk).state == "running":  # it was ended before it had begun
            self.talk = self.talk.with_answer(replace(stopped(_last(self.talk)), live="", place=0))
        self._ticket.__exit__()
        self.ended_at = time.monotonic()
        self._changed.set()

    async def _judged(self, talk: Conversation) -> Conversation:
        return replace(talk, turns=(*talk.turns[:-1], await judged(self._verifier, talk.turns[-1])))

    def _put(self, made: Answer) -> None:
        self.talk = self.talk.with_answer(made)
        self._changed.set()


class Live:
    """All answers in the making, by key."""

    def __init__(self, line: Line, verifier: VerifierPool) -> None:
        self._line, self._verifier = line, verifier
        self._all: dict[str, Running] = {}

    def start(self, talk: Conversation, ask: Ask) -> Running:
        """Begin an answer to a conversation's last question. Raises UserError where too many wait already."""
        self._forget()
        ticket = self._line.join()
        key = secrets.token_urlsafe(16)
        self._all[key] = running = Running(key, talk, ask, self._verifier, ticket)
        return running

    def get(self, key: str) -> Running | None:
        """An answer that is being made, or was a few minutes ago."""
        self._forget()
        return self._all.get(key)

    def _forget(self) -> None:
        now = time.monotonic()
        for key, running in list(self._all.items()):
            if running.ended_at is not None and now - running.ended_at > KEPT_SECONDS:
                del self._all[key]


def _last(talk: Conversation) -> Answer:
    return talk.turns[-1].answer or Answer()


def _begun(ask: Ask, key: str) -> Answer:
    """Before the engine has said anything; with what an answer that is gone on with had said."""
    before = replace(ask.before, state="running", verdict=None, error="") if ask.before else Answer()
    return replace(before, model=ask.engine.model, params=ask.request.params, live=key)
