"""Our config as OpenRLHF's flags: a table a command, and whatever else of OpenRLHF's own stands under [openrlhf].

OpenRLHF 0.11.2 has about 150 dotted flags and no config file; its parsers stand under `if __name__ == "__main__"` of
its commands. That part of a command's source, up to `parse_args`, is run here to get at the parser itself, so that what
is checked is what will be parsed, without importing Ray, vLLM and DeepSpeed (half a minute).

The table of `train_ppo_ray` is here, that of `train_sft` in `sft`.
"""

from __future__ import annotations

import argparse
import ast
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

from ampo.errors import MissingExtraError, UserError
from ampo.training.config import TrainConfig


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are. prompts, rows: how many there are; rows are SFT's. gpu: False asks for what a CPU needs."""

    model: str
    folder: Path
    prompts: int
    gpu: bool = True
    rows: int = 0

    @property
    def prompts_file(self) -> Path:
        return self.folder / "openrlhf" / "prompts.jsonl"

    @property
    def pool_file(self) -> Path:
        return self.folder / "openrlhf" / "pool.jsonl"

    @property
    def log(self) -> Path:
        """What OpenRLHF, Ray, DeepSpeed and vLLM say."""
        return self.folder / "openrlhf" / "log.txt"

    @property
    def session(self) -> Path:
        """Which Ray session the run has started."""
        return self.folder / "openrlhf" / "ray-session"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def saved(self) -> Path:
        """Where OpenRLHF writes the last weights, before they are put under `final`."""
        return self.folder / "openrlhf" / "model"


_Value = Callable[[TrainConfig, Place], Any]
Table = Mapping[str, tuple[str, _Value]]
"""OpenRLHF's flag: (our key, its value). None and False leave the flag out, True gives it bare."""


@dataclass(frozen=True, slots=True)
class Command:
    """One of OpenRLHF's. without_gpu: defaults of ours where there is no GPU; [openrlhf] may differ.

    ours: what may stand under [openrlhf] and is no flag of the command.
    """

    module: str
    table: Table
    without_gpu: Mapping[str, Any]
    ours: tuple[str, ...] = ()

    def own(self, config: TrainConfig) -> dict[str, Any]:
        """[openrlhf] by dotted name, less what is ours."""
        return {name: value for name, value in config.openrlhf.items() if name not in self.ours}

    def ours_of(self, config: TrainConfig) -> dict[str, Any]:
        """The rest of it."""
        return {name: value for name, value in config.openrlhf.items() if name in self.ours}


def step_prompts(config: TrainConfig, place: Place) -> int:
    return min(config.rollout.prompts_per_step, place.prompts)


def update_prompts(config: TrainConfig, place: Place) -> int:
    return min(config.optimizer.mini_batch_prompts, step_prompts(config, place))


def schedule(config: TrainConfig, _: Place) -> str:
    name = config.optimizer.schedule
    return "constant_with_warmup" if name == "constant" and config.optimizer.warmup_steps else name


WANDB: Table = {
    # OpenRLHF's switch for wandb is the key. wandb itself takes one from the environment, or from `wandb login`, first:
    # a secret has no place in a config, a command line and a model card.
    "logger.wandb.key": ("log.trackers", lambda c, _: "of-the-environment" if "wandb" in c.log.trackers else None),
    "logger.wandb.project": ("log.project", lambda c, _: c.log.project),
}

TABLE: Table = {
    "actor.model_name_or_path": ("model", lambda _, p: p.model),
    "data.prompt_dataset": ("data.train", lambda _, p: p.prompts_file),
    "data.input_key": ("data.train", lambda *_: "input"),
    "data.label_key": ("data.train", lambda *_: "label"),
    "data.max_len": (
        "data.max_prompt_tokens + rollout.max_tokens",
        lambda c, _: c.data.max_prompt_tokens + c.rollout.max_tokens,
    ),
    "train.seed": ("seed", lambda c, _: c.seed),
    # The prompts of every step are laid out by our own order, so that one of OpenRLHF's episodes is the whole run.
    "train.num_episodes": ("steps", lambda *_: 1),
    "rollout.batch_size": ("rollout.prompts_per_step", step_prompts),
    "rollout.n_samples_per_prompt": ("rollout.n", lambda c, _: c.rollout.n),
    "rollout.max_new_tokens": ("rollout.max_tokens", lambda c, _: c.rollout.max_tokens),
    "rollout.temperature": ("rollout.temperature", lambda c, _: c.rollout.temperature),
    "rollout.top_p": ("rollout.top_p", lambda c, _: c.rollout.top_p),
    "train.batch_size": ("optimizer.mini_batch_prompts x rollout.n", lambda c, p: update_prompts(c, p) * c.rollout.n),
    "actor.adam.lr": ("optimizer.lr", lambda c, _: c.optimizer.lr),
    "actor.adam.betas": ("optimizer.beta1, beta2", lambda c, _: (c.optimizer.beta1, c.optimizer.beta2)),
    "actor.adam.weight_decay": ("optimizer.weight_decay", lambda c, _: c.optimizer.weight_decay),
    "actor.max_norm": ("optimizer.grad_norm", lambda c, _: c.optimizer.grad_norm),
    "actor.lr_scheduler": ("optimizer.schedule", schedule),
    "actor.lr_warmup_ratio": ("optimizer.warmup_steps", lambda c, _: c.optimizer.warmup_steps / c.steps),
    "actor.gradient_checkpointing_enable": (
        "optimizer.gradient_checkpointing",
        lambda c, _: c.optimizer.gradient_checkpointing,
    ),
    # Rewards, advantages and the loss are our own; these say the same to OpenRLHF's checks. The entropy term is its.
    "algo.advantage.estimator": ("preset", lambda *_: "dr_grpo"),
    # Has vLLM say its log-probabilities, which the experience maker compares with the policy's; no loss reads them.
    "algo.advantage.is_correction_level": (
        "rollout.check_logprobs",
        lambda c, _: "token" if c.rollout.check_logprobs else "off",
    ),
    "actor.entropy_coef": (
        "algorithm.entropy_coefficient",
        lambda c, _: c.resolved_algorithm().entropy_coefficient,
    ),
    "algo.kl.init_coef": ("preset", lambda *_: 0.0),  # no KL term, hence no reference model
    "reward.remote_url": ("the verifier", lambda *_: Path(__file__).with_name("reward.py")),
    "ckpt.path": ("output_dir", lambda _, p: p.checkpoints),
    "ckpt.output_dir": ("output_dir", lambda _, p: p.saved),
    "ckpt.save_steps": ("checkpoints.every", lambda c, _: c.checkpoints.every),
    # OpenRLHF makes room before it writes: with one kept, a full disk would leave none.
    "ckpt.max_num": ("checkpoints.keep", lambda c, _: max(c.checkpoints.keep, 2)),
    "ckpt.load_enable": ("the same command resumes", lambda *_: True),
    "logger.tensorboard_dir": ("log.tensorboard", lambda c, p: p.folder / "tensorboard" if c.log.tensorboard else None),
    **WANDB,
}

