"""The part of Browse that opens training runs: their steps, the prompts of a step, and which teachers guided each."""

from __future__ import annotations

from collections import OrderedDict
from html import escape
from itertools import starmap
from typing import Any

import gradio as gr

from ampo.app import render
from ampo.app.controls import heard, quick
from ampo.app.desk import Desk, GuidedPrompt, Training
from ampo.errors import UserError

PROMPTS = ["prompt", "guided by", "right"]
_KEPT = 2  # runs in memory
_LONGEST = 20_000  # characters of a response


class Trainings:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._services = desk.services
        self._runs: OrderedDict[str, Training] = OrderedDict()

    def names(self) -> Any:
        self._runs.clear()
        return gr.Dropdown(choices=list(self._services.training_names()), value=None)

    def steps(self, name: str | None) -> tuple[Any, list[Any], str]:
        """A run's steps, no prompts yet."""
        if not name:
            return gr.skip(), [], ""
        run = self._run(name)
        return {"headers": list(run.columns), "data": [list(row) for row in run.steps]}, [], ""

    def prompts(self, name: str, event: gr.SelectData) -> tuple[list[list[Any]], int, str]:
        """The prompts of the step that was clicked, guided ones first; the step."""
        run, index = self._run(name), _row(event)
        step = run.steps[index][0] if 0 <= index < len(run.steps) else 0
        return [_listed(one) for one in _of(run, step)], step, ""

    def prompt(self, name: str, step: int, event: gr.SelectData) -> str:
        """One of them in full."""
        listed, index = _of(self._run(name), step), _row(event)
        return shown(listed[index]) if 0 <= index < len(listed) else ""

    def _run(self, name: str) -> Training:
        if name not in self._runs:
            assert self._services.read_training is not None
            try:
                self._runs[name] = self._services.read_training(name)
            except UserError as error:
                raise gr.Error(str(error), print_exception=False) from error
            while len(self._runs) > _KEPT:
                self._runs.popitem(last=False)
        return self._runs[name]


def _row(event: gr.SelectData) -> int:
    return event.index[0] if isinstance(event.index, (list, tuple)) else event.index


def _of(run: Training, step: int) -> list[GuidedPrompt]:
    return sorted(run.prompts.get(step, ()), key=lambda one: not _teachers(one))


def _teachers(one: GuidedPrompt) -> list[str]:
    return [name for name, _, chosen in one.teachers if chosen]


def _listed(one: GuidedPrompt) -> list[Any]:
    guided = ", ".join(_teachers(one)) or ("nobody to guide it" if one.teachers else "not needed")
    right = sum(ruled.startswith("correct") for ruled, *_ in one.responses)
    return [one.prompt, guided, f"{right} of {len(one.responses)}" if one.responses else "not kept"]


def shown(one: GuidedPrompt) -> str:
    """Who could guide a prompt and who did, and its responses, as HTML."""
    rows = "".join(starmap(_teacher, one.teachers))
    head = "<tr><th>teacher</th><th>comprehension</th><th></th></tr>"
    table = f'<table class="ampo-table">{head}{rows}</table>' if rows else "<p>No guidance was needed.</p>"
    answer = f"<p>Reference answer: <code>{escape(one.answer)}</code></p>" if one.answer else ""
    cards = "".join(_response(i, *response) for i, response in enumerate(one.responses, 1))
    return f'<h3>step {one.step} · {escape(one.prompt)}</h3>{answer}{table}<div class="ampo-cards">{cards}</div>'


def _teacher(name: str, score: float | None, chosen: bool) -> str:
    cells = (escape(name), "" if score is None else f"{score:.3f}", "chosen" if chosen else "")
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _response(number: int, ruled: str, tokens: int, gave_way: bool, text: str) -> str:
    about = f"{number} · {escape(ruled)} · {tokens:,} tokens{' · gave way to a teacher' if gave_way else ''}"
    body = f'<div class="ampo-raw">{escape(text[:_LONGEST])}</div>{render.more(text, _LONGEST)}'
    return f'<section class="ampo-card"><h3>{about}</h3>{body}</section>'


def build(desk: Desk, page: gr.Blocks) -> None:
    """Draw the part and join it to the handlers."""
    trainings = Trainings(desk)
    with gr.Accordion("Training runs: steps, guided prompts, teachers", open=False, elem_id="ampo-training"):
        with gr.Row(elem_classes="ampo-line"):
            name = gr.Dropdown([], label="Training run", scale=5, min_width=200, interactive=True)
            again = gr.Button("Look again", scale=1, min_width=100)
        look: dict[str, Any] = {"interactive": False, "show_label": False, "max_height": 260}
        steps = gr.Dataframe(label="Steps", elem_id="ampo-steps", **look)
        listed = gr.Dataframe(headers=PROMPTS, label="Prompts of the step", elem_id="ampo-prompts", **look)
        step = gr.State(0)
        opened = gr.HTML("<p>Choose a step above, then a prompt of it.</p>", elem_id="ampo-prompt")
    for event in (page.load, again.click):
        event(trainings.names, None, name, **quick)
    name.input(trainings.steps, name, [steps, listed, opened], **heard)
    steps.select(trainings.prompts, name, [listed, step, opened], **heard)
    listed.select(trainings.prompt, [name, step], opened, **heard)
