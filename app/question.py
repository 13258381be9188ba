"""A question with its expected answer, as the tabs beside the chat ask it: components, and what is read from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ampo.app import controls, picker
from ampo.app.controls import Limits
from ampo.app.desk import Desk
from ampo.conversation import Turn
from ampo.errors import UserError


@dataclass(frozen=True, slots=True)
class Question:
    """The components, in the order in which `read` takes their values."""

    text: gr.Textbox
    gold: gr.Textbox
    kind: gr.State

    @property
    def all(self) -> list[Any]:
        return [self.text, self.gold, self.kind]


def build(desk: Desk, name: str) -> Question:
    """Draw the question, its expected answer, and the problem picker. name: begins the elements' ids."""
    text = gr.Textbox(
        label="Question",
        lines=2,
        max_lines=10,
        max_length=desk.limits.question,
        placeholder="Ask something, or take a problem below",
        elem_id=f"{name}-question",
    )
    gold = gr.Textbox(
        label="Expected answer (if you know it)",
        value="",
        max_length=desk.limits.gold,
        elem_id=f"{name}-gold",
    )
    kind = gr.State("auto")
    picker.build(desk, text, gold, kind)
    return Question(text, gold, kind)


def read(text: str, gold: str, kind: Any, system: str, limits: Limits) -> Turn:
    """The question to ask.

    Args:
        text: As it was typed.
        gold: The expected answer, "" for none.
        kind: What that is.
        system: The system prompt, "" for none.
        limits: How long each may be.

    Raises:
        UserError: The question is empty, or a text too long.
    """
    text = controls.check_text("question", text, limits.question)
    if not text:
        raise UserError("the question is empty: write one, or take a problem")
    system = controls.check_text("system prompt", system, limits.system)
    return Turn(text, system, controls.check_text("expected answer", gold, limits.gold), kind)
