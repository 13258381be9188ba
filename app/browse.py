"""The tab that opens run directories of `ampo eval`: their figures, their responses, and the verdicts on them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import gradio as gr

from ampo.app import render
from ampo.app.controls import heard, quick
from ampo.app.desk import Desk, Run, RunRow
from ampo.app.markdown import DELIMITERS
from ampo.conversation import Answer, Turn
from ampo.errors import UserError
from ampo.types import OUTCOMES

MAX_ROWS = 200
"""Responses in the table; the filters choose which."""
_KEPT = 4  # runs in memory
ALL, UNJUDGED = "all", "not judged"
SUMMARY = ["benchmark", "problems × samples", "avg@k [95 %]", "pass@k", "maj@k", "cut / none / time-out", "tokens"]
COLUMNS = ["response", "verdict", "found", "expected", "tokens"]


class Browser:
    """The handlers. Keeps the last few runs in memory."""

    def __init__(self, desk: Desk) -> None:
        self._services = desk.services
        self._runs: OrderedDict[str, Run] = OrderedDict()

    def names(self) -> Any:
        """The runs there are, now."""
        self._runs.clear()
        return gr.Dropdown(choices=list(self._services.run_names()), value=None)

    def open(self, name: str | None) -> tuple[Any, ...]:
        """A run's figures, its benchmarks to filter by, and its first responses."""
        if not name:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip(), gr.skip()
        run = self._run(name)
        about = f"**{name.replace('*', '')}** · {len(run.rows):,} responses of `{run.about.replace('`', '')}`"
        benchmarks = list(dict.fromkeys(row.problem.benchmark for row in run.rows))
        table, ids = self.table(name, ALL, ALL, "")
        return about, [list(row) for row in run.summary], gr.Dropdown(choices=[ALL, *benchmarks], value=ALL), table, ids

    def table(self, name: str | None, benchmark: str, outcome: str, words: str) -> tuple[Any, list[str]]:
        """The responses that the filters leave, and their ids."""
        rows = _chosen(self._run(name).rows, benchmark, outcome, words or "") if name else []
        if len(rows) > MAX_ROWS:
            gr.Info(f"{len(rows):,} responses fit, the first {MAX_ROWS} are listed: the filters choose which.")
            rows = rows[:MAX_ROWS]
        return [_row(row) for row in rows], [row.id for row in rows]

    def response(self, name: str, ids: list[str], event: gr.SelectData) -> list[render.Message]:
        """One response with its question and its verdict."""
        index = event.index[0] if isinstance(event.index, (list, tuple)) else event.index
        wanted = ids[index] if 0 <= index < len(ids) else None
        row = next((row for row in self._run(name).rows if row.id == wanted), None)
        return list(render.turn_messages(_turn(row))) if row else []

    def _run(self, name: str) -> Run:
        if name not in self._runs:
            assert self._services.read_run is not None
            try:
                self._runs[name] = self._services.read_run(name)
            except UserError as error:
                raise gr.Error(str(error), print_exception=False) from error
            while len(self._runs) > _KEPT:
                self._runs.popitem(last=False)
        return self._runs[name]


def _chosen(rows: Sequence[RunRow], benchmark: str, outcome: str, words: str) -> list[RunRow]:
    words = words.casefold().strip()
    fitting = (
        row
        for row in rows
        if benchmark in (ALL, row.problem.benchmark)
        and outcome in (ALL, row.verdict.outcome if row.verdict else UNJUDGED)
        and (not words or words in row.text.casefold() or words in row.problem.question.casefold())
    )
    return list(fitting)


def _row(row: RunRow) -> list[Any]:
    verdict = " ".join(render.BADGES[row.verdict.outcome]) if row.verdict else UNJUDGED
    found = (row.verdict.extracted or "") if row.verdict else ""
    return [row.id, verdict, found[:60], row.problem.answer[:60], row.completion_tokens]


def _turn(row: RunRow) -> Turn:
    from ampo import prompts
    from ampo.types import SamplingParams

    parts = prompts.split(row.text)
    made = Answer(
        text=row.text,
        thought=parts.thought,
        body=parts.body,
        params=SamplingParams(seed=row.seed),
        state={"stop": "stop", "length": "length", "abort": "stopped"}.get(row.finish_reason, "failed"),  # pyright: ignore[reportArgumentType]
        completion_tokens=row.completion_tokens,
        seconds=row.seconds,
        verdict=row.verdict,
    )
    return Turn(f"{prompts.in_full(row.problem)}\n\n*Expected answer:* {row.problem.answer}", answer=made)


def build(desk: Desk, page: gr.Blocks) -> None:
    """Draw the tab and join it to the handlers."""
    browser = Browser(desk)
    with gr.Row(elem_classes="ampo-line"):
        name = gr.Dropdown([], label="Run", scale=5, min_width=200, interactive=True, elem_id="ampo-run")
        again = gr.Button("Look again", scale=1, min_width=100)
    about = gr.Markdown("Runs of `ampo eval` are listed here.")
    summary = gr.Dataframe(headers=SUMMARY, interactive=False, show_label=False, wrap=False, max_height=240)
    with gr.Row():
        benchmark = gr.Dropdown([ALL], value=ALL, label="Benchmark", min_width=120, interactive=True)
        outcome = gr.Dropdown([ALL, *OUTCOMES, UNJUDGED], value=ALL, label="Verdict", min_width=120)
        words = gr.Textbox(label="Containing", min_width=140, max_length=200)
    table = gr.Dataframe(
        headers=COLUMNS,
        interactive=False,
        show_label=False,
        max_height=300,
        column_widths=["30%", "16%", "22%", "20%", "12%"],
        elem_id="ampo-responses",
    )
    ids = gr.State([])
    opened = gr.Chatbot(
        label="Response",
        show_label=False,
        height="auto",
        min_height=60,
        max_height="80vh",
        latex_delimiters=DELIMITERS,
        buttons=["copy"],
        layout="panel",
        allow_tags=False,
        autoscroll=False,
        placeholder="Choose a response above.",
        elem_id="ampo-response",
    )
    page.load(browser.names, None, name, **quick)
    again.click(browser.names, None, name, **quick)
    name.input(browser.open, name, [about, summary, benchmark, table, ids], **heard)
    for control in (benchmark.input, outcome.input, words.submit):
        control(browser.table, [name, benchmark, outcome, words], [table, ids], **heard)
    table.select(browser.response, [name, ids], opened, **heard)
