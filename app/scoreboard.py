"""The tab that adds the votes of comparisons up: who is preferred to whom, and how sure that is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from ampo import files
from ampo.app import downloads, export
from ampo.app.bradleyterry import Result, Strength, strengths
from ampo.app.controls import heard, quick
from ampo.app.desk import Desk
from ampo.errors import UserError

HEADERS = ["who", "wins", "ties", "losses", "Elo [95 %]"]
_SCORES = {"a": 1.0, "b": 0.0, "tie": 0.5}
_FIELDS = ("time", "question", "gold", "blind", "vote", "a", "b", "answer_a", "answer_b")


def read(file: Path) -> list[dict[str, Any]]:
    """The votes there are; none where nobody has voted. Raises UserError for a file that can't be read."""
    if not file.exists():
        return []
    return [row for _, row in files.read_jsonl(file, growing=True) if _whole(row)]


def _whole(row: dict[str, Any]) -> bool:
    sides = row.get("sides")
    return isinstance(sides, dict) and all(isinstance(sides.get(side), dict) for side in "ab") and "vote" in row


def who(row: dict[str, Any], side: str) -> str:
    """A side by what it was: its model, temperature and system prompt."""
    one = row["sides"][side]
    heat = (one.get("sampling") or {}).get("temperature")
    first = next(iter(one.get("messages") or []), {})
    system = " ".join(str(first.get("content", "")).split()) if first.get("role") == "system" else ""
    prompt = f", “{system[:40]}{'...' if len(system) > 40 else ''}”" if system else ""
    return f"{one.get('model', '?')}{'' if heat is None else f', temperature {heat:g}'}{prompt}"


def results(rows: Sequence[dict[str, Any]], blind_only: bool) -> list[Result]:
    """The votes between two that differ; "both are bad" prefers none."""
    chosen = (row for row in rows if row["vote"] in _SCORES and (row.get("blind") or not blind_only))
    named = ((who(row, "a"), who(row, "b"), _SCORES[row["vote"]]) for row in chosen)
    return [(a, b, score) for a, b, score in named if a != b]


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """A line a vote."""
    return export.table(_FIELDS, map(_cells, rows))


def _cells(row: dict[str, Any]) -> list[Any]:
    answers = [(row["sides"][side].get("answer") or {}).get("text", "") for side in "ab"]
    return [*(row.get(name, "") for name in _FIELDS[:5]), who(row, "a"), who(row, "b"), *answers]


class Scoreboard:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._file = desk.votes

    def rows(self) -> list[dict[str, Any]]:
        try:
            return read(self._file)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    def table(self, blind_only: bool) -> tuple[str, list[list[Any]]]:
        """What there is in words, and a row for each name."""
        rows = self.rows()
        counted = results(rows, bool(blind_only))
        bad = sum(row["vote"] == "neither" for row in rows)
        if not rows:
            return "Nobody has voted yet: compare two answers and vote.", []
        note = f"{len(rows)} vote{'' if len(rows) == 1 else 's'}, {len(counted)} of them counted; {bad} found both bad."
        return note, [_row(one) for one in strengths(counted)]

    def markdown(self, blind_only: bool) -> downloads.File:
        """The table as it is shown."""
        note, rows = self.table(blind_only)
        lines = [HEADERS, ["---", *["---:"] * (len(HEADERS) - 1)], *rows]
        text = "\n".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in lines)
        return downloads.File("ampo-votes.md", f"# Votes\n\n{note}\n\n{text}\n")

    def json(self) -> downloads.File:
        return downloads.File("ampo-votes.json", json.dumps(self.rows(), indent=1, ensure_ascii=False))

    def csv(self) -> downloads.File:
        return downloads.File("ampo-votes.csv", as_csv(self.rows()))


def _row(one: Strength) -> list[Any]:
    return [one.name, one.wins, one.ties, one.losses, f"{one.elo:+.0f} [{one.low:+.0f}, {one.high:+.0f}]"]


def build(desk: Desk, tab: gr.Tab) -> None:
    """Draw the tab and join it to the handlers."""
    board = Scoreboard(desk)
    with gr.Row(elem_classes="ampo-line"):
        blind = gr.Checkbox(True, label="Blind votes alone", scale=2, min_width=160)
        again = gr.Button("Look again", scale=1, min_width=100)
        as_markdown = gr.Button("Markdown", size="sm", scale=1, min_width=80, elem_id="ampo-votes-markdown")
        as_json = gr.Button("JSON", size="sm", scale=1, min_width=60, elem_id="ampo-votes-json")
        as_table = gr.Button("CSV", size="sm", scale=1, min_width=60, elem_id="ampo-votes-csv")
    note = gr.Markdown(elem_id="ampo-votes-note")
    table = gr.Dataframe(headers=HEADERS, interactive=False, show_label=False, wrap=True, elem_id="ampo-strengths")
    gr.Markdown(
        "Strengths by the Bradley-Terry model on Elo's scale: 400 points are odds of ten to one. A tie is half a win; "
        "the interval comes from resampling the votes. Where two intervals overlap, the order shows nothing."
    )
    for event in (tab.select, again.click, blind.input):
        event(board.table, blind, [note, table], **(heard if event is again.click else quick))
    downloads.join(as_markdown, board.markdown, blind)
    downloads.join(as_json, board.json)
    downloads.join(as_table, board.csv)
