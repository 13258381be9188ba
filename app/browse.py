"""The tab that opens run directories of `ampo eval`: their figures, their responses, and the verdicts on them.

A run and a response have an address (`?run=NAME&response=ID`), which can be sent.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from ampo.app import render, training
from ampo.app.controls import heard, quick, quiet, whole
from ampo.app.desk import Desk, Run, RunRow
from ampo.app.listing import ALL, ENDS, ORDERS, UNJUDGED, WHICH, Filter, counted
from ampo.app.markdown import DELIMITERS
from ampo.conversation import Answer, Turn, parts
from ampo.errors import UserError
from ampo.types import OUTCOMES

PAGE_ROWS = 50
_KEPT = 4  # runs in memory
SUMMARY = ["benchmark", "problems × samples", "avg@k [95 %]", "pass@k", "maj@k", "cut / none / time-out", "tokens"]
COLUMNS = ["response", "verdict", "found", "expected", "tokens"]


class Browser:
    """The handlers. Keeps the last few runs in memory."""

    def __init__(self, desk: Desk) -> None:
        self._services = desk.services
        self._runs: OrderedDict[str, Run] = OrderedDict()

    def names(self) -> Any:
        """The runs there are, now; broken and empty ones say so."""
        self._runs.clear()
        return gr.Dropdown(choices=self._listed(), value=None)

    def arrive(self, page: gr.Request) -> tuple[Any, ...]:
        """What the address asks for: the run to choose, and the tab that shows it."""
        asked = dict(page.query_params)
        listed = self._listed()
        name = asked.get("run") if asked.get("run") in {name for _, name in listed} else None
        return gr.Dropdown(choices=listed, value=name), gr.Tabs(selected="browse") if name else gr.skip()

    def open(self, name: str | None) -> tuple[Any, ...]:
        """A run's figures, its benchmarks to filter by, and its first responses."""
        if not name:
            return tuple(gr.skip() for _ in range(8))
        run = self._run(name)
        about = f"**{name.replace('*', '')}** · {len(run.rows):,} responses of `{run.about.replace('`', '')}`"
        benchmarks = list(dict.fromkeys(row.problem.benchmark for row in run.rows))
        protocols = list(dict.fromkeys(verdict.protocol for row in run.rows for verdict in row.verdicts))
        return (
            about,
            [list(row) for row in run.summary],
            gr.Dropdown(choices=[ALL, *benchmarks], value=ALL),
            gr.Dropdown(choices=protocols, value=next(iter(protocols), None), visible=len(protocols) > 1),
            *self.table(name, 1),
        )

    def table(self, name: str | None, page: Any, *filters: Any) -> tuple[Any, list[str], int, str]:
        """The responses of a page that the filters leave, their ids, which page it is, and where that is."""
        wanted = Filter(*filters)
        rows = wanted.of(self._run(name).rows) if name else []
        pages = max(1, -(-len(rows) // PAGE_ROWS))
        try:
            page = whole("page", page or 1, 1, pages)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error
        shown = rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
        return (
            [_row(row, wanted.protocol) for row in shown],
            [row.id for row in shown],
            page,
            f"page {page} of {pages} · {counted(rows, wanted.protocol)}",
        )

    def response(
        self, name: str, ids: list[str], protocol: str | None, event: gr.SelectData
    ) -> tuple[list[render.Message], str]:
        """One response with its question and its verdict, and its id."""
        index = event.index[0] if isinstance(event.index, (list, tuple)) else event.index
        wanted = ids[index] if 0 <= index < len(ids) else ""
        return self.messages(name, wanted, protocol), wanted

    def asked_response(self, name: str | None, page: gr.Request) -> list[render.Message]:
        """The response of the address. What that names and isn't there is said."""
        asked = dict(page.query_params)
        run, wanted = asked.get("run", ""), asked.get("response", "")
        if run and not name:
            raise gr.Error(escape(f"there is no run {run[:80]!r} here"), print_exception=False)
        shown = self.messages(name, wanted) if name and wanted else []
        if name and wanted and not shown:
            raise gr.Error(escape(f"{name} has no response {wanted[:80]!r}"), print_exception=False)
        return shown

    def messages(self, name: str, wanted: str, protocol: str | None = None) -> list[render.Message]:
        row = next((row for row in self._run(name).rows if row.id == wanted), None)
        return list(render.turn_messages(_turn(row, protocol))) if row else []

    def _listed(self) -> list[tuple[str, str]]:
        states = self._services.run_states()
        return [(f"{name} · {states[name]}" if states.get(name) else name, name) for name in self._services.run_names()]

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


def _row(row: RunRow, protocol: str | None) -> list[Any]:
    verdict = row.under(protocol)
    ruled = " ".join(render.BADGES[verdict.outcome]) if verdict else UNJUDGED
    found = (verdict.extracted or "") if verdict else ""
    return [row.id, ruled, found[:60], row.problem.answer[:60], row.completion_tokens]


def _turn(row: RunRow, protocol: str | None) -> Turn:
    from ampo import prompts
    from ampo.types import SamplingParams

    thought, body = parts(row.text, prompts.ANSWER_OPEN)
    made = Answer(
        text=row.text,
        thought=thought,
        body=body,
        params=SamplingParams(seed=row.seed),
        state={"stop": "stop", "length": "length", "abort": "stopped"}.get(row.finish_reason, "failed"),  # pyright: ignore[reportArgumentType]
        completion_tokens=row.completion_tokens,
        seconds=row.seconds,
        verdict=row.under(protocol),
    )
    return Turn(f"{prompts.in_full(row.problem)}\n\n*Expected answer:* {row.problem.answer}", answer=made)


@dataclass(frozen=True)
class Filters:
    """The components that choose what is listed, and the page of it."""

    all: list[Any]
    benchmark: gr.Dropdown
    protocol: gr.Dropdown
    words: gr.Textbox
    number: gr.Number
    where: gr.Markdown
    back: gr.Button
    on: gr.Button


def _filters() -> Filters:
    with gr.Row():
        benchmark = gr.Dropdown([ALL], value=ALL, label="Benchmark", min_width=120, interactive=True)
        protocol = gr.Dropdown(
            [], label="Protocol", min_width=110, interactive=True, visible=False, elem_id="ampo-protocol"
        )
        outcome = gr.Dropdown([ALL, *OUTCOMES, UNJUDGED], value=ALL, label="Verdict", min_width=120)
        end = gr.Dropdown([ALL, *ENDS], value=ALL, label="How it ended", min_width=110)
        order = gr.Dropdown(list(ORDERS), value=ORDERS[0], label="Order", min_width=120)
    with gr.Row(elem_classes="ampo-line"):
        words = gr.Textbox(label="Containing (question, answer, response)", min_width=180, max_length=200, scale=3)
        which = gr.Dropdown(list(WHICH), value=ALL, label="Which", min_width=150, scale=2, elem_id="ampo-which")
        number = gr.Number(1, label="Page", precision=0, minimum=1, min_width=70, scale=1)
        back = gr.Button("Earlier", size="sm", min_width=70, scale=1)
        on = gr.Button("Later", size="sm", min_width=70, scale=1, elem_id="ampo-next-page")
    where = gr.Markdown(elem_id="ampo-where")
    every = [benchmark, protocol, outcome, end, which, words, order]
    return Filters(every, benchmark, protocol, words, number, where, back, on)


def _table() -> gr.Dataframe:
    return gr.Dataframe(
        headers=COLUMNS,
        interactive=False,
        label="Responses",
        show_label=False,
        max_height=300,
        column_widths=["30%", "16%", "22%", "20%", "12%"],
        elem_id="ampo-responses",
    )


def _opened() -> gr.Chatbot:
    return gr.Chatbot(
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


def build(desk: Desk, page: gr.Blocks, tabs: gr.Tabs) -> None:
    """Draw the tab and join it to the handlers."""
    browser = Browser(desk)
    with gr.Row(elem_classes="ampo-line"):
        name = gr.Dropdown([], label="Run", scale=5, min_width=200, interactive=True, elem_id="ampo-run")
        again = gr.Button("Look again", scale=1, min_width=100)
        link = gr.Button("Copy link", scale=1, min_width=90, elem_id="ampo-run-link")
    about = gr.Markdown("Runs of `ampo eval` are listed here.")
    summary = gr.Dataframe(
        headers=SUMMARY, interactive=False, label="Figures of the run", show_label=False, wrap=False, max_height=240
    )
    filters = _filters()
    table = _table()
    ids, chosen, run_word, response_word = gr.State([]), quiet(), quiet("run"), quiet("response")
    opened = _opened()
    if desk.services.read_training is not None:
        training.build(desk, page)
    listed = [table, ids, filters.number, filters.where]
    shown = [about, summary, filters.benchmark, filters.protocol, *listed]
    address: dict[str, Any] = {"js": "ampo.address", "api_visibility": "private"}
    here = [run_word, name, response_word, chosen]
    arrived = page.load(browser.arrive, None, [name, tabs], **quick)
    arrived.then(browser.open, name, shown, **heard).success(browser.asked_response, name, opened, **heard)
    again.click(browser.names, None, name, **quick)
    name.input(browser.open, name, shown, **heard).then(None, here[:2], None, **address)
    inputs = [name, filters.number, *filters.all]
    first = [name, gr.State(1), *filters.all]
    for control in filters.all:
        (control.submit if control is filters.words else control.input)(browser.table, first, listed, **heard)
    filters.number.submit(browser.table, inputs, listed, **heard)
    for button, step in ((filters.back, -1), (filters.on, 1)):
        turned = button.click(lambda now, step=step: max(1, (now or 1) + step), filters.number, filters.number, **quick)
        turned.then(browser.table, inputs, listed, **heard)
    table.select(browser.response, [name, ids, filters.protocol], [opened, chosen], **heard).then(
        None, here, None, **address
    )
    link.click(None, None, None, js="() => { ampo.copied(location.href); }", api_visibility="private")
