"""A self-contained page of plots: plotly.js included, so that it works offline and can be sent to somebody."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

from ampo.errors import MissingExtraError
from ampo.types import Outcome

OUTCOME_COLOURS: dict[Outcome, str] = {
    "correct": "#2a9d78",
    "wrong": "#cc4b54",
    "no_answer": "#9aa1ab",
    "truncated": "#e0a030",
    "timeout": "#6f5b8f",
}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh}<title>{title}</title>
<style>
body {{ margin: 0 auto; max-width: 1000px; padding: 24px; background: #fff; color: #1e2022;
  font: 15px/1.55 system-ui, sans-serif; }}
h1 {{ font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.1rem; margin: 36px 0 4px; }}
p {{ margin: 4px 0; color: #5b6068; }}
pre {{ background: #f6f7f8; padding: 12px; overflow-x: auto; font-size: 13px; white-space: pre-wrap; }}
summary {{ cursor: pointer; padding: 2px 0; }}
</style>
<h1>{title}</h1>
<p>{summary}</p>
{sections}
</html>
"""


class Folded(NamedTuple):
    """Texts of which a reader opens those that are wanted: (what it is, the text) each."""

    items: Sequence[tuple[str, str]]


class Section(NamedTuple):
    """A heading, a line about it, and a plotly figure, a text to be shown as it is, or several that are folded."""

    title: str
    about: str
    content: Any


def page(title: str, summary: str, sections: Sequence[Section], refresh: int | None = None) -> str:
    """The page's HTML. All text is escaped.

    Args:
        title: Of the page.
        summary: The sentence below it.
        sections: Texts, folded texts and plotly figures, each with a heading.
        refresh: Seconds after which it is loaded again; None for never.
    """
    drawn: list[str] = []
    scripted = False
    for section in sections:
        if isinstance(section.content, str):
            content = f"<pre>{escape(section.content)}</pre>"
        elif isinstance(section.content, Folded):
            content = "".join(
                f"<details><summary>{escape(name)}</summary><pre>{escape(text)}</pre></details>"
                for name, text in section.content.items
            )
        else:
            content = _html(section.content, first=not scripted)
            scripted = True
        drawn.append(f"<section><h2>{escape(section.title)}</h2><p>{escape(section.about)}</p>{content}</section>")
    again = f'<meta http-equiv="refresh" content="{refresh}">\n' if refresh else ""
    return _PAGE.format(title=escape(title), summary=escape(summary), sections="\n".join(drawn), refresh=again)


def figure(data: Sequence[Any], x: str, y: str, **layout: Any) -> Any:
    """A plotly figure in the page's style, with titled axes.

    Args:
        data: Plotly's traces.
        x: The title of the axis.
        y: Likewise.
        layout: What else plotly's `update_layout` takes.
    """
    axes = {"xaxis_title": x, "yaxis_title": y, "xaxis_automargin": True, "yaxis_automargin": True}
    return (
        graph_objects()
        .Figure(list(data))
        .update_layout(template="plotly_white", height=360, margin={"l": 8, "r": 8, "t": 24, "b": 8}, **axes, **layout)
    )


def graph_objects() -> Any:
    """plotly.graph_objects, or MissingExtraError."""
    try:
        import plotly.graph_objects as go
    except ImportError as error:
        raise MissingExtraError("plotly", "", "the page with plots") from error
    return go


def _html(drawn: Any, first: bool) -> str:
    return drawn.to_html(full_html=False, include_plotlyjs=first, config={"displaylogo": False, "responsive": True})
