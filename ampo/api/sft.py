"""What `ampo train` does with preset sft on OpenRLHF: the pool's solutions as a file, OpenRLHF's SFT command on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ampo.api.resuming import resuming, say_trained
from ampo.console import say
from ampo.errors import UserError
from ampo.pretrained import config_of, tokenizer_of

if TYPE_CHECKING:
    from ampo.models import ModelRef
    from ampo.training.config import TrainConfig
    from ampo.training.openrlhf.flags import Place
    from ampo.training.prompts import Guidance


def train_sft(
    config: TrainConfig,
    folder: Path,
    stop: Literal["command", "plan"] | None,
    model: ModelRef,
    guidance: Guidance,
) -> None:
    """Train by OpenRLHF's SFT, or show what that would be.

    Args:
        config: What is trained, and how.
        folder: The run's.
        stop: Stop after showing OpenRLHF's command, or what the config means; None trains.
        model: A local folder or hub id.
        guidance: The prompts with the solutions that are learnt from.
    """
    from ampo.training.openrlhf import hardware
    from ampo.training.openrlhf.flags import Place
    from ampo.training.rundir import TrainDir

    gpu = hardware.shown(config) if stop else hardware.found(config)
    place = Place(model.path, folder.resolve(), len(guidance.prompts), gpu)
    if stop == "plan":
        _train(config, place, stop, model, guidance)
    else:
        with TrainDir(place.folder).locked():
            _train(config, place, stop, model, guidance)


def _train(
    config: TrainConfig, place: Place, stop: Literal["command", "plan"] | None, model: ModelRef, guidance: Guidance
) -> None:
    """With the run's folder locked, unless nothing is written."""
    from ampo.engines.transformers import stop_ids
    from ampo.training.openrlhf import data, plan, sft
    from ampo.training.turn import end_of_turn

    model_config = config_of(model)
    plan.check_positions(config, model_config)
    prompts = guidance.prompts
    tokenizer = tokenizer_of(model)
    end = end_of_turn(tokenizer, stop_ids(model.path, model.hub_revision, tokenizer))
    rows = data.solutions(prompts, tokenizer, end, config.rollout.max_tokens)
    found = sum(1 for _ in rows) if stop == "plan" else data.write_solutions(place, rows)
    if left_out := sum(len(p.solutions) for p in prompts) - found:
        say(
            f"{left_out} solutions are left out: longer than rollout.max_tokens = {config.rollout.max_tokens}, or not "
            "to be told from the end of their prompt"
        )
    if not found:
        raise UserError(f"no solution has room in rollout.max_tokens = {config.rollout.max_tokens}: raise it")
    place = replace(place, rows=found)
    arguments, resolved = sft.argv(config, place), sft.resolved(config, place)
    if stop == "plan":
        print(resolved.to_toml())
        print("\n".join(sft.describe(config, place, arguments, model_config)))
    elif stop == "command":
        print(sft.shell_command(config, arguments))
    else:
        _run(resolved, place, guidance, arguments, sft.processes(config))


def _run(config: TrainConfig, place: Place, guidance: Guidance, arguments: Sequence[str], processes: int) -> None:
    from ampo.training.openrlhf import checkpoints, sft_launch
    from ampo.training.rundir import TrainDir

    run = TrainDir(place.folder)
    run.start(config)
    run.note_pool(guidance.solutions, guidance.refused)
    with resuming(place.folder, config.steps, partial(checkpoints.latest, place.checkpoints)):
        say(f"OpenRLHF and DeepSpeed start; what they say is in {place.log}")
        sft_launch.run(config, place, arguments, processes)
    say_trained(run.final, place.folder)
