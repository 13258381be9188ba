"""The chat tab: ask, stop, go on, retry, undo, edit, check, keep, export.

The conversation itself is the session's state; the chatbot only shows it. `Talk` holds the handlers, which are plain
(asynchronous) functions and generators on data; `build` draws the components and joins the two.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import gradio as gr

from ampo.app import controls, picker, render
from ampo.app.answers import Ask, answers, judged, seeded, stopped
from ampo.app.controls import Controls, quick
from ampo.app.conversation import MAX_TURNS, Answer, Conversation, Turn, from_json
from ampo.app.desk import Desk
from ampo.app.markdown import DELIMITERS, written
from ampo.app.shelf import Shelf
from ampo.errors import UserError
from ampo.types import AnswerKind, Request, SamplingParams

_BUSY = """() => { ampo.busy = true;
  return [{__type__: "update", submit_btn: false, stop_btn: true}, {__type__: "update", visible: false}]; }"""
_IDLE = """() => { ampo.busy = false; return {__type__: "update", submit_btn: true, stop_btn: false}; }"""
_HALT = """() => { ampo.busy = false; ampo.halted = true;
  return {__type__: "update", submit_btn: true, stop_btn: false}; }"""
_TAKE = """(question, gold) => { const kept = {__type__: "update"};
  if (ampo.busy) return [question, gold, kept, kept, kept];
  ampo.busy = true; ampo.halted = false; return [question, gold,
  {__type__: "update", value: "", submit_btn: false, stop_btn: true}, "", {__type__: "update", visible: false}]; }"""
_PUT_BACK = """(question, gold) => { ampo.busy = false; const kept = {__type__: "update"};
  return ampo.halted ? [kept, kept]
    : [{__type__: "update", value: question, submit_btn: true, stop_btn: false}, gold]; }"""
"""What the browser does by itself: the question box is emptied and offers to stop while an answer is on its way. From
the server each of these would take longer than a token, since Gradio makes a component anew to change what isn't its
value, or to leave it as it is. An answer that was halted has failed to Gradio; only a refused question is put back.
While an answer is on its way Gradio drops what is sent: then the next question stays in its box."""

EXAMPLES = (
    "Which number is larger, 9.11 or 9.9?",
    "What is the sum of the first 100 positive integers?",
    "Solve x² − 5x + 6 = 0.",
)

Update = tuple[Any, ...]


class Talk:
    """The handlers. Each takes the conversation and gives what the page shows next: see `_shown`."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @controls.named
    async def ask(
        self, question: str, talk: Conversation, gold: str, kind: AnswerKind, page: gr.Request, *settings: Any
    ) -> AsyncIterator[Update]:
        """A new question."""
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
            raise gr.Error(str(error), print_exception=False) from error
        turn = Turn(question, system, gold, kind)
        begun = talk if talk.turns else Conversation()  # the one that a page begins with has the same id in all pages
        asked = replace(begun, turns=(*talk.turns, turn))
        async for update in self._answer(asked, params, page):
            yield update

    async def retry(
        self, talk: Conversation, page: gr.Request, event: gr.RetryData, *settings: Any
    ) -> AsyncIterator[Update]:
        """The question again, with the settings of now."""
        index = render.turn_at(talk.turns, _index(event))
        async for update in self._again(talk, index, talk.turns[index].question, page, settings):
            yield update

    async def edit(
        self, talk: Conversation, page: gr.Request, event: gr.EditData, *settings: Any
    ) -> AsyncIterator[Update]:
        """Another question in its place."""
        index = render.turn_at(talk.turns, _index(event))
        async for update in self._again(talk, index, _edited(event), page, settings):
            yield update

    @controls.named
    async def go_on(self, talk: Conversation, page: gr.Request, *settings: Any) -> AsyncIterator[Update]:
        """More of an answer that was cut off or stopped, with the settings of now."""
        try:
            if not talk.turns or not talk.turns[-1].answer:
                raise UserError("there is no answer to go on with: ask something")
            _, params = self._settings(settings)  # the system prompt stays what the answer was begun under
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error
        async for update in self._answer(talk, params, page, before=talk.turns[-1].answer):
            yield update

    def undo(self, talk: Conversation, page: gr.Request, event: gr.UndoData) -> Update:
        """Back to before a question, which is in the text box again."""
        index = render.turn_at(talk.turns, _index(event))
        self.desk.turns.take(_page(page))
        back = replace(talk, turns=talk.turns[:index])
        return _shown(back, render.conversation(back.turns), question=talk.turns[index].question)

    async def stop(self, talk: Conversation, page: gr.Request) -> Update:
        """After the generation has been ended: what there is stays, and is judged."""
        talk = await self.leave(talk, page)
        return _shown(talk, render.conversation(talk.turns))

    async def check(self, talk: Conversation, gold: str, kind: AnswerKind) -> Update:
        """The last answer against an expected one that is given only now."""
        try:
            gold = controls.check_text("expected answer", gold, self.desk.limits.gold)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error
        if not gold or not talk.turns or not talk.turns[-1].answer:
            raise gr.Error("there must be an answer and an expected one to compare", print_exception=False)
        last = replace(talk.turns[-1], gold=gold, kind=kind)
        talk = await self._judged(replace(talk, turns=(*talk.turns[:-1], last)))
        return _shown(talk, render.conversation(talk.turns))

    async def leave(self, talk: Conversation, page: gr.Request) -> Conversation:
        """The conversation as it is to be kept, after the generation has been ended."""
        self.desk.turns.take(_page(page))
        if not talk.turns or not talk.turns[-1].answer or talk.turns[-1].answer.state != "running":
            return talk
        return await self._judged(talk.with_answer(stopped(talk.turns[-1].answer)))

    def open(self, kept: str, page: gr.Request) -> Update:
        """A conversation that the browser kept; an empty one for none."""
        self.desk.turns.take(_page(page))
        try:
            talk = from_json(kept) if kept else Conversation()
        except UserError as error:
            gr.Warning(str(error))
            talk = Conversation()
        return _shown(talk, render.conversation(talk.turns))

    def _settings(self, settings: tuple[Any, ...]) -> tuple[str, SamplingParams]:
        system, *knobs = settings
        params = controls.read(knobs, self.desk.limits)
        return controls.check_text("system prompt", system, self.desk.limits.system), seeded(params)

    async def _again(
        self, talk: Conversation, index: int, question: str, page: gr.Request, settings: tuple[Any, ...]
    ) -> AsyncIterator[Update]:
        turn = talk.turns[index]
        before = replace(talk, turns=talk.turns[:index])
        async for update in self.ask(question, before, turn.gold, turn.kind, page, *settings):
            yield update

    async def _answer(
        self,
        talk: Conversation,
        params: SamplingParams,
        page: gr.Request,
        before: Answer | None = None,
    ) -> AsyncIterator[Update]:
        """Chatbot, conversation, and the kind of the next expected answer, as the answer grows."""
        turns, live = self.desk.turns, render.Live()
        turn = turns.take(key := _page(page))
        request = Request("chat", talk.messages(), params)
        try:
            async with aclosing(answers({0: Ask(self.desk.engine, request, before)})) as stream:
                talk = talk.with_answer((await anext(stream))[0])
                yield live.messages(talk.turns), talk, "auto"
                async for made in stream:
                    if not turns.has(key, turn):
                        return
                    if made[0].state == "running":
                        talk = talk.with_answer(made[0])
                        yield live.messages(talk.turns), talk, "auto"
            talk = await self._judged(talk.with_answer(made[0]))
            yield live.messages(talk.turns), talk, "auto"
        finally:
            turns.leave(key, turn)

    async def _judged(self, talk: Conversation) -> Conversation:
        return replace(talk, turns=(*talk.turns[:-1], await judged(self.desk.verifier, talk.turns[-1])))


