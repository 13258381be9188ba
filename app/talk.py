"""What the chat tab does: ask, stop, go on, retry, undo, edit, check, open, take up again.

The conversation itself is the session's state; the chatbot only shows it. The handlers are plain (asynchronous)
functions and generators on data; `ampo.app.chat` draws the components and joins the two.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from copy import copy
from dataclasses import replace
from typing import Any

import gradio as gr

from ampo.app import controls, path, render
from ampo.app.answers import Ask, judged, seeded, stopped
from ampo.app.desk import Desk
from ampo.app.line import Line
from ampo.app.live import Live, Running
from ampo.app.markdown import written
from ampo.app.plain import Plain
from ampo.app.probabilities import ALTERNATIVES
from ampo.conversation import MAX_TURNS, UNFINISHED, Answer, Conversation, Turn, from_json, live_key
from ampo.errors import UserError
from ampo.types import AnswerKind, Request, SamplingParams

Update = tuple[Any, ...]


class Talk:
    """The handlers. Each takes the conversation and gives what the page shows next.

    A growing answer gives chatbot, conversation, the kind of the next expected answer, the conversation as it began and
    the text so far, which the browser keeps; everything else what `_shown` says.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.live = Live(Line(desk.concurrency, desk.queue_size), desk.verifier)
        self._drawing: Callable[[], render.Drawing] = render.Live
        self._grace = desk.grace

    def for_programs(self) -> Talk:
        """The same for programs: texts as they were written; one that goes away doesn't come back."""
        other = copy(self)
        other._drawing, other._grace = Plain, 0.0
        return other

    @controls.named
    async def ask(
        self,
        question: str,
        talk: Conversation,
        gold: str,
        kind: AnswerKind,
        probabilities: bool,
        page: gr.Request,
        *settings: Any,
    ) -> AsyncIterator[Update]:
        """A new question. probabilities: whether those of each token are to be told."""
        limits = self.desk.limits
        try:
            question = controls.check_text("question", question, limits.question)
            if not question:
                raise UserError("the question is empty: write one")
            if len(talk.turns) >= MAX_TURNS:
                raise UserError(f"this conversation has {MAX_TURNS} questions: begin a new one")
            gold = controls.check_text("expected answer", gold, limits.gold)
            system, params = self._settings(settings)
        except UserError as error:
            raise refused(error) from error
        turn = Turn(question, system, gold, kind)
        begun = talk if talk.turns else Conversation()  # the one that a page begins with has the same id in all pages
        talk = replace(begun, turns=(*talk.turns, turn)).without_logprobs()
        async for update in self._answer(talk, params, probabilities, page):
            yield update

    async def retry(
        self, talk: Conversation, probabilities: bool, page: gr.Request, event: gr.RetryData, *settings: Any
    ) -> AsyncIterator[Update]:
        """The question again, with the settings of now."""
        index = render.turn_at(talk.turns, _index(event))
        async for update in self._again(talk, index, talk.turns[index].question, probabilities, page, settings):
            yield update

    async def edit(
        self, talk: Conversation, probabilities: bool, page: gr.Request, event: gr.EditData, *settings: Any
    ) -> AsyncIterator[Update]:
        """Another question in its place."""
        index = render.turn_at(talk.turns, _index(event))
        async for update in self._again(talk, index, _edited(event), probabilities, page, settings):
            yield update

    @controls.named
    async def go_on(
        self, talk: Conversation, probabilities: bool, page: gr.Request, *settings: Any
    ) -> AsyncIterator[Update]:
        """More of an answer that was cut off or stopped, with the settings of now."""
        try:
            if not talk.turns or not talk.turns[-1].answer:
                raise UserError("there is no answer to go on with: ask something")
            _, params = self._settings(settings)  # the system prompt stays what the answer was begun under
        except UserError as error:
            raise refused(error) from error
        async for update in self._answer(talk, params, probabilities, page, before=talk.turns[-1].answer):
            yield update

    def undo(self, talk: Conversation, page: gr.Request, event: gr.UndoData) -> Update:
        """Back to before a question, which is in the text box again."""
        index = render.turn_at(talk.turns, _index(event))
        self.desk.turns.take(_page(page))
        return _back(talk, index)

    async def stop(self, talk: Conversation, page: gr.Request) -> Update:
        """End the generation: what there is stays, and is judged. A question without a word of an answer goes back."""
        talk = await self.leave(talk, page)
        made = talk.turns[-1].answer if talk.turns else None
        if made is not None and made.state == "stopped" and not made.text:
            return _back(talk, len(talk.turns) - 1)
        return _shown(talk, render.conversation(talk.turns))

    async def check(self, talk: Conversation, gold: str, kind: AnswerKind) -> Update:
        """The last answer against an expected one that is given only now."""
        try:
            gold = controls.check_text("expected answer", gold, self.desk.limits.gold)
            if not gold or not talk.turns or not talk.turns[-1].answer:
                raise UserError("there must be an answer and an expected one to compare")
        except UserError as error:
            raise refused(error) from error
        last = await judged(self.desk.verifier, replace(talk.turns[-1], gold=gold, kind=kind))
        talk = replace(talk, turns=(*talk.turns[:-1], last))
        return _shown(talk, self._drawing().messages(talk.turns))

    async def path(self, talk: Conversation) -> AsyncIterator[str]:
        """How the last answer was judged."""
        async for html in path.steps(self.desk, talk.turns[-1] if talk.turns else Turn("")):
            yield html

    async def leave(self, talk: Conversation, page: gr.Request) -> Conversation:
        """The conversation as it is to be kept, after the generation has been ended."""
        self.desk.turns.take(_page(page))
        made = talk.turns[-1].answer if talk.turns else None
        if made is None or made.state != "running":
            return talk
        if (running := self.live.get(made.live)) is not None:
            return await running.stop()
        return talk.with_answer(replace(stopped(made), live="", place=0))

    def open(self, kept: str, page: gr.Request) -> Update:
        """A conversation that the browser kept; an empty one for none."""
        self.desk.turns.take(_page(page))
        kept = kept.partition("|")[2]
        try:
            running = self.live.get(live_key(kept))
            talk = running.talk if running else from_json(kept) if kept else Conversation()
        except UserError as error:
            gr.Warning(str(error))
            talk = Conversation()
        return _shown(talk, render.conversation(talk.turns))

    async def take_up(self, kept: str, talk: Conversation, page: gr.Request) -> AsyncIterator[Update]:
        """The answer that is being made in the conversation that has been opened, if there is one."""
        if (running := self.live.get(live_key(kept.partition("|")[2]))) is None:
            yield render.conversation(talk.turns), talk, "auto", "", ""  # to yield nothing empties what is shown
            return
        async for update in self._watched(running, page):
            yield update

    def rename(self, talk: Conversation, name: str) -> Conversation:
        return replace(talk, name=" ".join(name.split())[:200])

    def _settings(self, settings: tuple[Any, ...]) -> tuple[str, SamplingParams]:
        system, *knobs = settings
        params = controls.read(knobs, self.desk.limits)
        return controls.check_text("system prompt", system, self.desk.limits.system), seeded(params)

    async def _again(
        self,
        talk: Conversation,
        index: int,
        question: str,
        probabilities: bool,
        page: gr.Request,
        settings: tuple[Any, ...],
    ) -> AsyncIterator[Update]:
        turn = talk.turns[index]
        before = replace(talk, turns=talk.turns[:index])
        async for update in self.ask(question, before, turn.gold, turn.kind, probabilities, page, *settings):
            yield update

    async def _answer(
        self,
        talk: Conversation,
        params: SamplingParams,
        probabilities: bool,
        page: gr.Request,
        before: Answer | None = None,
    ) -> AsyncIterator[Update]:
        try:
            request = Request("chat", talk.messages(), params, ALTERNATIVES if probabilities else 0)
            running = self.live.start(talk, Ask(self.desk.engine, request, before))
        except UserError as error:
            raise refused(error) from error
        async for update in self._watched(running, page):
            yield update

    async def _watched(self, running: Running, page: gr.Request) -> AsyncIterator[Update]:
        """The answer as it grows. Something newer in the page ends it; a page that is gone does so after a while."""
        turns, shown, began = self.desk.turns, self._drawing(), ""
        turn = turns.take(key := _page(page))
        try:
            async with aclosing(running.watch(self._grace)) as views:
                async for talk in views:
                    if not turns.has(key, turn):
                        await running.stop()
                        return
                    began = began or _kept(talk)
                    yield shown.messages(talk.turns), talk, "auto", began, _text(talk)
        finally:
            turns.leave(key, turn)


