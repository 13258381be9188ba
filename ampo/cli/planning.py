"""What `ampo eval` can be told about how much to sample: until an interval is narrow enough, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.eval.adaptive import Rule
    from ampo.eval.suites import Benchmark
    from ampo.types import Problem

ADAPTIVE = "Adaptive sampling"
PLAN = "Dry run"
CAP = 64

UntilCi = Annotated[
    float | None,
    typer.Option(
        "--until-ci",
        metavar="POINTS",
        help="Sample on until half the 95 % interval is this narrow, in each benchmark; "
        "--samples is what every problem starts from (4).",
        rich_help_panel=ADAPTIVE,
    ),
]
MaxSamples = Annotated[
    int | None,
    typer.Option(
        "--max-samples", min=1, help=f"Stop at so many samples of a problem ({CAP}).", rich_help_panel=ADAPTIVE
    ),
]
CiOver = Annotated[
    str | None,
    typer.Option(
        "--ci-over",
        metavar="problems|samples",
        help="Which interval: over problems like these (the tables'), or over samples of just these.",
        rich_help_panel=ADAPTIVE,
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be asked and what it takes, and stop.", rich_help_panel=PLAN)
]
TokensPerSecond = Annotated[
    float | None,
    typer.Option("--tokens-per-second", min=0.001, help="Of one GPU, all requests together.", rich_help_panel=PLAN),
]
MeanTokens = Annotated[
    float | None, typer.Option("--mean-tokens", min=1, help="Of a response, on average.", rich_help_panel=PLAN)
]


def sampling_rule(until_ci: float | None, max_samples: int | None, over: str | None) -> Rule | None:
    """The rule of an adaptive run; None where none was asked for."""
    from ampo.eval.adaptive import Rule, as_over

    if until_ci is None:
        for name, given in (("--max-samples", max_samples), ("--ci-over", over)):
            if given is not None:
                raise UserError(f"{name} is for adaptive sampling: give --until-ci POINTS, too")
        return None
    return Rule(until_ci / 100, as_over(over or "problems"), max_samples or CAP)


def show_plan(
    benchmarks: list[Benchmark],
    model: str,
    tokens_per_second: float | None,
    mean_tokens: float | None,
    how: Mapping[str, Any],
    check: Callable[[Sequence[Problem]], object],
) -> None:
    """Print what a run would ask and what it would take. how: the settings that it shares with the run; check: is shown
    its problems."""
    from ampo.eval.plan import make_plan
    from ampo.eval.plan_table import show

    plan = make_plan(
        benchmarks, model, tokens_per_second=tokens_per_second, mean_tokens=mean_tokens, check=check, **how
    )
    show(plan)
