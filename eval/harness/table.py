"""What another harness's scores look like in a terminal: every metric of every task, with its interval."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from ampo.terminal import Console

_NAMES = {"avg_at_k": "avg@k", "pass_at_k": "pass@k", "maj_at_k": "maj@k"}


def show(metrics: dict[str, Any], where: Path, console: Console | None = None) -> None:
    """Print a table of metrics that `ampo.eval.elsewhere` reads. Fits 80 columns."""
    console = console or Console(highlight=False)
    version = metrics.get("harness_version") or metrics.get("lm_eval_version") or ""
    title = f"{where}   {metrics['harness']} {version}".rstrip()
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("task", overflow="fold")
    table.add_column("judged by", no_wrap=True)
    table.add_column("n x k", justify="right", no_wrap=True)
    table.add_column("metric", no_wrap=True)
    table.add_column("value [95 %]", justify="right", no_wrap=True)
    for row in _rows(metrics):
        table.add_row(*row)
    console.print(table)
    console.print(
        f"[dim]Intervals are over the problems. Values as {metrics['harness']} gives them: shares, unless the metric "
        "isn't.[/dim]"
    )


def _rows(metrics: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for summary in (metrics, *metrics.get("protocols", {}).values()):
        for entry in summary["benchmarks"].values():
            size = ""
            if "n_problems" in entry:
                size = f"{entry['n_problems']} x {entry['samples_per_problem'][1]}"
            first = True
            for name, metric in entry["metrics"].items():
                lead = (entry["task"], entry["filter"], size) if first else ("", "", "")
                yield *lead, str(_NAMES.get(name, name)), _value(entry, name, metric)
                first = False


def _value(entry: dict[str, Any], name: str, metric: dict[str, Any]) -> str:
    text = f"{metric['value']:.4f}"
    if name == entry.get("metric") and "ci95" in entry:
        low, high = entry["ci95"]
        return f"{text} \\[{low:.4f}, {high:.4f}]"
    return text if metric["stderr"] is None else f"{text} ± {metric['stderr']:.4f}"
