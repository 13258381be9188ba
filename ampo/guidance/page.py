"""A pool's statistics as one self-contained page: four plots, plotly.js included."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from ampo.errors import MissingExtraError, UserError
from ampo.guidance.stats import Pair, PoolStats
from ampo.types import OUTCOMES

_COLOURS = {
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
<title>{title}</title>
<style>
body {{ margin: 0 auto; max-width: 1000px; padding: 24px; background: #fff; color: #1e2022;
  font: 15px/1.55 system-ui, sans-serif; }}
h1 {{ font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.1rem; margin: 36px 0 4px; }}
p {{ margin: 4px 0; color: #5b6068; }}
</style>
<h1>{title}</h1>
<p>{summary}</p>
{plots}
</html>
"""


def write_page(stats: PoolStats, name: str, measured: str, file: Path) -> None:
    """Write the page. Raises UserError where that can't be done."""
    try:
        file.write_text(page(stats, name, measured), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror or error}") from error


def page(stats: PoolStats, name: str, measured: str) -> str:
    """The page's HTML. measured: how lengths were found, in words."""
    plots: list[tuple[str, str, Callable[[PoolStats], Any]]] = [
        ("Coverage", "Prompts by their number of right solutions.", _coverage),
        ("Teachers", "Each teacher's solutions, as the verifier judged them.", _outcomes),
        ("Lengths", f"Right solutions, in tokens: {measured}.", _lengths),
        ("Agreement", "Share of the prompts that two teachers both solved, or both did not.", _agreement),
    ]
    return _PAGE.format(
        title=escape(f"Guidance pool {Path(name).name}"),
        summary=f"{stats.prompts} prompts, {stats.solutions} solutions, {stats.right} of them right",
        plots="\n".join(
            f"<section><h2>{title}</h2><p>{escape(about)}</p>{_html(make(stats), first=i == 0)}</section>"
            for i, (title, about, make) in enumerate(plots)
        ),
    )


def _html(figure: Any, first: bool) -> str:
    return figure.to_html(full_html=False, include_plotlyjs=first, config={"displaylogo": False, "responsive": True})


def _figure(data: list[Any], x: str, y: str, **layout: Any) -> Any:
    go = _plotly()
    figure = go.Figure(data)
    axes = {"xaxis_title": x, "yaxis_title": y, "xaxis_automargin": True, "yaxis_automargin": True}
    return figure.update_layout(
        template="plotly_white", height=360, margin={"l": 8, "r": 8, "t": 24, "b": 8}, **axes, **layout
    )


def _coverage(stats: PoolStats) -> Any:
    counts = list(stats.coverage.values())
    bar = _plotly().Bar(x=[str(n) for n in stats.coverage], y=counts, text=counts, marker_color=_COLOURS["correct"])
    return _figure([bar], "right solutions", "prompts", xaxis_type="category")


def _outcomes(stats: PoolStats) -> Any:
    names = [teacher.source for teacher in stats.teachers]
    bars = [
        _plotly().Bar(
            y=names,
            x=[teacher.outcomes.get(outcome, 0) for teacher in stats.teachers],
            name=outcome.replace("_", " "),
            orientation="h",
            marker_color=_COLOURS[outcome],
        )
        for outcome in OUTCOMES
        if any(teacher.outcomes.get(outcome) for teacher in stats.teachers)
    ]
    return _figure(bars, "solutions", "", barmode="stack", showlegend=True, yaxis_autorange="reversed")


def _lengths(stats: PoolStats) -> Any:
    width = stats.bins[0]
    middles = [edge - width / 2 for edge in stats.bins]
    lines = [
        _plotly().Scatter(x=middles, y=teacher.histogram, name=teacher.source, mode="lines", line_shape="hvh")
        for teacher in stats.teachers
    ]
    return _figure(lines, "tokens", f"solutions in {width} tokens", showlegend=True, xaxis_rangemode="tozero")


def _agreement(stats: PoolStats) -> Any:
    names = [teacher.source for teacher in stats.teachers]
    pairs: dict[tuple[str, str], Pair] = {(p.a, p.b): p for p in stats.pairs}

    def share(a: str, b: str) -> float | None:
        if a == b:
            return 100.0
        pair = pairs.get((a, b)) or pairs.get((b, a))
        return None if pair is None else round(100 * pair.agreement, 1)

    heat = _plotly().Heatmap(
        x=names,
        y=names,
        z=[[share(a, b) for b in names] for a in names],
        texttemplate="%{z} %",
        colorscale="Teal",
        zmin=0,
        zmax=100,
    )
    return _figure([heat], "", "", yaxis_autorange="reversed")


def _plotly() -> Any:
    try:
        import plotly.graph_objects as go
    except ImportError as error:
        raise MissingExtraError("plotly", "all", "the page with plots") from error
    return go
