"""`ampo eval --harness lm-eval`: the flags of `ampo eval` as lm-eval means them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ampo.cli.options import engine_settings, given_sampling, named_values
from ampo.console import say
from ampo.errors import UserError, nearest

HARNESS = "Other harnesses"
HARNESSES = ("ampo", "lm-eval")
HarnessName = Annotated[
    str, typer.Option("--harness", help="ampo, or lm-eval to run any task of its.", rich_help_panel=HARNESS)
]
HarnessArg = Annotated[
    list[str] | None,
    typer.Option(
        "--harness-arg",
        help="NAME=VALUE for lm-eval: apply_chat_template, num_fewshot, system_instruction, ...",
        rich_help_panel=HARNESS,
    ),
]

_NAMES = {"max_tokens": "max_gen_toks", "stop": "until"}
_FOR_OURS = ("template", "data_dir")
_DATA = ("data", "question_column", "answer_column", "id_column", "options_column")
_SAMPLING = ("until_ci", "max_samples", "ci_over", "dry_run", "tokens_per_second", "mean_tokens")


def evaluate_with(given: Mapping[str, Any]) -> bool:
    """Run another harness if one is asked for, and say whether it was. given: all that `ampo eval` was given."""
    if given["harness"] not in HARNESSES:
        raise UserError(f"unknown harness {given['harness']!r}: {nearest(given['harness'], HARNESSES, 'a harness')}")
    if given["harness"] == "ampo":
        if given["harness_arg"]:
            raise UserError("--harness-arg is for another harness: give --harness lm-eval, too")
        return False
    for name in (*_DATA, *_SAMPLING):
        if given.get(name):
            way = "lm-eval takes tasks, or task YAMLs" if name in _DATA else "leave out --harness"
            raise UserError(f"--{name.replace('_', '-')} is for our own harness: {way}")
    _run_lm_eval(given)
    return True


def _run_lm_eval(given: Mapping[str, Any]) -> None:
    from ampo.engines.source import source_of
    from ampo.eval.harness.run import HarnessSpec, require_lm_eval, run_lm_eval
    from ampo.eval.harness.table import show
    from ampo.eval.rundir import RunDir
    from ampo.eval.spec import default_output_dir

    require_lm_eval()
    tasks = [name.strip() for part in given["suite"] or [] for name in part.split(",") if name.strip()]
    source = source_of(
        given["model"],
        given["backend"],
        base_url=given["base_url"],
        api_key=given["api_key"],
        concurrency=given["concurrency"],
        settings=engine_settings(dict(given)),
        say=say,
    )
    spec = HarnessSpec(
        tasks=tasks,
        model=source.name,
        revision=source.revision,
        limit=given["limit"],
        samples=given["samples"],
        seed=given["seed"],
        generation=_generation(given),
        options=named_values("--harness-arg", given["harness_arg"] or []),
        metadata=_metadata(given),
    )
    run = RunDir(given["output_dir"] or default_output_dir(["lm-eval", *tasks], source.name))
    metrics = run_lm_eval(spec, run, source.start, say)
    show(metrics, run.path)


def _generation(given: Mapping[str, Any]) -> dict[str, Any]:
    """The sampling flags as lm-eval's generation_kwargs."""
    sampling = given_sampling(dict(given) | {"seed": None})
    generation = {_NAMES.get(name, name): value for name, value in sampling.items()}
    if "temperature" in generation:
        generation["do_sample"] = generation["temperature"] > 0
    return generation


def _metadata(given: Mapping[str, Any]) -> dict[str, Any]:
    """What our own tasks are told."""
    metadata = {name: str(given[name]) for name in _FOR_OURS if given.get(name)}
    if isinstance(metadata.get("data_dir"), str):
        metadata["data_dir"] = str(Path(metadata["data_dir"]).expanduser())
    if given["samples"]:
        metadata["samples"] = given["samples"]
    if given["protocol"]:
        metadata["protocol"] = "+".join(given["protocol"])
    return metadata
