"""What a pool's check and statistics look like in a terminal, and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ampo.guidance.build import REASONS, BuildReport
from ampo.guidance.check import KINDS, CheckReport, Finding
from ampo.guidance.stats import PoolStats, TeacherStats
from ampo.terminal import Console
from ampo.types import OUTCOMES

_SHORT = {
    "wrong": "wrong",
    "no_answer": "none",
    "truncated": "cut off",
    "timeout": "timed out",
    "too_long": "too long",
    "repetitive": "looping",
    "duplicate": "repeated",
}
_SHOWN = 3  # findings of a kind


def check_dict(report: CheckReport, notes: Mapping[str, Any]) -> dict[str, Any]:
    """A report as plain data. notes: how it was made."""
    return {
        "schema_version": 1,
        **notes,
        "rows": report.rows,
        "prompts": report.prompts,
        "solutions": report.solutions,
        "counts": dict(report.counts),
        "outcomes": {source: dict(counts) for source, counts in report.outcomes.items()},
        "agreement": [
            {"recorded": recorded, "verifier": verifier, "solutions": n}
            for (recorded, verifier), n in sorted(report.agreement.items())
        ],
        "disagreements": [finding._asdict() for finding in report.disagreements],
        "clean": {
            "prompts": report.clean_prompts,
            "solutions": report.clean_solutions,
            "prompts_without_solution": report.empty_prompts,
        },
        "findings": [finding._asdict() for found in report.findings.values() for finding in found],
    }


def show_check(report: CheckReport, console: Console) -> None:
    """Print what is wrong with a pool, with a few examples of each kind."""
    table = _table(f"{report.prompts} prompts, {report.solutions} solutions", "finding", "number")
    for kind, meaning in KINDS.items():
        if report.counts[kind]:
            table.add_row(meaning, str(report.counts[kind]))
    console.print(table if table.row_count else f"{report.prompts} prompts, {report.solutions} solutions: all in order")
    for kind in KINDS:
        for finding in report.findings[kind][:_SHOWN]:
            console.print(f"[dim]{escape(_line(finding))}[/dim]", soft_wrap=True)
    if report.agreement:
        _show_agreement(report, console)
    console.print(
        f"clean: {report.clean_prompts} prompts with {report.clean_solutions} solutions; "
        f"{report.empty_prompts} of them have none"
    )


def show_stats(stats: PoolStats, measured: str, console: Console) -> None:
    """Print coverage, teachers and their agreement."""
    console.print(f"{stats.prompts} prompts, {stats.solutions} solutions, {stats.right} of them right")
    coverage = _table("Right solutions a prompt", "right", "prompts", "share")
    for right, prompts in stats.coverage.items():
        coverage.add_row(str(right), str(prompts), f"{100 * prompts / stats.prompts:.1f} %")
    console.print(coverage)
    if not stats.teachers:
        return
    columns = ("solutions", "right", "cut/none/t-o", "solved", "tokens, 95 %")
    teachers = _table("Teachers", "teacher", *columns)
    for teacher in stats.teachers:
        teachers.add_row(*_teacher(teacher))
    console.print(teachers)
    if stats.pairs:
        pairs = _table(
            "Agreement on what can be solved", "teachers", "both", "one", "other", "neither", "agree", "kappa"
        )
        for p in stats.pairs:
            kappa = "-" if p.kappa is None else f"{p.kappa:.2f}"
            numbers = (p.both, p.only_a, p.only_b, p.neither)
            pairs.add_row(escape(f"{p.a}\n{p.b}"), *map(str, numbers), f"{100 * p.agreement:.1f} %", kappa)
        console.print(pairs)
    console.print(
        "[dim]cut/none/t-o: cut off, no answer, judging timed out. solved: prompts with a right solution. tokens: "
        f"median and 95 % quantile of right solutions, {escape(measured)}. kappa: agreement beyond chance.[/dim]"
    )


def build_dict(report: BuildReport) -> dict[str, Any]:
    """A build's report as plain data."""
    return {
        "schema_version": 1,
        "prompts": report.prompts,
        "solutions": report.solutions,
        "coverage": {str(n): k for n, k in report.coverage.items()},
        "teachers": {source: dict(counts) for source, counts in report.teachers.items()},
    }


def show_build(report: BuildReport, console: Console) -> None:
    """Print what each teacher gave, and what was refused and why."""
    table = _table("Teachers", "teacher", "asked", "kept", *(_SHORT[reason] for reason in REASONS))
    for source, counts in report.teachers.items():
        numbers = (counts.get(key, 0) for key in ("responses", "accepted", *REASONS))
        table.add_row(escape(source), *map(str, numbers))
    console.print(table)
    solved = report.prompts - report.coverage.get(0, 0)
    console.print(f"{report.prompts} prompts, {solved} of them with a solution; {report.solutions} solutions")


def _teacher(t: TeacherStats) -> tuple[str, ...]:
    rest = "/".join(
        str(t.outcomes.get(outcome, 0)) for outcome in OUTCOMES if outcome in ("truncated", "no_answer", "timeout")
    )
    return (
        escape(t.source),
        str(t.solutions),
        f"{100 * t.right / t.solutions:.1f} %",
        rest,
        str(t.solved),
        f"{t.lengths[0.5]}, {t.lengths[0.95]}" if t.lengths else "-",
    )


def _show_agreement(report: CheckReport, console: Console) -> None:
    table = _table("The pool's own judgement against the verifier's", "in the pool", "verifier: right", "not right")
    for recorded in (True, False):
        numbers = [str(report.agreement.get((recorded, verifier), 0)) for verifier in (True, False)]
        table.add_row("right" if recorded else "wrong", *numbers)
    console.print(table)
    total = sum(report.agreement.values())
    same = sum(n for (recorded, verifier), n in report.agreement.items() if recorded == verifier)
    console.print(f"they agree on {same} of {total}")
    for finding in report.disagreements[: 3 * _SHOWN]:
        console.print(f"[dim]{escape(_line(finding))}[/dim]", soft_wrap=True)


def _line(finding: Finding) -> str:
    who = " ".join(part for part in (finding.uid, finding.source) if part)
    about = f"{finding.where}{f' ({who})' if who else ''}"
    return f"{finding.kind}: {about}{f': {finding.detail}' if finding.detail else ''}"


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(first)
    for column in columns:
        table.add_column(column, justify="right")
    return table
