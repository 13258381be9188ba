"""What a run's numbers look like in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ampo.types import Protocol
from eval.rundir import RunDir
from eval.score import disagreements
from eval.suites import SUITES, catalogue


def show_metrics(metrics: dict[str, Any], where: Path, console: Console | None = None) -> None:
    """Print the tables of a metrics.json: the main protocol's, then each other's."""
    console = console or Console(highlight=False)
    others = metrics.get("protocols", {})
    for protocol, summary in {metrics.get("protocol", "ampo"): metrics, **others}.items():
        console.print(_table(summary, f"{where}   protocol {protocol}"))
    console.print(
        "[dim]avg@k: mean over problems, in %, with its 95 % interval clustered by problem. "
        "bounds: all unresolved verdicts wrong, all right.[/dim]"
    )


def show_catalogue(data_dir: Path | None, console: Console | None = None) -> None:
    """List the suites, and every benchmark with its size, source and licence."""
    console = console or Console(highlight=False)
    table = Table(title="Benchmarks", title_justify="left", title_style="bold")
    table.add_column("name", no_wrap=True)
    table.add_column("problems", justify="right")
    table.add_column("samples", justify="right")
    table.add_column("source", overflow="fold", ratio=3)
    table.add_column("licence", overflow="fold", ratio=2)
    for b in catalogue():
        local = data_dir / f"{b.name}.jsonl" if data_dir else None
        source = str(local) if local and local.is_file() else (b.source or "made offline")
        problems = str(b.n_problems or "")
        table.add_row(b.name, problems, str(b.samples), source, b.license)
    console.print(table)
    for name, members in SUITES.items():
        console.print(f"suite [bold]{name}[/bold]: {', '.join(members)}")


def _table(metrics: dict[str, Any], title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in ("benchmark", "problems", "samples"):
        table.add_column(column, justify="left" if column == "benchmark" else "right")
    for column in ("avg@k", "95 % interval", "pass@k", "maj@k", "cut off", "no answer", "time-out", "tokens"):
        table.add_column(column, justify="right")
    for name, row in metrics["benchmarks"].items():
        table.add_row(*_row(name, row))
    if len(metrics["benchmarks"]) > 1:
        table.add_section()
        table.add_row("mean of benchmarks", "", "", _percent(metrics["macro_avg"]))
    return table


def _row(name: str, row: dict[str, Any]) -> list[str]:
    low, high = row["ci95"]
    worst, best = row["bounds"]
    bounds = "" if worst == best else f" ({_percent(worst)} to {_percent(best)})"
    k = max(row["pass_at_k"], key=int, default="1")
    return [
        name,
        str(row["n_problems"]),
        str(row["n_samples"]),
        _percent(row["avg_at_k"]) + bounds,
        f"{_percent(low)} to {_percent(high)}",
        f"{_percent(row['pass_at_k'][k])} (k={k})" if row["pass_at_k"] else "",
        _percent(row["maj_at_k"]),
        _percent(row["truncated_rate"]),
        _percent(row["no_answer_rate"]),
        _percent(row["timeout_rate"]),
        f"{row['mean_completion_tokens']:.0f}",
    ]


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def show_disagreements(run: RunDir, protocols: Sequence[Protocol], console: Console | None = None) -> None:
    """List the responses that two protocols judge differently, where two were asked for."""
    if len(protocols) < 2:
        return
    console = console or Console(highlight=False)
    a, b = protocols[0], protocols[1]
    problems, responses, verdicts = run.read_problems(), run.read_responses(), run.read_verdicts()
    rows = disagreements(responses, verdicts, a, b)
    table = Table(title=f"{len(rows)} of {len(responses)} responses judged differently", title_justify="left")
    for column in ("sample", "reference", f"found by {a}", a, b, "reason"):
        table.add_column(column, overflow="fold")
    for response_id, first, second in rows:
        verdict = verdicts[response_id, a]
        gold = problems[responses[response_id].problem].answer
        table.add_row(*(_plain(x) for x in (response_id, gold, verdict.extracted or "", first, second, verdict.reason)))
    console.print(table)


def _plain(text: str) -> str:
    """Bounded, and with nothing that rich or a terminal would read as markup."""
    clean = "".join(c if c.isprintable() else " " for c in text[:200])
    return clean.replace("[", r"\[")
