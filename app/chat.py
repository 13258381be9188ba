"""The chat tab as it is drawn, and what in it sets off what. What is done stands in `ampo.app.talk`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ampo.app import picker, probabilities
from ampo.app.controls import Controls, heard, quick, quiet
from ampo.app.desk import Desk
from ampo.app.markdown import DELIMITERS
from ampo.app.shelf import Shelf
from ampo.app.talk import Talk, go_on_button
from ampo.conversation import Conversation

_BUSY = "() => ampo.begin()"
_IDLE = "() => ampo.idle()"
_HALT = "() => ampo.halt()"
_TAKE = "(question, gold) => ampo.take(question, gold)"
_PUT_BACK = "(question, gold) => ampo.putBack(question, gold)"
"""What the browser does by itself (see page.js): the question box is emptied and offers to stop while an answer is on
its way. From the server each of these would take longer than a token, since Gradio makes a component anew to change
what isn't its value, or to leave it as it is."""

EXAMPLES = (
    "Which number is larger, 9.11 or 9.9?",
    "What is the sum of the first 100 positive integers?",
    "Solve x² − 5x + 6 = 0.",
)
_mine: dict[str, Any] = {"api_visibility": "private"}


@dataclass(frozen=True)
class Parts:
    """The components. now: the conversation. began, said: on their way to the browser, which keeps them.

    asked, expected: the question and its expected answer on their way from the box to the engine.
    """

    chatbot: gr.Chatbot
    go_on: gr.Button
    box: gr.Textbox
    gold: gr.Textbox
    check: gr.Button
    path: gr.HTML
    view: probabilities.View
    now: gr.State
    kind: gr.State
    asked: gr.Textbox
    expected: gr.Textbox
    began: gr.Textbox
    said: gr.Textbox

    @property
    def shown(self) -> list[Any]:
        """What handlers that rearrange the page give: see `talk._shown`."""
        return [self.chatbot, self.now, self.box, self.go_on, self.gold, self.kind]

    @property
    def told(self) -> list[Any]:
        """What a growing answer gives."""
        return [self.chatbot, self.now, self.kind, self.began, self.said]

    def question(self, knobs: Controls) -> list[Any]:
        """What `talk.ask` takes."""
        return [self.asked, self.now, self.expected, self.kind, self.view.wanted, *knobs.all]

    def settings(self, knobs: Controls) -> list[Any]:
        """What answers a question again takes."""
        return [self.now, self.view.wanted, *knobs.all]


def build(desk: Desk, knobs: Controls, shelf: Shelf) -> None:
    """Draw the tab and join it to the handlers."""
    talk, parts = Talk(desk), _drawn(desk)
    _api(talk.for_programs(), parts, knobs)  # first: these events have the names
    asking = _asking(talk, parts, knobs)
    running = [*asking, *_again(talk, parts, knobs, shelf)]
    for event in asking:
        event.failure(None, [parts.asked, parts.expected], [parts.box, parts.gold], js=_PUT_BACK, **_mine)
    for event in running[len(asking) :]:
        event.failure(None, None, parts.box, js=_IDLE, **_mine)
    for event in running:
        event.success(None, None, parts.box, js=_IDLE, **_mine)
        event.then(_ended, parts.now, [parts.go_on, parts.view.tokens], **quick)
        shelf.kept(event, parts.now)
    _ending(talk, parts, shelf, running)
    parts.began.change(None, parts.began, shelf.list, js="(text) => ampo.began(text)", **_mine)
    parts.said.change(None, parts.said, None, js="(text) => { ampo.said(text); }", **_mine)


def _drawn(desk: Desk) -> Parts:
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
        placeholder="Ask something ... (Shift+Enter begins a new line, Escape stops an answer)",
        submit_btn=True,
        stop_btn=False,
        lines=1,
        max_lines=12,
        max_length=desk.limits.question,
        autofocus=True,
        elem_id="ampo-question",
    )
    gold, check, path = _check(desk, box, kind)
    hidden = gr.Textbox(visible="hidden"), gr.Textbox("", visible="hidden")
    view = probabilities.build(now)
    return Parts(chatbot, go_on, box, gold, check, path, view, now, kind, *hidden, quiet(), quiet())


