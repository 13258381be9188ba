"""What may not stand under [openrlhf], and why: one table for both commands, and the bounds of single values.

A setting is refused where it says other than OpenRLHF's own default. That a name exists, and that a value is of its
type, OpenRLHF's parser has seen before (`flags`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ampo.errors import UserError
from ampo.training.config import TrainConfig
from ampo.training.openrlhf.flags import Command, own_settings

REASONS: Mapping[tuple[str, ...], str] = {
    ("algo.dynamic_filtering",): (
        "drops the groups without a right response before AMPO sees them, which are the ones it guides: leave it out"
    ),
    ("ds.lora.", "ds.load_in_4bit"): (
        "nothing merges such weights, so that the rollouts and final/ would have the base model's: train all weights"
    ),
    ("ds.ring_attn",): "comprehension scores are not computed across a ring: use ds.tensor_parallel_size",
    (
        "algo.advantage.",
        "algo.kl.",
        "actor.eps_clip",
        "actor.dual_clip",
        "actor.policy_loss",
        "actor.loss_agg",
        "critic.",
        "ref.",
        "reward.clip_range",
        "reward.normalize",
        "reward.model_name",
    ): "rewards, advantages and loss are this project's own and read [algorithm] only: set it there",
    ("reward.overlong", "reward.stop_properly"): (
        "length penalties would change rewards after the advantages are settled: leave them out"
    ),
    ("train.max_epochs",): "a step's rows are learnt from once: leave it out",
    ("train.dynamic_batch", "train.max_tokens_per_gpu", "rollout.max_tokens_per_gpu"): (
        "batches by tokens are cut where no micro-batch knows the update that it belongs to, by whose counts the loss "
        "is normalised: set train.micro_batch_size and rollout.micro_batch_size"
    ),
    ("rollout.vllm_generate_batch_size",): "a step's responses are made at once: set rollout.prompts_per_step",
    ("train.partial_rollout",): "a response would begin under other weights than it ends with: leave it out",
    ("ckpt.disable_ds",): "without DeepSpeed's checkpoints no run goes on: leave it out",
    ("eval.", "ckpt.best_metric_key"): (
        "no validation during training on this backend: leave it out, and run ampo eval on the result"
    ),
    (
        "data.input_template",
        "data.apply_chat_template",
        "data.tokenizer_chat_template",
        "data.multiturn",
        "data.max_samples",
        "data.max_images",
        "data.image_key",
        "data.prompt_probs",
        "data.prompt_split",
        "data.dataset_probs",
        "data.dataset_split",
    ): "prompts come from data.train, through data.template, and are text: set those",
}
"""Settings whose names begin so, and why they are refused."""


class _Bounds(NamedTuple):
    low: float
    high: float = float("inf")


_BOUNDS = {
    **dict.fromkeys(
        (
            "actor.num_nodes",
            "actor.num_gpus_per_node",
            "vllm.num_engines",
            "vllm.tensor_parallel_size",
            "train.micro_batch_size",
            "rollout.micro_batch_size",
            "train.async_queue_size",
            "ds.tensor_parallel_size",
        ),
        _Bounds(1),
    ),
    "ds.zero_stage": _Bounds(0, 3),
    "vllm.gpu_memory_utilization": _Bounds(0.01, 1),
}


def check(config: TrainConfig, command: Command) -> None:
    """Raises UserError with the reason, before anything is read."""
    found, plain = own_settings(config, command), own_settings(config.model_copy(update={"openrlhf": {}}), command)
    for names, reason in REASONS.items():
        set_here = [name for name in found if name.startswith(names) and found[name] != plain[name]]
        if set_here:
            raise UserError(f"backend 'openrlhf': {', '.join(set_here)}: {reason}")
    for name, value in {**found, **command.ours_of(config)}.items():
        if name in _BOUNDS and value != plain.get(name):
            _check_bounds(name, value, _BOUNDS[name])
    _check_shared(config)


def _check_bounds(name: str, value: Any, bounds: _Bounds) -> None:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if number is None or not bounds.low <= number <= bounds.high:
        most = "" if bounds.high == float("inf") else f" and at most {bounds.high:g}"
        raise UserError(f"[openrlhf] {name} = {value!r}: it must be a number, at least {bounds.low:g}{most}")


def _check_shared(config: TrainConfig) -> None:
    """Of our own keys, what no command of OpenRLHF's can do."""
    reasons = [
        (
            config.lora.rank > 0,
            "lora.rank: nothing merges adapters for vLLM here: train all weights, or --backend local",
        ),
        (config.dtype == "float32", "dtype = 'float32': OpenRLHF trains in bfloat16: set dtype = 'auto'"),
        (
            config.optimizer.states != "float32",
            "optimizer.states: DeepSpeed has AdamW's moments in float32: share them by [openrlhf] ds.zero_stage, or "
            "--backend local",
        ),
        (
            config.data.validation is not None,
            "data.validation: no validation during training on this backend: leave it out, and run ampo eval on the "
            "result",
        ),
        ("trackio" in config.log.trackers, "log.trackers: OpenRLHF knows no trackio: give wandb, or none"),
    ]
    for wrong, reason in reasons:
        if wrong:
            raise UserError(f"backend 'openrlhf': {reason}")
