"""`ampo eval --harness lm-eval`: the flags of `ampo eval` as lm-eval means them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from ampo.cli.flags import ModelFlags, RunFlags, SamplingFlags
from ampo.cli.options import named_values
from ampo.console import say
from ampo.errors import UserError, nearest

HARNESS = "Other harnesses"
HARNESSES = ("ampo", "lm-eval")
_NAMES = {"max_tokens": "max_gen_toks", "stop": "until"}
_DATA = ("data", "question_column", "answer_column", "id_column", "options_column")


@dataclass(frozen=True)
class HarnessFlags:
    """Whose harness runs the tasks."""

    harness: Annotated[
        str, typer.Option("--harness", help="ampo, or lm-eval to run any task of its.", rich_help_panel=HARNESS)
    ] = "ampo"
    harness_arg: Annotated[
        list[str] | None,
        typer.Option(
            "--harness-arg",
            help="NAME=VALUE for lm-eval: apply_chat_template, num_fewshot, system_instruction, ...",
            rich_help_panel=HARNESS,
        ),
    ] = None

    def other(self, for_ours: Mapping[str, Any]) -> bool:
        """Whether it is not ours. for_ours: flags that another harness has no use for; one that is given is refused."""
        if self.harness not in HARNESSES:
            raise UserError(f"unknown harness {self.harness!r}: {nearest(self.harness, HARNESSES, 'a harness')}")
        if self.harness == "ampo":
            if self.harness_arg:
                raise UserError("--harness-arg is for another harness: give --harness lm-eval, too")
            return False
        for name, value in for_ours.items():
            if value:
                way = "lm-eval takes tasks, or task YAMLs" if name in _DATA else "leave out --harness"
                raise UserError(f"--{name.replace('_', '-')} is for our own harness: {way}")
        return True


def evaluate_with(harness: HarnessFlags, what: RunFlags, model: ModelFlags, sampling: SamplingFlags) -> None:
    """Run lm-eval's tasks and show its table."""
    from ampo.eval.harness.run import HarnessSpec, require_lm_eval, run_lm_eval
    from ampo.eval.harness.table import show
    from ampo.eval.rundir import RunDir
    from ampo.eval.spec import default_output_dir

    require_lm_eval()
    tasks = [name.strip() for part in what.suite or [] for name in part.split(",") if name.strip()]
    source = model.source()
    spec = HarnessSpec(
        tasks=tasks,
        model=source.name,
        revision=source.revision,
        limit=what.limit,
        samples=what.samples,
        seed=what.seed,
        generation=_generation(sampling),
        options=named_values("--harness-arg", harness.harness_arg or []),
        metadata=_metadata(what),
    )
    run = RunDir(what.output_dir or default_output_dir(["lm-eval", *tasks], source.name))
    metrics = run_lm_eval(spec, run, source.start, say)
    show(metrics, run.path)


def _generation(sampling: SamplingFlags) -> dict[str, Any]:
    """The sampling flags as lm-eval's generation_kwargs."""
    generation = {_NAMES.get(name, name): value for name, value in sampling.given().items()}
    if "temperature" in generation:
        generation["do_sample"] = generation["temperature"] > 0
    return generation


def _metadata(what: RunFlags) -> dict[str, Any]:
    """What our own tasks are told."""
    told = {
        "template": what.template,
        "data_dir": what.data_dir and str(what.data_dir.expanduser()),
        "samples": what.samples,
        "protocol": "+".join(what.protocol or []),
    }
    return {name: value for name, value in told.items() if value}
