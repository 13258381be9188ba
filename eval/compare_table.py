"""What a comparison looks like: tables and sentences for a terminal, and plain data for `--json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ampo.eval.comparable import Comparable, Setting, say_settings, things
from ampo.eval.compare import Comparison, Difference, Pair
from ampo.prompts import letter
from ampo.terminal import Console
from ampo.types import Problem

SCHEMA_VERSION = 1


def show(runs: Comparable, comparisons: Sequence[Comparison], listed: int = 0, console: Console | None = None) -> None:
    """Print each comparison. Fits 80 columns.

    Args:
        runs: What was compared: names, settings, notes.
        comparisons: Each further run against the first.
        listed: How many problems won, and lost, are named at most.
        console: Where to; None is the standard output.
    """
    console = console or Console(highlight=False)
    names = {path: letter(i) for i, path in enumerate(runs.rows)}
    for path, name in names.items():
        console.print(f"[bold]{name}[/bold]  {escape(path)}   [dim]{escape(runs.models[path])}[/dim]")
    console.print(f"protocol {runs.protocol}")
    for note in runs.notes:
        console.print(f"[yellow]note:[/yellow] {escape(note)}")
    for comparison in comparisons:
        a, b = names[comparison.a], names[comparison.b]
        console.print()
        console.print(_differs(b, a, runs.differs[comparison.b]))
        console.print(_table(comparison, a, b, corrected=len(comparisons) > 1))
        for sentence in sentences(comparison, a, b, len(comparisons)):
            console.print(escape(sentence))
        if listed:
            for pairs, what in ((comparison.won, "won"), (comparison.lost, "lost")):
                console.print(_listed(pairs, what, listed, a, b, runs.problems))
    console.print(f"[dim]{_legend(len(comparisons))}[/dim]")


def as_data(runs: Comparable, comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """The same as plain data. Scores are fractions; won and lost name every problem."""
    return {
        "schema_version": SCHEMA_VERSION,
        "protocol": runs.protocol,
        "correction": "holm" if len(comparisons) > 1 else None,
        "models": dict(runs.models),
        "notes": list(runs.notes),
        "comparisons": [
            {
                "a": c.a,
                "b": c.b,
                "differs": [setting._asdict() for setting in runs.differs[c.b]],
                "only_a": c.only_a,
                "only_b": c.only_b,
                "overall": _line(c.overall),
                "benchmarks": {d.benchmark: _line(d) for d in c.benchmarks},
                "won": [{"problem": p.id, "a": p.a, "b": p.b} for p in c.won],
                "lost": [{"problem": p.id, "a": p.a, "b": p.b} for p in c.lost],
                "in_words": list(sentences(c, "a", "b", len(comparisons))),
            }
            for c in comparisons
        ],
    }


def sentences(comparison: Comparison, a: str, b: str, compared: int = 1) -> Iterator[str]:
    """What the comparison says over all, and what it would take to say more.

    Args:
        comparison: Of two runs.
        a: What the first is called in the sentences.
        b: What the second is called.
        compared: How many runs are compared with the first, for which p is corrected.
    """
    d = comparison.overall
    at = "p < 0.05" if compared == 1 else f"p < 0.05, corrected for {compared} runs,"
    size = f"{100 * abs(d.difference):.1f} points"
    if d.p_holm < 0.05:
        better = b if d.difference > 0 else a
        yield f"{better} is better, by {size} (p {_p(d.p_holm, equals=True)})."
    elif d.difference == 0:
        yield f"No difference between {a} and {b} (p {_p(d.p_holm, equals=True)})."
    else:
        yield f"{a} and {b} are not told apart (p {_p(d.p_holm, equals=True)})."
        yield f"If the true difference is {size}, it would show at {at} in 80 % of repeats with {_takes(d)}."
    if comparison.only_a or comparison.only_b:
        only = [f"{n} only in {x}" for n, x in ((comparison.only_a, a), (comparison.only_b, b)) if n]
        yield f"Compared on the {d.n_problems} problems that both have; left out: {', '.join(only)}."


def _takes(d: Difference) -> str:
    problems = f"{d.more_problems} more problems like these"
    if d.noise_share is None:
        return f"{problems}; whether more samples would do, one sample of a problem doesn't tell (--samples 4)"
    if d.more_samples is not None:
        return f"{d.more_samples} more samples of each problem in both runs, or {problems}"
    if 2 / 2**d.n_problems >= d.level:
        return f"{problems}; more samples can't do it: no outcome of {d.n_problems} is that unlikely by chance"
    share = f"{100 * d.noise_share:.0f} %"
    return f"{problems}; more samples can't do it: sampling makes {share} of the spread, the rest is between problems"


def _differs(b: str, a: str, settings: Sequence[Setting]) -> str:
    if not settings:
        return f"[bold]{b} against {a}[/bold]: the same model, prompt and sampling"
    line = f"[bold]{b} against {a}[/bold]: {escape('; '.join(say_settings(settings)))}"
    found = things(settings)
    if len(found) > 1:
        line += f"\n[red]more than one thing differs ({', '.join(found)}): the difference is that of all together[/red]"
    return line


def _table(comparison: Comparison, a: str, b: str, corrected: bool) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("benchmark", no_wrap=True)
    for column in ("n", a, b, f"{b} - {a} \\[95 %]", "p (Holm)" if corrected else "p", "won/lost/tied"):
        table.add_column(column, justify="right", no_wrap=True)
    for line in comparison.benchmarks:
        table.add_row(line.benchmark, *_cells(line))
    if len(comparison.benchmarks) > 1:
        table.add_section()
        table.add_row("mean", *_cells(comparison.overall))
    return table


def _cells(d: Difference) -> list[str]:
    low, high = d.ci95
    return [
        str(d.n_problems),
        f"{100 * d.mean_a:.1f}",
        f"{100 * d.mean_b:.1f}",
        f"{100 * d.difference:+.1f} \\[{100 * low:+.1f}, {100 * high:+.1f}]",
        _p(d.p_holm),
        f"{d.won}/{d.lost}/{d.tied}",
    ]


def _p(p: float, equals: bool = False) -> str:
    return "< 0.001" if p < 0.001 else f"{'= ' if equals else ''}{p:.3f}"


def _listed(pairs: Sequence[Pair], what: str, at_most: int, a: str, b: str, problems: Mapping[str, Problem]) -> Table:
    more = f", {at_most} of them" if len(pairs) > at_most else ""
    title = f"{len(pairs)} problems {what} by {b}{more}"
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), expand=True
    )
    table.add_column("problem", no_wrap=True)
    for name in (a, b):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("question", no_wrap=True, overflow="ellipsis", ratio=1)
    for pair in pairs[:at_most]:
        question = "".join(c if c.isprintable() else " " for c in problems[pair.id].question[:200])
        table.add_row(escape(pair.id), f"{100 * pair.a:.0f}", f"{100 * pair.b:.0f}", escape(" ".join(question.split())))
    return table


def _line(d: Difference) -> dict[str, Any]:
    return {key: value for key, value in asdict(d).items() if key != "benchmark"} | {"ci95": list(d.ci95)}


def _legend(comparisons: int) -> str:
    text = (
        "In %; paired by problem, n problems; interval and p-value of the mean difference (arXiv 2411.00640). "
        "won: problems with a higher mean score."
    )
    if comparisons > 1:
        text += f" p-values are corrected by Holm's method for {comparisons} runs compared with A."
    return text