def refused(error: UserError) -> gr.Error:
    """As Gradio shows it."""
    return gr.Error(str(error), print_exception=False)


def go_on_button(talk: Conversation) -> gr.Button:
    made = talk.turns[-1].answer if talk.turns else None
    note = "Cut off: go on" if made and made.state == "length" else "Go on"
    return gr.Button(note, visible=made is not None and made.state in UNFINISHED)


def _kept(talk: Conversation) -> str:
    return json.dumps(talk.to_dict() | {"title": talk.title}, ensure_ascii=False)


def _text(talk: Conversation) -> str:
    made = talk.turns[-1].answer
    return made.text if made else ""


def _back(talk: Conversation, index: int) -> Update:
    back = replace(talk, turns=talk.turns[:index])
    turn = talk.turns[index]
    return _shown(back, render.conversation(back.turns), question=turn.question, gold=turn.gold)


def _shown(talk: Conversation, messages: list[render.Message], question: str | None = None, gold: str = "") -> Update:
    """Chatbot, conversation, question box, the button to go on, expected answer, its kind.

    question: what the box is to hold, with its expected answer.
    """
    rest = (gr.skip(), gr.skip()) if question is None else (gold, "auto")
    return (messages, talk, gr.skip() if question is None else question, go_on_button(talk), *rest)


def _index(event: Any) -> int:
    return event.index[0] if isinstance(event.index, (tuple, list)) else event.index


def _page(request: gr.Request) -> str:
    return str(request.session_hash)


def _edited(event: gr.EditData) -> str:
    """A question that was edited as it was shown, as it is meant."""
    value = event.value[0] if isinstance(event.value, list) and event.value else event.value
    return written(str(value.get("text", "") if isinstance(value, dict) else value))