AGENT = "train.agent_func_path"
"""Under [openrlhf], "ampo" stands for our own agent (`agent`)."""

_WITHOUT_GPU = {
    "ds.attn_implementation": "eager",
    "vllm.enforce_eager": True,
    "vllm.sync_backend": "gloo",
    "actor.num_gpus_per_node": 1,
    "vllm.num_engines": 1,
}
RL = Command("openrlhf.cli.train_ppo_ray", TABLE, _WITHOUT_GPU)


def argv(config: TrainConfig, place: Place, command: Command = RL) -> list[str]:
    """The arguments of OpenRLHF's command. Raises UserError for what its parser refuses."""
    values = {name: value(config, place) for name, (_, value) in command.table.items()}
    own = command.own(config)
    own_settings(config, command)
    if own.get(AGENT) == "ampo":
        own[AGENT] = Path(__file__).with_name("agent.py")
    for name, value in (values if place.gpu else {**values, **command.without_gpu}).items():
        own.setdefault(name, value)
    made = [part for name, value in own.items() for part in _words(name, value)]
    parse(made, command)
    return made


def own_settings(config: TrainConfig, command: Command = RL) -> dict[str, Any]:
    """[openrlhf] by dotted name, with OpenRLHF's defaults. UserError for an unknown name, one of ours, a bad value."""
    own = command.own(config)
    for name in own:
        _check_name(name, command)
    return parse([part for name, value in own.items() for part in _words(name, value)], command)


def parse(arguments: Sequence[str], command: Command = RL) -> dict[str, Any]:
    """What OpenRLHF's own parser makes of some arguments, by dotted name. UserError for what it refuses."""
    said = StringIO()
    try:
        with redirect_stderr(said):
            return vars(parser(command.module).parse_args(list(arguments)))
    except SystemExit as error:
        reason = said.getvalue().strip().splitlines()[-1].partition("error: ")[2]
        raise UserError(f"[openrlhf]: {reason}") from error


@cache
def parser(module: str = RL.module) -> argparse.ArgumentParser:
    """OpenRLHF's own, of one of its commands. Raises MissingExtraError without OpenRLHF."""
    package = find_spec("openrlhf")
    if package is None or not package.submodule_search_locations:
        raise MissingExtraError("openrlhf", "openrlhf", "ampo train --backend openrlhf")
    file = Path(package.submodule_search_locations[0], "cli", f"{module.rpartition('.')[2]}.py")
    body = next(n.body for n in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(n, ast.If))
    end = next(i for i, n in enumerate(body) if isinstance(n, ast.Assign) and "parse_args" in ast.unparse(n.value))
    names: dict[str, Any] = {"argparse": argparse, "datetime": datetime}
    code = compile(ast.Module(body[:end], []), str(file), "exec")
    exec(code, names)  # noqa: S102  an installed package's own code, which the run itself executes as well
    return names["parser"]


def _check_name(name: str, command: Command) -> None:
    if name in command.table:
        raise UserError(f"[openrlhf] {name} is set from {command.table[name][0]}: set that instead")
    options = parser(command.module)._option_string_actions
    known = [option.removeprefix("--") for option in options if option.startswith("--") and option != "--help"]
    if name not in known:
        _refuse(name, known)


def _refuse(name: str, known: Sequence[str]) -> NoReturn:
    last = name.rpartition(".")[2]
    close = [k for k in known if k.endswith(f".{last}")][:1] or get_close_matches(name, known, cutoff=0.6)
    close = close or [k for k in known if last in k][:3] or get_close_matches(name, known, cutoff=0.0)
    raise UserError(f"OpenRLHF has no setting {name!r}: did you mean {' or '.join(close)}?")


def _words(name: str, value: Any) -> list[str]:
    if value is None or value is False:
        return []
    if value is True:
        return [f"--{name}"]
    if isinstance(value, list | tuple):
        return [f"--{name}", *map(str, value)]
    return [f"--{name}", json.dumps(value) if isinstance(value, dict) else str(value)]
