"""What a training run is, as data: a TOML file, with single values overridden on the command line.

    preset = "ampo"                 # an algorithm by its name; [algorithm] changes single switches of it
    model = "Qwen/Qwen2.5-7B-Instruct"

Unknown keys are refused with the nearest known one. The same config serves every backend; what is OpenRLHF's own stands
under [openrlhf].
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ampo.algorithm.presets import Algorithm, load_preset
from ampo.errors import UserError, nearest
from ampo.files import explain, flat, without_none


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(_Section):
    """Where prompts and guidance come from."""

    train: str
    """Prompts with reference answers: JSONL, CSV or Parquet (veRL's shape too), a pool, or a hub data set; or
    "reasoning-gym", small problems made offline."""
    pool: str | None = None
    """The guidance pool: a file, a folder or a hub data set; "reasoning-gym" has procedural teachers."""
    validation: str | None = None
    """Problems that are neither trained on nor a benchmark; the best checkpoint is picked by them."""
    template: str = "ampo"
    """The prompt template."""
    max_prompt_tokens: int = Field(default=1024, ge=1)
    """Longer prompts are left out, and counted."""


class Rollout(_Section):
    """How the policy is sampled."""

    prompts_per_step: int = Field(default=128, ge=1)
    """Prompts that a step samples responses for; the last of an epoch are followed by the first of the next."""
    n: int = Field(default=8, ge=1)
    """Responses of a prompt: the group."""
    temperature: float = Field(default=1.0, gt=0)
    """Of sampling, and the one at which log-probabilities are taken for the loss."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """Sampling is from the likeliest tokens that together have this probability."""
    max_tokens: int = Field(default=8192, ge=1)
    """New tokens of a response at most; also the longest teacher solution."""
    batch_size: int = Field(default=64, ge=1)
    """Responses that are sampled at the same time."""
    engine: Literal["transformers", "vllm"] = "transformers"
    """Backend local: what samples. vllm runs in the same process, gets the weights after each update, and on a GPU
    sleeps while the policy trains. OpenRLHF always samples by vLLM."""
    gpu_memory_utilization: float = Field(default=0.4, gt=0, le=1)
    """Engine vllm on the local backend: the part of the GPU's memory that it takes while it samples; it gives it back
    while the policy trains."""
    seeded: bool = True
    """By vLLM: each response has a seed of its own, so that a step done again samples the same. vLLM's sampler then
    goes over seeded requests one by one; without, a resumed run's responses are others. On a CPU all have one."""
    check_logprobs: bool = True
    """By vLLM: it tells log-probabilities of what it samples, and own/sampling_logp_difference compares them with the
    policy's. Without, nothing shows that vLLM samples from other weights than those that are trained."""


class Optimizer(_Section):
    """AdamW, and how a step's rows are cut."""

    lr: float = Field(default=1e-6, gt=0)
    """The learning rate after the warm-up."""
    weight_decay: float = Field(default=0.1, ge=0)
    """AdamW's, times the learning rate."""
    beta1: float = Field(default=0.9, ge=0, lt=1)
    """Of the moving average of gradients."""
    beta2: float = Field(default=0.999, ge=0, lt=1)
    """Of the moving average of their squares."""
    grad_norm: float = Field(default=1.0, gt=0)
    """Gradients are scaled down to this norm."""
    warmup_steps: int = Field(default=0, ge=0)
    """Steps in which the learning rate rises to lr in a line."""
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    """After the warm-up: constant, or down to 0 at the last step."""
    mini_batch_prompts: int = Field(default=64, ge=1)
    """Prompts an update; a step of 128 prompts makes two."""
    micro_batch_tokens: int = Field(default=16384, ge=1)
    """Tokens of a forward pass at most, padding counted; changes nothing but the memory."""
    gradient_checkpointing: bool = False
    """Less memory for more time: what a layer computes is computed again on the way back."""
    states: Literal["float32", "bfloat16", "8bit"] = "float32"
    """Backend local: how AdamW's two moments are kept: 8, 4 or 2 bytes a parameter. 8bit needs bitsandbytes. OpenRLHF:
    [openrlhf] ds.zero_stage shards them, and ds.adam_offload moves them to the CPU."""


class Lora(_Section):
    """Adapters in place of all weights, on the local backend (`ampo.training.lora`)."""

    rank: int = Field(default=0, ge=0)
    """0 trains all weights."""
    alpha: float = Field(default=32.0, gt=0)
    """The adapters' part is scaled by alpha / rank."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the adapters' inputs that is dropped while the model trains."""
    targets: tuple[str, ...] = ()
    """Names of layers, such as q_proj; empty: every linear layer but the last."""


class Checkpoints(_Section):
    """What is written so that a run can go on."""

    every: int = Field(default=10, ge=1)
    """Steps."""
    keep: int = Field(default=2, ge=1)
    """Checkpoints; the best one is kept besides."""


class Validation(_Section):
    """Evaluation during training, on `data.validation`."""

    every: int = Field(default=10, ge=1)
    """Steps."""
    samples: int = Field(default=4, ge=1)
    """Of each problem; 1 where the temperature is 0."""
    temperature: float = Field(default=0.6, ge=0)
    """Of sampling; 0 is greedy."""
    limit: int | None = Field(default=None, ge=1)
    """The first so many problems; None takes all."""


class Log(_Section):
    """metrics.jsonl is always written."""

    tensorboard: bool = True
    """Curves in the run's folder `tensorboard`."""
    trackers: tuple[Literal["trackio", "wandb"], ...] = ()
    """Sent to these where they are installed."""
    project: str = "ampo"
    """The project's name at the trackers."""
    samples: int = Field(default=4, ge=0)
    """Prompts of a step whose responses are kept in samples.jsonl, those that got guidance first."""
    stop_at: tuple[Literal["one_answer", "no_reward", "entropy", "length", "cut_off", "not_shown"], ...] = (
        "one_answer",
    )
    """Alarms (`ampo.training.alarms`) at which a run writes a checkpoint and stops."""


class TrainConfig(_Section):
    """A training run."""

    model: str
    """Hub id, local folder, or smollm2-135m."""
    data: Data
    """Where prompts and guidance come from: a section below."""
    preset: str = "ampo"
    """The algorithm, by its name: one of the presets below."""
    output_dir: str | None = None
    """Default: runs/<config's name>."""
    backend: Literal["local", "openrlhf"] = "local"
    """local: one process on this machine. openrlhf: OpenRLHF with Ray, DeepSpeed and vLLM, on one machine or more."""
    steps: int = Field(default=510, ge=1)
    """Of prompts_per_step prompts each."""
    seed: int = Field(default=0, ge=0)
    """Of the order of prompts, of sampling, and of what is drawn."""
    device: str | None = None
    """cpu, cuda, cuda:1; None takes the first GPU where there is one."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """auto: bfloat16 on a GPU, float32 on a CPU."""
    algorithm: dict[str, Any] = Field(default_factory=dict)
    """Switches of the preset that differ; see ampo.algorithm.presets."""
    rollout: Rollout = Rollout()
    """How the policy is sampled: a section below."""
    optimizer: Optimizer = Optimizer()
    """AdamW, and how a step's rows are cut: a section below."""
    lora: Lora = Lora()
    """Adapters in place of all weights: a section below."""
    checkpoints: Checkpoints = Checkpoints()
    """What is written so that a run can go on: a section below."""
    validation: Validation = Validation()
    """Evaluation during training: a section below."""
    log: Log = Log()
    """Where metrics and samples go: a section below."""
    openrlhf: dict[str, Any] = Field(default_factory=dict)
    """OpenRLHF's own settings, by their dotted names."""

    @field_validator("openrlhf")
    @classmethod
    def _by_dotted_name(cls, value: dict[str, Any]) -> dict[str, Any]:
        """A file may nest them, and so do overrides: each name once."""
        return flat(value)

    def resolved_algorithm(self) -> Algorithm:
        """The preset with this config's changes. L_max follows the rollout's max_tokens unless it is set."""
        return load_preset(self.preset, **({"max_response_tokens": self.rollout.max_tokens} | self.algorithm))

    def with_teacher(self, name: str) -> TrainConfig:
        """The config with the one teacher settled whose solutions count."""
        return self.model_copy(update={"algorithm": {**self.algorithm, "teacher": name}})

    def to_toml(self) -> str:
        """The config with every value filled in; what is not set is left out."""
        return tomli_w.dumps(without_none(self.model_dump(mode="json")))


def load_config(
    source: str | Path | Mapping[str, Any], overrides: Sequence[str] | Mapping[str, Any] = ()
) -> TrainConfig:
    """A config with single values overridden.

    Args:
        source: A file, the name of one of ours, or a mapping of the same form.
        overrides: `--section.key value` as on a command line, or a mapping of (dotted or nested) keys to values.

    Raises:
        UserError: A missing file, broken TOML, an unknown key (with the nearest) or a value out of range.
    """
    if isinstance(source, Mapping):
        values, where = deepcopy(dict(source)), "the config"
    else:
        text, where = _read(str(source))
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UserError(f"{where} is not valid TOML: {error}") from error
    given = flat(overrides) if isinstance(overrides, Mapping) else parse_overrides(overrides)
    for key, value in given.items():
        _put(values, key, value)
    return validated(values, where)


def validated(values: Mapping[str, Any], where: str) -> TrainConfig:
    """A config from plain data; UserError that names the key."""
    try:
        config = TrainConfig.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{where}: {explain(error, TrainConfig)}") from error
    config.resolved_algorithm()
    return config


def config_names() -> list[str]:
    """Our own configs."""
    folder = files("ampo.training").joinpath("configs")
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def parse_overrides(arguments: Sequence[str]) -> dict[str, Any]:
    """`--a.b value` or `--a.b=value` pairs; a value that is valid TOML is taken as such, else as text."""
    found: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        name = rest.pop(0)
        if not name.startswith("--") or len(name) < 3:
            raise UserError(f"unexpected argument {name!r}: overrides are written as --section.key value")
        key, equals, value = name[2:].partition("=")
        if not equals:
            if not rest:
                raise UserError(f"--{key} has no value: write --{key} VALUE")
            value = rest.pop(0)
        found[key.replace("-", "_")] = _toml_value(value)
    return found


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _read(source: str) -> tuple[str, str]:
    if source in config_names():
        return files("ampo.training").joinpath("configs", f"{source}.toml").read_text(encoding="utf-8"), source
    path = Path(source)
    try:
        return path.read_text(encoding="utf-8"), source
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        hint = nearest(source, config_names(), "one of ours")
        raise UserError(f"cannot read the config {source} ({reason}): give a TOML file; {hint}") from error


def _put(values: dict[str, Any], dotted: str, value: Any) -> None:
    *path, last = dotted.split(".")
    for name in path:
        values = values.setdefault(name, {})
        if not isinstance(values, dict):
            raise UserError(f"--{dotted}: {name} is a value and has no {last}")
    values[last] = value
