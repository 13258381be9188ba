"""Preset sft on OpenRLHF's own SFT command: its table of flags, what is refused, what a run means.

OpenRLHF's SFT takes rows in whole epochs and a fixed number of them an update; the local backend takes all solutions of
`rollout.prompts_per_step` prompts. Here an update has as many rows as that many prompts have on average, `steps` is
rounded to whole epochs, and a step is an update.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ampo.errors import UserError
from ampo.training.config import TrainConfig
from ampo.training.openrlhf import flags, refusals
from ampo.training.openrlhf.flags import Command, Place, own_settings, parse
from ampo.training.openrlhf.plan import memory


@dataclass(frozen=True, slots=True)
class Course:
    """batch: rows an update, over all processes. steps: updates of the whole run."""

    epochs: int
    batch: int
    steps: int


def processes(config: TrainConfig) -> int:
    """GPUs that train, one unless it is set."""
    return int(config.openrlhf.get("actor.num_gpus_per_node", 1))


def course(config: TrainConfig, place: Place) -> Course:
    """Raises UserError where an update takes more rows than there are."""
    own = own_settings(config, COMMAND)
    together = own["train.micro_batch_size"] * max(
        processes(config) // (own["ds.tensor_parallel_size"] * own["ds.ring_attn_size"]), 1
    )
    wanted = min(config.rollout.prompts_per_step, place.prompts)
    epochs = max(round(config.steps * wanted / place.prompts), 1)
    batch = max(round(wanted * place.rows / place.prompts / together), 1) * together
    steps = place.rows // together * epochs // (batch // together)
    if not steps:
        raise UserError(
            f"{place.rows} solutions in {epochs} epochs don't make one update of {batch}: lower "
            "rollout.prompts_per_step, [openrlhf] train.micro_batch_size or actor.num_gpus_per_node, or raise steps"
        )
    return Course(epochs, batch, steps)


def _steps(config: TrainConfig, place: Place) -> int:
    return course(config, place).steps


COMMAND = Command(
    "openrlhf.cli.train_sft",
    {
        "model.model_name_or_path": ("model", lambda _, p: p.model),
        "data.dataset": ("data.train", lambda _, p: p.prompts_file),
        "data.input_key": ("data.train", lambda *_: "input"),
        "data.output_key": ("data.train", lambda *_: "output"),
        "data.input_template": ("data.template", lambda *_: "{}"),  # the prompts have been through ours
        "data.max_len": (
            "data.max_prompt_tokens + rollout.max_tokens",
            lambda c, _: c.data.max_prompt_tokens + c.rollout.max_tokens,
        ),
        "train.seed": ("seed", lambda c, _: c.seed),
        "train.max_epochs": ("steps", lambda c, p: course(c, p).epochs),
        "train.batch_size": ("rollout.prompts_per_step", lambda c, p: course(c, p).batch),
        "adam.lr": ("optimizer.lr", lambda c, _: c.optimizer.lr),
        "adam.betas": ("optimizer.beta1, beta2", lambda c, _: (c.optimizer.beta1, c.optimizer.beta2)),
        "adam.weight_decay": ("optimizer.weight_decay", lambda c, _: c.optimizer.weight_decay),
        "max_norm": ("optimizer.grad_norm", lambda c, _: c.optimizer.grad_norm),
        "lr_scheduler": ("optimizer.schedule", flags.schedule),
        "lr_warmup_ratio": ("optimizer.warmup_steps", lambda c, p: c.optimizer.warmup_steps / _steps(c, p)),
        "model.gradient_checkpointing_enable": (
            "optimizer.gradient_checkpointing",
            lambda c, _: c.optimizer.gradient_checkpointing,
        ),
        "ckpt.path": ("output_dir", lambda _, p: p.checkpoints / "_actor"),
        "ckpt.output_dir": ("output_dir", lambda _, p: p.saved),
        "ckpt.save_steps": ("checkpoints.every", lambda c, _: c.checkpoints.every),
        "ckpt.max_num": ("checkpoints.keep", lambda c, _: max(c.checkpoints.keep, 2)),
        "ckpt.load_enable": ("the same command resumes", lambda *_: True),
        "logger.tensorboard_dir": (
            "log.tensorboard",
            lambda c, p: p.folder / "tensorboard" if c.log.tensorboard else None,
        ),
        **flags.WANDB,
    },
    {"ds.attn_implementation": "eager"},
    ours=("actor.num_nodes", "actor.num_gpus_per_node"),  # named as in the other configs, and given to torchrun
)


def check(config: TrainConfig) -> None:
    """Refuse what can't work, before anything is read. Raises UserError with the reason."""
    refusals.check(config, COMMAND)
    if config.openrlhf.get("actor.num_nodes", 1) != 1:
        raise UserError(
            "backend 'openrlhf': actor.num_nodes: preset 'sft' starts one node: on several, run what --print-command "
            "shows on each of them, with torchrun's --nnodes and --rdzv-endpoint"
        )
    if config.optimizer.mini_batch_prompts < config.rollout.prompts_per_step:
        raise UserError(
            "backend 'openrlhf': preset 'sft' makes a step one update: set optimizer.mini_batch_prompts to "
            "rollout.prompts_per_step"
        )


def resolved(config: TrainConfig, place: Place) -> TrainConfig:
    """The config with as many steps as there will be."""
    return config.model_copy(update={"steps": _steps(config, place)})


def argv(config: TrainConfig, place: Place) -> list[str]:
    """The arguments of OpenRLHF's command. Raises UserError for what its parser refuses."""
    return flags.argv(config, place, COMMAND)


def shell_command(config: TrainConfig, arguments: Sequence[str]) -> str:
    """What to type: the run without the project's metrics and model card."""
    return shlex.join(
        ["torchrun", "--standalone", f"--nproc-per-node={processes(config)}", "-m", COMMAND.module, *arguments]
    )


def describe(config: TrainConfig, place: Place, arguments: Sequence[str], model_config: Any) -> Iterator[str]:
    """Lines for a person: placement, steps, memory.

    Args:
        config: The run's.
        place: Where it runs, and how many solutions there are.
        arguments: Of OpenRLHF's command.
        model_config: transformers' config of the model.
    """
    from ampo.training.plan import _parameters

    found, made, gpus = parse(arguments, COMMAND), course(config, place), processes(config)
    yield f"{gpus} GPUs train (DeepSpeed ZeRO {found['ds.zero_stage']}), by torchrun"
    yield (
        f"{place.rows} solutions of {place.prompts} prompts; {made.epochs} epochs: {made.steps} steps, each an update "
        f"of {made.batch} rows, in micro-batches of {found['train.micro_batch_size']}"
    )
    yield memory(
        found,
        gpus,
        found["model.gradient_checkpointing_enable"],
        _parameters(model_config),
        model_config.get_text_config(),
        found["data.max_len"],
    )
