"""What `ampo eval` can be told about how much to sample: until an interval is narrow enough, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.cli.flags import ModelFlags
    from ampo.eval.adaptive import Rule
    from ampo.eval.suites import Benchmark
    from ampo.types import Problem

ADAPTIVE = "Adaptive sampling"
PLAN = "Dry run"
CAP = 64


@dataclass(frozen=True)
class AdaptiveFlags:
    """Sampling until an interval is narrow enough."""

    until_ci: Annotated[
        float | None,
        typer.Option(
            "--until-ci",
            metavar="POINTS",
            help="Sample on until half the 95 % interval is this narrow, in each benchmark; "
            "--samples is what every problem starts from (4).",
            rich_help_panel=ADAPTIVE,
        ),
    ] = None
    max_samples: Annotated[
        int | None,
        typer.Option(
            "--max-samples", min=1, help=f"Stop at so many samples of a problem ({CAP}).", rich_help_panel=ADAPTIVE
        ),
    ] = None
    ci_over: Annotated[
        str | None,
        typer.Option(
            "--ci-over",
            metavar="problems|samples",
            help="Which interval: over problems like these (the tables'), or over samples of just these.",
            rich_help_panel=ADAPTIVE,
        ),
    ] = None

    def rule(self) -> Rule | None:
        """The rule of an adaptive run; None where none was asked for."""
        from ampo.eval.adaptive import Rule, as_over

        if self.until_ci is None:
            for name, given in (("--max-samples", self.max_samples), ("--ci-over", self.ci_over)):
                if given is not None:
                    raise UserError(f"{name} is for adaptive sampling: give --until-ci POINTS, too")
            return None
        return Rule(self.until_ci / 100, as_over(self.ci_over or "problems"), self.max_samples or CAP)


@dataclass(frozen=True)
class PlanFlags:
    """Saying what a run would take, in place of it."""

    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be asked and what it takes, and stop.", rich_help_panel=PLAN),
    ] = False
    tokens_per_second: Annotated[
        float | None,
        typer.Option("--tokens-per-second", min=0.001, help="Of one GPU, all requests together.", rich_help_panel=PLAN),
    ] = None
    mean_tokens: Annotated[
        float | None, typer.Option("--mean-tokens", min=1, help="Of a response, on average.", rich_help_panel=PLAN)
    ] = None

    def wanted(self) -> bool:
        """Whether to plan. Raises UserError for what only an estimate has use for."""
        for name, value in (("--tokens-per-second", self.tokens_per_second), ("--mean-tokens", self.mean_tokens)):
            if value is not None and not self.dry_run:
                raise UserError(f"{name} is for an estimate: give --dry-run, too")
        return self.dry_run


def show_plan(
    benchmarks: list[Benchmark],
    model: ModelFlags,
    plan: PlanFlags,
    how: Mapping[str, Any],
    check: Callable[[Sequence[Problem]], object],
) -> None:
    """Print what a run would ask and what it would take.

    Args:
        benchmarks: What is asked.
        model: Which, and who would run it.
        plan: The flags for the estimate.
        how: The settings that it shares with the run.
        check: Is shown the problems.
    """
    from ampo.engines.source import loaded_here, shown_name
    from ampo.eval.plan import make_plan
    from ampo.eval.plan_table import show

    estimate = {"tokens_per_second": plan.tokens_per_second, "mean_tokens": plan.mean_tokens}
    name = shown_name(model.model, model.backend, model.base_url)
    here = loaded_here(model.backend, model.base_url)
    show(make_plan(benchmarks, name, here=here, check=check, **estimate, **how))
