"""A pool's statistics as one self-contained page: four plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ampo.files import write
from ampo.guidance.stats import Pair, PoolStats
from ampo.plots import OUTCOME_COLOURS, Section, figure, graph_objects, page
from ampo.types import OUTCOMES


def write_page(stats: PoolStats, name: str, measured: str, file: Path) -> None:
    """Write the page.

    Args:
        stats: What it shows.
        name: Of the pool, for the title.
        measured: How lengths were found, in words.
        file: Where it is written.

    Raises:
        UserError: That can't be done.
    """
    write(file, pool_page(stats, name, measured))


def pool_page(stats: PoolStats, name: str, measured: str) -> str:
    """The page's HTML. measured: how lengths were found, in words."""
    sections = [
        Section("Coverage", "Prompts by their number of right solutions.", _coverage(stats)),
        Section("Teachers", "Each teacher's solutions, as the verifier judged them.", _outcomes(stats)),
        Section("Lengths", f"Right solutions, in tokens: {measured}.", _lengths(stats)),
        Section("Agreement", "Share of the prompts that two teachers both solved, or both did not.", _agreement(stats)),
    ]
    summary = f"{stats.prompts} prompts, {stats.solutions} solutions, {stats.right} of them right"
    return page(f"Guidance pool {Path(name).name}", summary, sections)


def _coverage(stats: PoolStats) -> Any:
    counts = list(stats.coverage.values())
    bar = graph_objects().Bar(
        x=[str(n) for n in stats.coverage], y=counts, text=counts, marker_color=OUTCOME_COLOURS["correct"]
    )
    return figure([bar], "right solutions", "prompts", xaxis_type="category")


def _outcomes(stats: PoolStats) -> Any:
    names = [teacher.source for teacher in stats.teachers]
    bars = [
        graph_objects().Bar(
            y=names,
            x=[teacher.outcomes.get(outcome, 0) for teacher in stats.teachers],
            name=outcome.replace("_", " "),
            orientation="h",
            marker_color=OUTCOME_COLOURS[outcome],
        )
        for outcome in OUTCOMES
        if any(teacher.outcomes.get(outcome) for teacher in stats.teachers)
    ]
    return figure(bars, "solutions", "", barmode="stack", showlegend=True, yaxis_autorange="reversed")


def _lengths(stats: PoolStats) -> Any:
    width = stats.bins[0]
    middles = [edge - width / 2 for edge in stats.bins]
    lines = [
        graph_objects().Scatter(x=middles, y=teacher.histogram, name=teacher.source, mode="lines", line_shape="hvh")
        for teacher in stats.teachers
    ]
    return figure(lines, "tokens", f"solutions in {width} tokens", showlegend=True, xaxis_rangemode="tozero")


def _agreement(stats: PoolStats) -> Any:
    names = [teacher.source for teacher in stats.teachers]
    pairs: dict[tuple[str, str], Pair] = {(p.a, p.b): p for p in stats.pairs}

    def share(a: str, b: str) -> float | None:
        if a == b:
            return 100.0
        pair = pairs.get((a, b)) or pairs.get((b, a))
        return None if pair is None else round(100 * pair.agreement, 1)

    heat = graph_objects().Heatmap(
        x=names,
        y=names,
        z=[[share(a, b) for b in names] for a in names],
        texttemplate="%{z} %",
        colorscale="Teal",
        zmin=0,
        zmax=100,
    )
    return figure([heat], "", "", yaxis_autorange="reversed")
