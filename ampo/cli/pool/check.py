"""`ampo pool check`."""

from __future__ import annotations

import json as jsonlib
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from ampo.cli.groups import grouped
from ampo.cli.options import DataDir, Strict
from ampo.cli.pool.shared import Json, PoolPath, Tokenizer, check_output, console, progress
from ampo.console import say
from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.guidance.check import CheckReport
    from ampo.guidance.leakage import LeakFinder


class Benchmarks(NamedTuple):
    """leaks: knows their problems; None where none is to be had. missing: those that can't be had."""

    leaks: LeakFinder | None
    missing: list[str]

    @property
    def described(self) -> str:
        """What leaks are looked for in."""
        return f"{len(self.leaks)} benchmark problems" if self.leaks else "no benchmark"


@dataclass(frozen=True)
class LeakFlags:
    """What is a leak, and what becomes of it."""

    against: Annotated[
        str, typer.Option("--against", help="Suites or benchmarks no prompt may be from; none for no such check.")
    ] = "paper"
    ngram: Annotated[int, typer.Option("--ngram", min=1, help="Words in common that make a leak.")] = 13
    keep_leaks: Annotated[bool, typer.Option("--keep-leaks", help="Report leaks, but leave them in.")] = False
    data_dir: DataDir = None

    def benchmarks(self) -> Benchmarks:
        """The benchmarks that no prompt may be from. Those that can't be had are said."""
        from ampo.eval.data import load_problems
        from ampo.eval.suites import resolve
        from ampo.guidance.leakage import LeakFinder

        if self.against == "none":
            return Benchmarks(None, [])
        problems, missing = [], []
        for benchmark in resolve(self.against):
            try:
                problems += load_problems(benchmark, data_dir=self.data_dir)
            except UserError:  # most often a hub that can't be reached: the others are checked all the same
                missing.append(benchmark.name)
        if missing:
            say(f"leaks not looked for in {', '.join(missing)}: not to be had here (`--data-dir` names offline copies)")
        return Benchmarks(LeakFinder(problems, self.ngram) if problems else None, missing)


@grouped
def check(
    pool: PoolPath,
    *,
    write: Annotated[
        Path | None, typer.Option("--write", "-w", help="Write the clean pool to this .jsonl file.")
    ] = None,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=1, help="Longest solution that may stay.")] = 8192,
    model: Tokenizer = None,
    leak: LeakFlags,
    json: Json = False,
    strict: Strict = False,
) -> None:
    """Verify every solution; find broken rows, repeated prompts, overlong solutions and leaks. Writes a clean pool."""
    from ampo.guidance.check import check as check_pool
    from ampo.guidance.check import survey
    from ampo.guidance.lengths import measure_of
    from ampo.guidance.rows import open_rows
    from ampo.guidance.tables import check_dict, show_check
    from ampo.guidance.writer import writing
    from ampo.verify import VerifierPool

    rows = open_rows(pool)
    if write is not None:
        check_output(write, rows.files)
    measure, measured = measure_of(model)
    surveyed = survey(rows)
    benchmarks = leak.benchmarks()
    how = {"max_tokens": max_tokens, "leaks": benchmarks.leaks, "keep_leaks": leak.keep_leaks}
    writer = writing(write) if write else nullcontext(bool)
    with writer as keep, VerifierPool(eager=False) as verifiers, progress(surveyed.rows) as done:
        report = check_pool(rows, verifiers, surveyed, measure=measure, keep=keep, progress=done, **how)
        _refuse(report, pool, unread=strict, empty=write is not None)
    notes = {"lengths": measured, "against": benchmarks.described, "unchecked": benchmarks.missing}
    if json:
        print(jsonlib.dumps(check_dict(report, notes)))
    else:
        show_check(report, console())
        say(f"lengths: {measured}; leaks: against {benchmarks.described}")
    if write:
        say(f"wrote {write}")


def _refuse(report: CheckReport, pool: str, *, unread: bool, empty: bool) -> None:
    """Raise UserError for reference answers that can't be read, and for a clean pool with nothing in it."""
    if unread and (count := report.counts["unread"]):
        raise UserError(
            f"{count} of {report.prompts} reference answers of {pool} can't be read: "
            f"`ampo pool check {pool}` names them; mend or remove them, or leave out --strict"
        )
    if empty and not report.clean_prompts:
        raise UserError(f"nothing of {pool} is left to write: see `ampo pool check {pool}` for what is wrong")