def _shown(talk: Conversation, messages: list[render.Message], question: str | None = None) -> Update:
    """Chatbot, conversation, question box, the button to go on, expected answer, its kind.

    question: what the box is to hold; then the expected answer of the last question goes, too.
    """
    rest = (gr.skip(), gr.skip()) if question is None else ("", "auto")
    return (messages, talk, gr.skip() if question is None else question, _go_on(talk), *rest)


def _go_on(talk: Conversation) -> gr.Button:
    made = talk.turns[-1].answer if talk.turns else None
    note = "Go on" if made and made.state == "stopped" else "Cut off: go on"
    return gr.Button(note, visible=made is not None and made.state in ("length", "stopped"))


def _index(event: Any) -> int:
    return event.index[0] if isinstance(event.index, (tuple, list)) else event.index


def _example(event: gr.SelectData) -> str:
    return event.value["text"]


def _page(request: gr.Request) -> str:
    return str(request.session_hash)


def _edited(event: gr.EditData) -> str:
    """A question that was edited as it was shown, as it is meant."""
    value = event.value[0] if isinstance(event.value, list) and event.value else event.value
    return written(str(value.get("text", "") if isinstance(value, dict) else value))


def build(desk: Desk, knobs: Controls, shelf: Shelf) -> None:
    """Draw the tab and join it to the handlers."""
    talk = Talk(desk)
    now, kind = gr.State(Conversation()), gr.State("auto")
    chatbot = gr.Chatbot(
        label="Conversation",
        show_label=False,
        elem_id="ampo-chat",
        height="calc(100dvh - 330px)",
        min_height=320,
        latex_delimiters=DELIMITERS,
        buttons=["copy", "copy_all"],
        editable="user",
        layout="bubble",
        allow_tags=False,
        placeholder="### Ask something that takes some thought",
        examples=[{"text": text} for text in EXAMPLES],
    )
    go_on = gr.Button("Cut off: go on", visible=False, size="sm", variant="secondary", elem_id="ampo-go-on")
    box = gr.Textbox(
        show_label=False,
        label="Question",
        placeholder="Ask something ... (Shift+Enter begins a new line)",
        submit_btn=True,
        stop_btn=False,
        lines=1,
        max_lines=12,
        max_length=desk.limits.question,
        autofocus=True,
        elem_id="ampo-question",
    )
    with gr.Accordion("Check the answer", open=False, elem_id="ampo-check"):
        with gr.Row(elem_classes="ampo-line"):
            gold = gr.Textbox(
                label="Expected answer",
                value="",
                placeholder="such as 9.9 or \\frac{1}{2}",
                scale=4,
                max_length=desk.limits.gold,
            )
            again = gr.Button("Check the last answer", scale=1, min_width=150, elem_id="ampo-check-last")
        picker.build(desk, box, gold, kind)

    shown = [chatbot, now, box, go_on, gold, kind]
    making: dict[str, Any] = {
        "concurrency_limit": desk.concurrency,
        "concurrency_id": "engine",
        "show_progress": "hidden",
        # Both sides are plain data here, and checked: Gradio would hop to a thread and back for each of 18 values.
        "preprocess": False,
        "postprocess": False,
    }
    told = [chatbot, now, kind]
    take: dict[str, Any] = {"js": _TAKE, "api_visibility": "private"}
    asked, expected = gr.Textbox(visible="hidden"), gr.Textbox("", visible="hidden")
    taken = [asked, expected, box, gold, go_on]
    question = [asked, now, expected, kind, *knobs.all]
    # What one event sets off happens in the order of these lines, one after the other.
    box.submit(None, [box, gold], taken, **take)
    for begin in (chatbot.retry, chatbot.edit, go_on.click):
        begin(None, None, [box, go_on], js=_BUSY, api_visibility="private")
    example = chatbot.example_select(_example, None, box, **quick).then(None, [box, gold], taken, **take)
    asking: list[Any] = [
        box.submit(talk.ask, question, told, api_name="chat", **making),
        example.then(talk.ask, question, told, api_visibility="private", **making),
    ]
    running: list[Any] = [
        *asking,
        chatbot.retry(talk.retry, [now, *knobs.all], told, api_visibility="private", **making),
        chatbot.edit(talk.edit, [now, *knobs.all], told, api_visibility="private", **making),
        go_on.click(talk.go_on, [now, *knobs.all], told, api_name="go_on", **making),
    ]
    for event in asking:
        event.failure(None, [asked, expected], [box, gold], js=_PUT_BACK, api_visibility="private")
    for event in running[len(asking) :]:
        event.failure(None, None, box, js=_IDLE, api_visibility="private")
    for event in running:
        event.success(None, None, box, js=_IDLE, api_visibility="private")
        event.then(_go_on, now, go_on, **quick)
        shelf.kept(event, now)
    ended = box.stop(None, None, box, js=_HALT, cancels=running, api_visibility="private")
    shelf.kept(ended.then(talk.stop, now, shown, **quick), now)
    shelf.kept(chatbot.undo(talk.undo, now, shown, **quick), now)
    shelf.kept(again.click(talk.check, [now, gold, kind], shown, show_progress="hidden", api_name="check"), now)

    def left(begin: Any) -> Any:
        """What ends the answer that is on its way, and keeps the conversation as it is."""
        halted = begin(None, None, box, js=_HALT, cancels=running, api_visibility="private")
        return shelf.kept(halted.then(talk.leave, now, now, **quick), now, show=False)

    shelf.join(left, talk.open, now, shown)
    shelf.cleared(left(chatbot.clear), talk.open, shown)
