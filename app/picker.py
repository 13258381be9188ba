"""Choosing a problem of a benchmark: it fills in a question and its expected answer."""

from __future__ import annotations

import random
from typing import Any

import gradio as gr

from ampo.app.controls import heard
from ampo.app.desk import Desk
from ampo.errors import UserError
from ampo.types import Problem


def build(desk: Desk, question: gr.Textbox, gold: gr.Textbox, kind: gr.State) -> None:
    """Draw the picker, where there are benchmarks to pick from.

    Args:
        desk: Has the benchmarks.
        question, gold, kind: The components that a problem fills.
    """
    names = list(desk.services.benchmarks)
    if not names:
        return
    with gr.Row(elem_classes="ampo-line"):
        benchmark = gr.Dropdown(names, value=None, label="Problem from", scale=2, min_width=130)
        words = gr.Textbox(label="Containing", scale=2, min_width=110, max_length=200, elem_classes="ampo-words")
        problem = gr.Dropdown([], value=None, label="Problem", scale=4, min_width=180, interactive=True)
        any_one = gr.Button("Pick any", scale=1, min_width=90)
    filled = [question, gold, kind]

    def titles(name: str | None, words: str) -> tuple[str | None, Any]:
        if not name and not words.strip():
            return None, gr.Dropdown(choices=[], value=None, label="Problem")
        return name or names[0], _choice(*_found(desk, name or names[0], words), None)

    def pick(name: str | None, problem_id: str | None) -> tuple[str, str, str]:
        for one, template in _problems(desk, name or names[0]):
            if one.id == problem_id:
                return template.render(one)[-1]["content"], one.answer, one.kind
        raise gr.Error("choose a problem first", print_exception=False)

    def draw(name: str | None, words: str) -> tuple[Any, ...]:
        found, total = _found(desk, name or names[0], words)
        if not found:
            raise gr.Error(f"no problem of {name or names[0]} contains {words.strip()!r}", print_exception=False)
        one = random.choice(found)
        return name or names[0], _choice(found, total, one.id), *pick(name, one.id)

    benchmark.input(titles, [benchmark, words], [benchmark, problem], **heard)
    words.input(titles, [benchmark, words], [benchmark, problem], trigger_mode="always_last", **heard)
    problem.input(pick, [benchmark, problem], filled, **heard)
    any_one.click(draw, [benchmark, words], [benchmark, problem, *filled], **heard)


def _found(desk: Desk, name: str, words: str) -> tuple[list[Problem], int]:
    """A benchmark's problems that contain the words, in their whole texts, and how many it has in all."""
    problems = [problem for problem, _ in _problems(desk, name)]
    wanted = words.casefold().strip()
    return [p for p in problems if any(wanted in t.casefold() for t in (p.id, p.question, *p.options))], len(problems)


def _choice(found: list[Problem], total: int, chosen: str | None) -> gr.Dropdown:
    label = "Problem" if len(found) == total else f"Problem, {len(found):,} of {total:,}"
    return gr.Dropdown(choices=[(_title(p.question, p.id), p.id) for p in found], value=chosen, label=label)


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
