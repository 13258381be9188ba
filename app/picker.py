"""Choosing a problem of a benchmark: it fills in a question and its expected answer."""

from __future__ import annotations

import random
from typing import Any

import gradio as gr

from ampo.app.controls import heard
from ampo.app.desk import Desk
from ampo.errors import UserError


def build(desk: Desk, question: gr.Textbox, gold: gr.Textbox, kind: gr.State) -> None:
    """Draw the picker, where there are benchmarks to pick from. It fills the components given."""
    names = list(desk.services.benchmarks)
    if not names:
        return
    with gr.Row(elem_classes="ampo-line"):
        benchmark = gr.Dropdown(names, value=None, label="Problem from", scale=2, min_width=130)
        problem = gr.Dropdown([], value=None, label="Problem", scale=4, min_width=180, interactive=True)
        any_one = gr.Button("Pick any", scale=1, min_width=90)
    filled = [question, gold, kind]

    def titles(name: str | None) -> Any:
        problems = _problems(desk, name) if name else []
        return gr.Dropdown(choices=[(_title(p.question, p.id), p.id) for p, _ in problems], value=None)

    def pick(name: str | None, problem_id: str | None) -> tuple[str, str, str]:
        for one, template in _problems(desk, name or names[0]):
            if one.id == problem_id:
                return template.render(one)[-1]["content"], one.answer, one.kind
        raise gr.Error("choose a problem first", print_exception=False)

    def draw(name: str | None) -> tuple[Any, ...]:
        problems = _problems(desk, name or names[0])
        one = random.choice(problems)[0]
        listed = gr.Dropdown(choices=[(_title(p.question, p.id), p.id) for p, _ in problems], value=one.id)
        return name or names[0], listed, *pick(name, one.id)

    benchmark.input(titles, benchmark, problem, **heard)
    problem.input(pick, [benchmark, problem], filled, **heard)
    any_one.click(draw, benchmark, [benchmark, problem, *filled], **heard)


def _problems(desk: Desk, name: str) -> Any:
    if name not in desk.services.benchmarks:
        raise gr.Error(f"there is no benchmark {name!r}", print_exception=False)
    try:
        return desk.services.problems(name)
    except UserError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _title(question: str, problem_id: str) -> str:
    line = " ".join(question.split())
    return f"{problem_id.rpartition('/')[2]} · {line if len(line) <= 70 else line[:67] + '...'}"
