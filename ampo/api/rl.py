"""What `ampo train` does on OpenRLHF with presets other than sft: files of prompts and pool, its RL command."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ampo.api.resuming import resuming, say_trained
from ampo.console import say
from ampo.pretrained import config_of, tokenizer_of

if TYPE_CHECKING:
    from ampo.models import ModelRef
    from ampo.training.config import TrainConfig
    from ampo.training.openrlhf.flags import Place
    from ampo.training.openrlhf.settings import Settings
    from ampo.training.prompts import Guidance, TrainPrompt
    from ampo.training.rundir import TrainDir


def train_rl(
    config: TrainConfig,
    folder: Path,
    stop: Literal["command", "plan"] | None,
    model: ModelRef,
    found: Guidance,
    ray_address: str | None,
) -> None:
    """Train by OpenRLHF's RL, or show what that would be.

    Args:
        config: What is trained, and how.
        folder: The run's.
        stop: Stop after showing OpenRLHF's command, or what the config means; None trains.
        model: A local folder or hub id.
        found: The prompts with their guidance.
        ray_address: Of a cluster to join; None starts one on this machine.
    """
    from ampo.training.openrlhf import data, flags, hardware, plan
    from ampo.training.rundir import TrainDir

    prompts = found.prompts
    gpu = hardware.shown(config) if stop else hardware.found(config, ray_address)
    place = flags.Place(model.path, folder.resolve(), len(prompts), gpu)
    arguments, model_config = flags.argv(config, place), config_of(model)
    plan.check_sizes(config, place, arguments, model_config)
    if stop == "plan":
        print(config.to_toml())
        print("\n".join(plan.describe(config, prompts, place, arguments, model_config)))
        return
    run = TrainDir(place.folder)
    tokenizer = tokenizer_of(model)
    with run.locked():
        if not stop:
            run.start(config)
            run.note_pool(found.solutions, found.refused)
        data.write(place, prompts, tokenizer)
        if not stop:
            settings = _settings(config, place, model, tokenizer)
            _run(run, settings, place, prompts, arguments, ray_address)
    if stop == "command":
        print(shlex.join(["python", "-m", flags.RL.module, *arguments]))
        say("OpenRLHF's part of the run alone: guidance and AMPO's loss are not flags")


def show_alone(config: TrainConfig, folder: Path, stop: Literal["command", "plan"], missing: Exception) -> None:
    """What the config alone tells, where the model can't be had: the command, or the plan.

    Args:
        config: What is trained, and how.
        folder: The run's.
        stop: Which of the two is shown.
        missing: Why the model can't be had.
    """
    from ampo.training.openrlhf import flags, hardware, plan, sft

    command = sft.COMMAND if config.resolved_algorithm().objective == "sft" else flags.RL
    prompts = config.rollout.prompts_per_step
    place = flags.Place(config.model, folder.resolve(), prompts, hardware.shown(config), rows=prompts)
    arguments = flags.argv(config, place, command)
    if stop == "plan":
        print(config.to_toml())
        if command is flags.RL:
            print("\n".join(plan.work(config, place, arguments)))
        say(f"prompts, guidance and memory are not known: {missing}")
    else:
        rl = shlex.join(["python", "-m", command.module, *arguments])
        print(rl if command is flags.RL else sft.shell_command(config, arguments))
        say(f"its prompts are not written, and sizes that depend on their number are not checked: {missing}")


def _settings(config: TrainConfig, place: Place, model: ModelRef, tokenizer: Any) -> Settings:
    """What the run's processes are told beside OpenRLHF's flags."""
    from ampo.engines.transformers import stop_ids
    from ampo.training.openrlhf.settings import Settings
    from ampo.training.turn import end_of_turn

    guided = config.resolved_algorithm().uses_pool
    end = end_of_turn(tokenizer, stop_ids(model.path, model.hub_revision, tokenizer)) if guided else ()
    return Settings(config, place.folder, place.pool_file if guided else None, end)


def _run(
    run: TrainDir,
    settings: Settings,
    place: Place,
    prompts: Sequence[TrainPrompt],
    arguments: list[str],
    ray_address: str | None,
) -> None:
    from ampo.training.openrlhf import checkpoints, data, launch

    if settings.pool:
        data.write_pool(place, prompts)
    with resuming(place.folder, settings.config.steps, partial(checkpoints.latest, place.checkpoints)):
        say(f"OpenRLHF, Ray, DeepSpeed and vLLM start, which takes about a minute; what they say is in {place.log}")
        launch.run(settings, place, arguments, ray_address)
    say_trained(run.final, place.folder)
