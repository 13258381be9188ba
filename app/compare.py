"""The tab that sets two sides side by side: two models, or two settings of one, open or blind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from ampo.app import controls, downloads, export, question
from ampo.app.comparison import PROMPTS, SAME, Comparison, Update, exported
from ampo.app.controls import Controls, heard, quick
from ampo.app.desk import Desk
from ampo.app.markdown import DELIMITERS
from ampo.app.match import VERDICTS, Match


@dataclass(frozen=True)
class Parts:
    """The components of the tab. a, b: each side's settings, see `_side`. votes: the row of `buttons`."""

    a: list[Any]
    b: list[Any]
    blind: gr.Checkbox
    run: gr.Button
    further: gr.Button
    halt: gr.Button
    left: gr.Chatbot
    right: gr.Chatbot
    who: gr.HTML
    votes: gr.Row
    buttons: dict[str, gr.Button]
    exports: dict[str, gr.Button]


def build(desk: Desk, knobs: Controls) -> None:
    """Draw the tab and join it to the handlers."""
    comparison = Comparison(desk)
    asked = question.build(desk, "ampo-compare")
    tab = _draw(list(desk.engines))
    match = gr.State(Match())
    shown = [tab.left, tab.right, tab.who, match, tab.run, tab.further, tab.halt, tab.votes]
    making: dict[str, Any] = {"concurrency_limit": desk.concurrency, "concurrency_id": "engine"}
    inputs = [*asked.all, tab.blind, *tab.a, *tab.b, *knobs.all]
    further = [*asked.all, match]
    event: Any = tab.run.click(_asking(comparison), inputs, shown, **making, **heard)
    again: Any = tab.further.click(comparison.go_on, further, shown, **making, **heard)
    api, call = comparison.for_programs(), gr.Button(visible=False).click  # what nothing on the page sets off
    call(_asking(api), inputs, shown, api_name="compare", show_progress="hidden", **making)
    call(api.go_on, further, shown, api_name="compare_on", show_progress="hidden", **making)
    for kind, button in tab.exports.items():
        downloads.join(button, partial(exported, kind), match)
    tab.halt.click(None, None, None, cancels=[event, again], api_visibility="private").then(
        comparison.stop, match, shown, **quick
    )
    for said, button in tab.buttons.items():
        button.click(comparison.vote, [gr.State(said), match], shown, **heard)


def _asking(comparison: Comparison) -> Callable[..., AsyncIterator[Update]]:
    """What asks both sides, its arguments named for the page's API."""

    @controls.named
    async def go(
        question: str,
        gold: str,
        kind: Any,
        blindly: bool,
        left_model: str,
        left_system: str,
        left_temperature: str,
        right_model: str,
        right_system: str,
        right_temperature: str,
        page: gr.Request,
        *settings: Any,
    ) -> AsyncIterator[Update]:
        sides = (left_model, left_system, left_temperature), (right_model, right_system, right_temperature)
        async for update in comparison.run(question, gold, kind, blindly, *sides, page, *settings):
            yield update

    return go


def _draw(names: list[str]) -> Parts:
    with gr.Row():
        a, b = _side("A", names, names[0], "None"), _side("B", names, names[-1], "The authors'")
    with gr.Row(elem_classes="ampo-line"):
        blind = gr.Checkbox(
            False, label="Blind: sides are dealt at random, names told after the vote", scale=3, min_width=200
        )
        run = gr.Button("Compare", variant="primary", scale=1, min_width=110, elem_id="ampo-compare-run")
        further = gr.Button("Ask both further", scale=1, min_width=130, visible=False, elem_id="ampo-compare-on")
        halt = gr.Button("Stop", variant="stop", scale=1, min_width=110, visible=False, elem_id="ampo-compare-stop")
    with gr.Row(elem_classes="ampo-answer"):
        left, right = _answer("Left"), _answer("Right")
    who = gr.HTML(elem_id="ampo-who")
    with gr.Row(visible=False, elem_id="ampo-vote") as row:
        buttons = {said: gr.Button(label, min_width=120) for said, label in VERDICTS.items()}
    with gr.Row():
        exports = {kind: gr.Button(kind, size="sm", min_width=60) for kind in export.COMPARISONS}
    return Parts(a, b, blind, run, further, halt, left, right, who, row, buttons, exports)


def _answer(place: str) -> gr.Chatbot:
    return gr.Chatbot(
        label=place,
        height="auto",
        min_height=80,
        max_height="65vh",
        latex_delimiters=DELIMITERS,
        buttons=["copy"],
        layout="panel",
        allow_tags=False,
        min_width=300,
        elem_id=f"ampo-{place.lower()}",
    )


def _side(side: str, names: list[str], name: str, prompt: str) -> list[Any]:
    """One side's settings: engine, system prompt, temperature. Which side stands left is another matter."""
    with gr.Column(min_width=260), gr.Group():
        engine = gr.Dropdown(names, value=name, label=f"{side}: model", visible=len(names) > 1)
        with gr.Row():
            system = gr.Dropdown(
                list(PROMPTS), value=SAME if len(names) > 1 else prompt, label=f"{side}: system prompt", min_width=130
            )
            temperature = gr.Textbox("", label=f"{side}: temperature", min_width=90, max_length=8, placeholder=SAME)
    return [engine, system, temperature]
