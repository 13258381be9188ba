"""What a plan looks like in a terminal, with the paper's figures that its scores would stand beside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ampo.eval import paper
from ampo.eval.plan import QUESTION_CHARS, Item, Plan
from ampo.terminal import Console
from ampo.types import SamplingParams


def show(plan: Plan, console: Console | None = None) -> None:
    """Print the plan: what would be asked, what it takes, and what it would be compared with. Fits 80 columns."""
    console = console or Console(highlight=False)
    printed, revised = paper.row_of(plan.model), paper.row_of(plan.model, "revision")
    console.print(_table(plan, printed, revised))
    for line in [*_how(plan), "", *_cost(plan), "", *_compared(plan, printed, revised)]:
        console.print(line)


def _table(plan: Plan, printed: paper.PaperRow | None, revised: paper.PaperRow | None) -> Table:
    title = f"Dry run: {plan.model} is not asked"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("benchmark", no_wrap=True)
    rows = [row for row in (printed, revised) if row]
    for column in (
        "problems x k",
        "prompts",
        "expected",
        "at most",
        *("paper" if r is printed else "revised" for r in rows),
    ):
        table.add_column(column, justify="right", no_wrap=True)
    for item in plan.items:
        figures = [_figure(row.figures.get(item.benchmark)) for row in rows]
        table.add_row(f"{item.benchmark}{'*' if item.missing else ''}", *_cells(plan, item), *figures)
    names = {item.benchmark for item in plan.items}
    averages = [name for name, members in paper.AVERAGES.items() if rows and names.issuperset(members)]
    table.add_section()
    samples = sum(item.problems * item.most_samples for item in plan.items)
    rough = "" if all(item.counted for item in plan.items) else "~"
    totals = (
        f"{samples:,}",
        f"{rough}{_short(plan.prompt_tokens)}",
        _short(plan.expected_tokens),
        _short(plan.most_tokens),
    )
    table.add_row("samples, tokens", *totals)
    for name in averages:
        table.add_row(name, "", "", "", "", *(_figure(row.averages.get(name)) for row in rows))
    return table


def _cells(plan: Plan, item: Item) -> list[str]:
    k = str(item.samples) if item.samples == item.most_samples else f"{item.samples}-{item.most_samples}"
    return [
        f"{item.problems:,} x {k}",
        f"{'' if item.counted else '~'}{_short(item.prompt_tokens)}",
        _short(item.expected_tokens(plan.mean_tokens)),
        _short(item.most_tokens),
    ]


def _how(plan: Plan) -> Iterator[str]:
    """The prompts and the sampling, once for all benchmarks that share them; and own ways to find answers."""
    groups: dict[tuple[str, str], list[str]] = {}
    for item in plan.items:
        groups.setdefault((_prompt(item), _sampling(item.params)), []).append(item.benchmark)
    for (prompt, sampling), names in groups.items():
        which = f" ({', '.join(names)})" if len(groups) > 1 else ""
        yield f"[bold]prompt[/bold]{which}: {escape(prompt)}"
        yield f"[bold]sampling[/bold]{which}: {escape(sampling)}, seed {plan.seed}"
    for item in plan.items:
        if item.extract:
            yield f"[bold]extraction[/bold] ({item.benchmark}): {escape(item.extract)}"
    if plan.rule:
        yield f"[bold]adaptive[/bold]: {plan.rule}"
    if lacking := [item for item in plan.items if item.missing]:
        yield f"[yellow]*[/yellow] number and length of problems are the catalogue's: {escape(lacking[0].missing)}"
    if assumed := [item.benchmark for item in plan.items if item.assumed]:
        yield f"how long questions are is not known and assumed, {QUESTION_CHARS} characters: {', '.join(assumed)}"


def _prompt(item: Item) -> str:
    template = item.template
    system = f"system {template.system!r}, " if template.system else ""
    return f"template {template.name}: {system}user {template.user!r}; options as {template.options_line!r}"


def _sampling(params: SamplingParams) -> str:
    """What differs from a model that is simply sampled, with what everybody asks for."""
    always = ("temperature", "top_p", "max_tokens")
    names = [f.name for f in fields(params) if f.name not in ("n", "seed")]
    shown = [n for n in names if n in always or getattr(params, n) != getattr(SamplingParams(), n)]
    return ", ".join(f"{name} {getattr(params, name)}" for name in shown)


def _cost(plan: Plan) -> Iterator[str]:
    requests = sum(item.problems for item in plan.items)
    yield (
        f"[bold]requests[/bold]: {requests:,}, each for all samples of a problem. Prompt tokens, read once a request: "
        f"{escape(plan.tokens_basis)}."
    )
    yield f"[bold]expected[/bold]: {plan.mean_tokens:,.0f} tokens a response ({plan.mean_basis})."
    most = plan.most_tokens
    limit = f", {_hours(plan.gpu_hours(most))} at most" if most is not None else "; without max_tokens there is no most"
    up_to = " (if every problem goes to the cap)" if plan.rule else ""
    yield (
        f"[bold]GPU hours[/bold]: about {_hours(plan.gpu_hours(plan.expected_tokens))}{limit}{up_to}, at "
        f"{plan.speed:,.0f} tokens/s ({plan.speed_basis}; --tokens-per-second). Engine start and judging come on top."
    )


def _compared(plan: Plan, printed: paper.PaperRow | None, revised: paper.PaperRow | None) -> Iterator[str]:
    names = {item.benchmark for item in plan.items}
    if printed is None or not names & printed.figures.keys():
        why = f"{plan.model} is not in it" if printed is None else "these benchmarks are not in it"
        yield f"[bold]compared with[/bold]: nothing of the paper's Table 1, since {escape(why)}."
        return
    sources = [f"paper: {printed.name} in {printed.source}"]
    if revised:
        sources.append(f"revised: {revised.source}")
    yield f"[bold]compared with[/bold]: {escape('; '.join(sources))}. In %, by protocol official, without intervals."
    for note in paper.notes(row=printed.name):
        yield f"[dim]{escape(note)}[/dim]"


def _short(n: float | None) -> str:
    if n is None:
        return "no limit"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return f"{n:.0f}"


def _hours(hours: float) -> str:
    return f"{hours:,.0f}" if hours >= 10 else f"{hours:.2g}"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