def _check(desk: Desk, box: gr.Textbox, kind: gr.State) -> tuple[gr.Textbox, gr.Button, gr.HTML]:
    with gr.Accordion("Check the answer", open=False, elem_id="ampo-check"):
        with gr.Row(elem_classes="ampo-line"):
            gold = gr.Textbox(
                label="Expected answer",
                value="",
                placeholder="such as 9.9 or \\frac{1}{2}",
                scale=4,
                max_length=desk.limits.gold,
            )
            check = gr.Button("Check the last answer", scale=1, min_width=150, elem_id="ampo-check-last")
        path = gr.HTML(elem_id="ampo-path")
        picker.build(desk, box, gold, kind)
    return gold, check, path


_growing: dict[str, Any] = {
    "concurrency_limit": None,  # the engine has a line of its own, which tells the place in it
    "show_progress": "hidden",
    # Both sides are plain data here, and checked: Gradio would hop to a thread and back for each of 20 values.
    "preprocess": False,
    "postprocess": False,
}


def _asking(talk: Talk, parts: Parts, knobs: Controls) -> list[Any]:
    """The events that ask a new question. What one of them sets off happens in the order of these lines."""
    taken = [parts.asked, parts.expected, parts.box, parts.gold, parts.go_on]
    question = parts.question(knobs)
    both = [parts.box, parts.gold]
    parts.box.submit(None, both, taken, js=_TAKE, **_mine)
    example = parts.chatbot.example_select(_example, None, parts.box, **quick)
    return [
        parts.box.submit(talk.ask, question, parts.told, api_name="ask", api_visibility="undocumented", **_growing),
        example.then(None, both, taken, js=_TAKE, **_mine).then(talk.ask, question, parts.told, **_growing, **_mine),
    ]


def _again(talk: Talk, parts: Parts, knobs: Controls, shelf: Shelf) -> list[Any]:
    """The events that answer a question again, or go on with an answer."""
    for begin in (parts.chatbot.retry, parts.chatbot.edit, parts.go_on.click):
        begin(None, None, [parts.box, parts.go_on], js=_BUSY, **_mine)
    settings = parts.settings(knobs)
    opened = shelf.wanted.change(talk.open, shelf.wanted, parts.shown, trigger_mode="multiple", **heard)
    opened.then(None, shelf.wanted, [parts.box, shelf.list], js="(text) => ampo.opened(text)", **_mine)
    return [
        parts.chatbot.retry(talk.retry, settings, parts.told, **_growing, **_mine),
        parts.chatbot.edit(talk.edit, settings, parts.told, **_growing, **_mine),
        parts.go_on.click(talk.go_on, settings, parts.told, **_growing, **_mine),
        opened.then(talk.take_up, [shelf.wanted, parts.now], parts.told, **_growing, **_mine),
    ]


def _ending(talk: Talk, parts: Parts, shelf: Shelf, running: list[Any]) -> None:
    """What ends an answer, or changes what has been said."""
    now, shown = parts.now, parts.shown
    ended = parts.box.stop(None, None, [parts.box, parts.gold], js=_HALT, cancels=running, **_mine)
    shelf.kept(ended.then(talk.stop, now, shown, **quick), now)
    shelf.kept(parts.chatbot.undo(talk.undo, now, shown, **quick), now)
    check = parts.check.click(talk.check, [now, parts.gold, parts.kind], shown, **heard)
    shelf.kept(check, now)
    check.success(talk.path, now, parts.path, **heard)

    def left(begin: Any) -> Any:
        """What ends the answer that is on its way, and keeps the conversation as it is."""
        halted = begin(None, None, [parts.box, parts.gold], js=_HALT, cancels=running, **_mine)
        return shelf.kept(halted.then(talk.leave, now, now, **quick), now, show=False)

    shelf.join(left, now)
    shelf.renamed(talk.rename, now)
    shelf.emptied(left(parts.chatbot.clear))


def _api(talk: Talk, parts: Parts, knobs: Controls) -> None:
    """What programs call: nothing on the page sets it off."""
    call = gr.Button(visible=False).click
    call(talk.ask, parts.question(knobs), parts.told, api_name="chat", **_growing)
    call(talk.go_on, parts.settings(knobs), parts.told, api_name="go_on", **_growing)
    call(talk.check, [parts.now, parts.gold, parts.kind], parts.shown, api_name="check", show_progress="hidden")


def _ended(talk: Conversation) -> tuple[gr.Button, str]:
    """What an answer that has ended changes besides itself."""
    return go_on_button(talk), probabilities.shown(talk)


def _example(event: gr.SelectData) -> str:
    return event.value["text"]
