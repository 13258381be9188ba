"""What a run's numbers look like in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from ampo.eval.doubtful import findings
from ampo.eval.paper import PaperRow
from ampo.eval.records import VerdictRecord
from ampo.eval.report.figures import (
    averaged,
    averages,
    bounds,
    counts,
    mean,
    pass_at_most,
    percent,
    score,
    tokens,
)
from ampo.eval.rundir import RunDir
from ampo.eval.score import disagreements
from ampo.eval.scores import RATES
from ampo.eval.suites import SUITES, Benchmark, catalogue
from ampo.terminal import Console
from ampo.types import Problem, Protocol
from ampo.verify.audit import audit

_LISTED = 200  # disagreements at most: a table of more is read by nobody


def show_metrics(
    metrics: Mapping[str, Any], where: Path, console: Console | None = None, printed: PaperRow | None = None
) -> None:
    """Print the tables of a metrics.json: the main protocol's, then each other's. Fits 80 columns.

    Args:
        metrics: What is in the file.
        where: The run directory, for the title.
        console: Where to; None is the standard output.
        printed: The paper's row, beside which the mean length is left out.
    """
    console = console or Console(highlight=False)
    others = metrics.get("protocols", {})
    for protocol, summary in {metrics.get("protocol", "ampo"): metrics, **others}.items():
        console.print(_table(summary, f"{where}   protocol {protocol}", printed))
        if unsure := [_unsure(name, row) for name, row in summary["benchmarks"].items() if bounds(row)]:
            console.print(f"not shown: {escape(', '.join(unsure))}")
    console.print(
        "[dim]In %; n problems, k samples each. avg@k: mean over problems, interval clustered by problem. "
        "cut: cut off by the token limit; none: no answer; t-o: judging timed out. "
        "not shown: neither right nor shown to be wrong, and the score with all of these wrong to all right.[/dim]"
    )
    if printed:
        console.print(
            f"[dim]paper: {printed.name} in {printed.source}, protocol official; "
            "↑ above the run's interval, ↓ below it.[/dim]"
        )


def show_catalogue(
    data_dir: Path | None, console: Console | None = None, chosen: Sequence[Benchmark] | None = None
) -> None:
    """List benchmarks with their size, source and licence.

    Args:
        data_dir: A folder of offline copies.
        console: Where.
        chosen: Which; None for all of ours, and the suites.
    """
    console = console or Console(highlight=False)
    table = Table(title="Benchmarks", title_justify="left", title_style="bold")
    table.add_column("name", no_wrap=True)
    table.add_column("problems", justify="right")
    table.add_column("samples", justify="right")
    table.add_column("source", overflow="fold", ratio=3)
    table.add_column("licence", overflow="fold", ratio=2)
    for b in catalogue() if chosen is None else chosen:
        local = data_dir / f"{b.name}.jsonl" if data_dir and not b.dataset else None
        source = str(local) if local and local.is_file() else (b.origin if b.dataset else b.source or "made offline")
        problems = str(b.n_problems or "")
        table.add_row(b.name, problems, str(b.samples), source, b.license)
    console.print(table)
    for name, members in SUITES.items() if chosen is None else ():
        console.print(f"suite [bold]{name}[/bold]: {', '.join(members)}")


def _table(metrics: Mapping[str, Any], title: str, printed: PaperRow | None) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("benchmark", no_wrap=True)
    beside, last = (["paper"], []) if printed else ([], ["tokens"])
    for column in ("n x k", "avg@k [95 %]", *beside, "pass@k", "maj@k", "cut/none/t-o", *last):
        table.add_column(column, justify="right", no_wrap=True)
    for name, row in metrics["benchmarks"].items():
        table.add_row(*_row(name, row, printed))
    if averaged(metrics) > 1:
        table.add_section()
        table.add_row("mean", "", escape(mean(metrics)))
    for name, row in averages(metrics, [printed] if printed else []).items():
        table.add_row(
            name, "", escape(score(row)), *([_beside(printed.averages[name], row["ci95"])] if printed else [])
        )
    return table


def _row(name: str, row: Mapping[str, Any], printed: PaperRow | None) -> list[str]:
    beside = [_beside(printed.figures.get(name), row["ci95"])] if printed else []
    return [
        name,
        counts(row, "x"),
        escape(score(row)),
        *beside,
        percent(pass_at_most(row)),
        percent(row["maj_at_k"]),
        "/".join(percent(row[rate]) for rate in RATES[:3]),
        *([] if printed else [tokens(row)]),
    ]


def _unsure(name: str, row: Mapping[str, Any]) -> str:
    """As in math500 2.4 (61.0-63.4)."""
    return f"{name} {percent(row.get('not_shown_rate', row['timeout_rate']))} ({bounds(row)})"


def _beside(printed: float | None, interval: Sequence[float]) -> str:
    if printed is None:
        return ""
    return f"{printed:.1f} {'↓' if printed < 100 * interval[0] else '↑' if printed > 100 * interval[1] else ' '}"


def show_disagreements(run: RunDir, protocols: Sequence[Protocol], console: Console | None = None) -> None:
    """List the responses that two protocols judge differently, where two were asked for."""
    if len(protocols) < 2:
        return
    console = console or Console(highlight=False)
    a, b = protocols[0], protocols[1]
    problems, responses, verdicts = run.read_problems(), run.read_responses(), run.read_verdicts()
    rows = disagreements(responses, verdicts, a, b)
    if not rows:
        console.print(f"{a} and {b} judge all {len(responses)} responses alike")
        return
    first = f", the first {_LISTED}" if len(rows) > _LISTED else ""
    table = Table(title=f"{len(rows)} of {len(responses)} responses judged differently{first}", title_justify="left")
    for column in ("sample", "reference", a, b):
        table.add_column(column, overflow="fold")
    for response_id in rows[:_LISTED]:
        record = responses[response_id]
        gold, judged = problems[record.problem].answer, verdicts.on(record)
        table.add_row(*(_plain(x) for x in (response_id, gold, _ruling(judged[a]), _ruling(judged[b]))))
    console.print(table)


def _ruling(verdict: VerdictRecord) -> str:
    """The outcome, what was found, and why."""
    found = "" if verdict.extracted is None else f" {verdict.extracted[:80]}"
    return f"{verdict.outcome}:{found} ({verdict.reason})"


def show_audit(problems: Sequence[Problem], console: Console | None = None) -> None:
    """Print which problems are known to be doubtful, what the gold audit finds, and a count by kind."""
    console = console or Console(highlight=False)
    table = Table(title_justify="left", box=SIMPLE_HEAD)
    for column in ("problem", "finding", "reference", "what"):
        table.add_column(column, overflow="fold")
    kinds: Counter[str] = Counter()
    every = chain(findings(problems), audit(problems))
    for finding in track(every, "checking", total=None, console=Console(stderr=True), transient=True):
        kinds[finding.kind] += 1
        new = finding.suggestion and finding.suggestion not in finding.what
        what = f"{finding.what}; {finding.suggestion}" if new else finding.what
        table.add_row(*(_plain(x) for x in (finding.problem, finding.kind, finding.gold, what)))
    if kinds:
        console.print(table)
    counts = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common()) or "nothing to report"
    of = ", ".join(dict.fromkeys(problem.benchmark for problem in problems))
    console.print(f"{len(problems)} reference answers of {of}: {counts}")


def _plain(text: str) -> str:
    """Bounded, and with nothing that rich or a terminal would read as markup."""
    clean = "".join(c if c.isprintable() else " " for c in text[:200])
    return clean.replace("[", r"\[")
