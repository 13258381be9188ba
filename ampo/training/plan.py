"""What a config means before it costs anything: a step's work, the memory, the guidance; and what can't work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from ampo.errors import UserError
from ampo.files import first_line
from ampo.training.config import TrainConfig
from ampo.training.hours import duration, seconds_a_step, trial
from ampo.training.prompts import TrainPrompt

_GIB = 2**30


def check(config: TrainConfig) -> None:
    """Refuse combinations under which the algorithm has nothing to learn from. Raises UserError."""
    algorithm = config.resolved_algorithm()
    if algorithm.objective == "rl" and config.rollout.n == 1:
        raise UserError(
            "rollout.n = 1: a group of one has no advantage, so nothing is learnt: give 2 or more (the paper: 8)"
        )
    if algorithm.objective == "rl" and algorithm.uses_pool and algorithm.teacher_loss == "none":
        raise UserError(
            f"algorithm.trigger = {algorithm.trigger!r} with teacher_loss = 'none': teachers would take places of the "
            "group and teach nothing: set algorithm.teacher_loss (shaped, clip or sft), or trigger = 'never'"
        )
    if algorithm.uses_pool and config.data.pool is None:
        raise UserError(
            f"preset {config.preset!r} takes guidance and data.pool is not set: give a pool, or preset grpo"
        )
    if algorithm.advantage_rows == "on_policy" and algorithm.k0 >= config.rollout.n:
        raise UserError(f"k0 = {algorithm.k0} leaves no response of the policy's own in a group of {config.rollout.n}")


def check_guidance(config: TrainConfig, prompts: Sequence[TrainPrompt]) -> None:
    """Refuse a pool that has nothing for any prompt. Raises UserError."""
    if config.resolved_algorithm().uses_pool and not any(prompt.solutions for prompt in prompts):
        raise UserError(
            f"the pool {config.data.pool} has no solution to learn from for any of the {len(prompts)} prompts of "
            f"{config.data.train}: prompts are matched by uid and question, else by the question's text"
        )


def coverage(prompts: Sequence[TrainPrompt]) -> str:
    """How many of the prompts the pool has something for."""
    covered = sum(bool(prompt.solutions) for prompt in prompts)
    solutions = sum(len(prompt.solutions) for prompt in prompts)
    part = 100 * covered / len(prompts)
    return f"guidance for {covered} of {len(prompts)} prompts ({part:.0f} %), {solutions} verified solutions"


def describe(config: TrainConfig, prompts: Sequence[TrainPrompt], model_config: Any) -> Iterator[str]:
    """Lines for a person. model_config: transformers' config of the model."""
    size = min(config.rollout.prompts_per_step, len(prompts))
    longest = max(len(prompt.ids) for prompt in prompts)
    yield f"{len(prompts)} prompts, the longest of {longest} tokens; {config.steps * size / len(prompts):.1f} epochs"
    yield coverage(prompts)
    yield from work(config, size)
    yield from _memory(config, longest, model_config)
    if config.resolved_algorithm().objective == "rl":
        yield _hours(config, prompts, model_config)


def _hours(config: TrainConfig, prompts: Sequence[TrainPrompt], model_config: Any) -> str:
    device = _device(config)
    try:
        speed = trial(device, "bfloat16" if _cast(config) else "float32")
    except (RuntimeError, AssertionError) as error:
        return (
            f"how long a step takes can't be told here: no trial on {device} ({first_line(error)}); ask on the machine "
            "that is to train, or give a device of this one"
        )
    size = min(config.rollout.prompts_per_step, len(prompts))
    width = fmean(len(prompt.ids) for prompt in prompts)
    took = seconds_a_step(config, size, width, _parameters(model_config), speed)
    return (
        f"about {duration(took)} a step and {duration(took * config.steps)} in all where responses take all of "
        f"rollout.max_tokens, by how fast {device} multiplies now; from the first step on it is measured"
    )


def _device(config: TrainConfig) -> str:
    import torch

    return config.device or ("cuda" if torch.cuda.is_available() else "cpu")


def _cast(config: TrainConfig) -> bool:
    """Whether passes are in bfloat16."""
    return config.dtype == "bfloat16" or (config.dtype == "auto" and _device(config).startswith("cuda"))


def work(config: TrainConfig, size: int) -> Iterator[str]:
    """What a step of so many prompts takes. Lines for a person."""
    rollout, updates = config.rollout, -(-size // config.optimizer.mini_batch_prompts)
    if config.resolved_algorithm().objective == "rl":
        samples = size * rollout.n
        yield (
            f"a step: {size} prompts x {rollout.n} responses = {samples}, at most {samples * rollout.max_tokens:,} new "
            f"tokens, {updates} updates; the run: {config.steps * samples:,} responses"
        )
    else:
        yield f"a step: the solutions of {size} prompts, {updates} updates"


def _memory(config: TrainConfig, longest_prompt: int, model_config: Any) -> Iterator[str]:
    """An update's, counted (`ampo.training.memory`), and the cache of the rollouts."""
    import torch

    from ampo.training.adamw import MOMENTS
    from ampo.training.memory import UncountableError, of_update

    text, width = model_config.get_text_config(), longest_prompt + config.rollout.max_tokens
    rows = max(config.optimizer.micro_batch_tokens // width, 1)
    try:
        found = of_update(
            model_config,
            rows,
            longest_prompt,
            config.rollout.max_tokens,
            dtype=torch.bfloat16 if _cast(config) else torch.float32,
            checkpointing=config.optimizer.gradient_checkpointing,
            lora=config.lora,
            moments=MOMENTS[config.optimizer.states],
        )
    except UncountableError as error:  # no reason not to train
        yield f"the memory of an update can't be counted for this model ({error})"
        return
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    head_dim = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    cache = 2 * 4 * text.num_hidden_layers * heads * head_dim * config.rollout.batch_size * width
    yield f"{found.parameters / 1e6:.0f} M parameters: {found.states / _GIB:.1f} GiB for weights, gradients and AdamW"
    yield (
        f"at most {found.peak / _GIB:.1f} GiB in an update: besides these, {found.activations / _GIB:.1f} GiB of "
        f"activations for a micro-batch of {rows} rows of {width} tokens (lower optimizer.micro_batch_tokens, or set "
        f"optimizer.gradient_checkpointing), {(found.passing + found.logits) / _GIB:.1f} GiB for logits and what passes"
    )
    if config.rollout.engine == "vllm" and not _device(config).startswith("cuda"):
        yield "besides, vLLM's own weights and cache: on a CPU it does not sleep"
    elif config.rollout.engine == "vllm":
        share = f"{config.rollout.gpu_memory_utilization:.0%} of a GPU (rollout.gpu_memory_utilization)"
        yield f"{share} for vLLM while it samples, which it gives back while the policy trains"
    else:
        most = f"at most {cache / _GIB:.1f} GiB"
        yield f"{most} for the cache of {config.rollout.batch_size} responses (rollout.batch_size)"


def _parameters(model_config: Any) -> int:
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model: Any = AutoModelForCausalLM.from_config(model_config)
    return sum(p.numel() for p in model.parameters())
