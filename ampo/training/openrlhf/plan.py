"""What a run on OpenRLHF means before it costs anything, and what is refused because it would defeat AMPO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ampo.errors import UserError
from ampo.training.config import TrainConfig
from ampo.training.openrlhf.flags import AGENT, Place, flat, own_settings, parse, step_prompts, update_prompts

_GIB = 2**30
_UNREAD = ("algo.advantage.", "algo.kl.", "actor.eps_clip", "actor.dual_clip", "actor.policy_loss", "actor.loss_agg")
"""What OpenRLHF's own loss and advantages would read: set here, it would change nothing and nobody would notice."""


def check(config: TrainConfig) -> None:
    """Refuse what can't work, before anything is read. Raises UserError with the reason."""
    own, algorithm = own_settings(config), config.resolved_algorithm()
    unread = [name for name in flat(config.openrlhf) if name.startswith(_UNREAD)]
    reasons = [
        (
            own["algo.dynamic_filtering_enable"],
            (
                "algo.dynamic_filtering_enable drops the groups without a right response before AMPO sees them, which "
                "are the ones it guides: leave it out"
            ),
        ),
        (
            own["ds.lora.rank"] > 0,
            (
                "ds.lora.rank: the weights go to vLLM by their names with no merge, so that LoRA would never reach the "
                "rollouts: train all weights"
            ),
        ),
        (
            own["train.async_enable"] or own["train.partial_rollout_enable"],
            (
                "train.async_enable: OpenRLHF's asynchronous trainer has a controller of its own, into which this "
                "version doesn't put guidance: leave it out (train.colocate_all is the fast way on the same GPUs)"
            ),
        ),
        (
            own["ds.ring_attn_size"] > 1,
            ("ds.ring_attn_size: comprehension scores are not computed across a ring: use ds.tensor_parallel_size"),
        ),
        (
            bool(unread),
            f"{', '.join(unread)}: advantages and loss are this project's own and read [algorithm] only: set it there",
        ),
        (own["vllm.num_engines"] == 0, "vllm.num_engines = 0: rollouts need vLLM: give 1 or more"),
        (
            any(own[f"reward.{name}"] for name in ("overlong_buffer_len", "stop_properly_penalty_coef")),
            ("length penalties would change rewards after the advantages are settled: leave them out"),
        ),
        (
            own[AGENT] not in (None, "ampo"),
            f"{AGENT}: rewards are this project's own, so that an agent of yours would not be heard: give 'ampo', "
            "which is the verifier as an agent, or leave it out",
        ),
        (own["train.max_epochs"] > 1, "train.max_epochs: a step's rows are learnt from once: leave it out"),
        (
            algorithm.reward == "probability",
            (
                f"preset {config.preset!r} drops prompts within a step, which OpenRLHF's batches have no room for: "
                "run it with --backend local"
            ),
        ),
        (config.dtype == "float32", "dtype = 'float32': OpenRLHF trains in bfloat16: set dtype = 'auto'"),
        (
            config.data.validation is not None,
            (
                "data.validation: no validation during training on this backend: leave it out, and run ampo eval on "
                "the result"
            ),
        ),
        ("trackio" in config.log.trackers, "log.trackers: OpenRLHF knows no trackio: give wandb, or none"),
    ]
    for wrong, reason in reasons:
        if wrong:
            raise UserError(f"backend 'openrlhf': {reason}")


def check_positions(config: TrainConfig, model_config: Any) -> None:
    """Refuse more tokens than the model has positions for: vLLM won't start. model_config: transformers'."""
    text, data, rollout = model_config.get_text_config(), config.data, config.rollout
    there = getattr(text, "max_position_embeddings", None)
    # Positions may be stretched; by how much is vLLM's to say, and this is the most of it.
    stretched = (getattr(text, "rope_parameters", None) or {}).get("factor") or 1
    wanted = data.max_prompt_tokens + rollout.max_tokens
    if there and wanted > there * stretched:
        raise UserError(
            f"data.max_prompt_tokens = {data.max_prompt_tokens} and rollout.max_tokens = {rollout.max_tokens} make "
            f"{wanted} tokens, and the model has {there} positions: lower one of them, say rollout.max_tokens to "
            f"{max(there - data.max_prompt_tokens, 1)}"
        )


def check_sizes(config: TrainConfig, place: Place, arguments: list[str], model_config: Any) -> None:
    """Refuse sizes that don't divide: rows would be left over, or ranks would wait for each other. UserError."""
    check_positions(config, model_config)
    found, n = parse(arguments), config.rollout.n
    ranks, engines = _ranks(found), found["vllm.num_engines"] or 0
    step, update = step_prompts(config, place), update_prompts(config, place)
    if step % update:
        raise UserError(
            f"a step of {step} prompts can't be cut into updates of optimizer.mini_batch_prompts = {update}: "
            "give a divisor"
        )
    for what, rows, micro in (
        ("an update", update * n, found["train.micro_batch_size"]),
        ("a step", step * n, found["rollout.micro_batch_size"]),
    ):
        if rows % (micro * ranks):
            raise UserError(
                f"{what} of {rows} responses can't be shared by {ranks} ranks in micro-batches of {micro}: change "
                "rollout.prompts_per_step, rollout.n or [openrlhf] train.micro_batch_size, rollout.micro_batch_size"
            )
    together = found["train.colocate_all"]
    if together and _gpus(found) != engines * found["vllm.tensor_parallel_size"]:
        raise UserError(
            f"train.colocate_all puts {engines} engines x {found['vllm.tensor_parallel_size']} GPUs on "
            f"{_gpus(found)} GPUs of the actor: make them equal"
        )
    if not engines:
        raise UserError("[openrlhf] vllm.num_engines isn't set: say how many engines make the rollouts")


def describe(config: TrainConfig, place: Place, arguments: list[str], model_config: Any) -> Iterator[str]:
    """Lines for a person: placement, a step's work, memory. model_config: transformers' config of the model."""
    from ampo.training.plan import _parameters

    found = parse(arguments)
    gpus, engines = _gpus(found), found["vllm.num_engines"] * found["vllm.tensor_parallel_size"]
    together = found["train.colocate_all"]
    yield (
        f"{found['actor.num_nodes']} nodes x {found['actor.num_gpus_per_node']} GPUs train (DeepSpeed ZeRO "
        f"{found['ds.zero_stage']}), {found['vllm.num_engines']} vLLM engines of "
        f"{found['vllm.tensor_parallel_size']} GPUs sample, "
        + (f"on the same {gpus} GPUs" if together else f"beside them: {gpus + engines} GPUs in all")
    )
    step, update = step_prompts(config, place), update_prompts(config, place)
    samples, width = step * config.rollout.n, found["data.max_len"]
    yield (
        f"a step: {step} prompts x {config.rollout.n} responses = {samples}, at most "
        f"{samples * config.rollout.max_tokens:,} new tokens, {step // update} updates of {update * config.rollout.n} "
        f"rows, {update * config.rollout.n // _ranks(found)} a rank; the run: {config.steps} steps"
    )
    parameters, text = _parameters(model_config), model_config.get_text_config()
    yield memory(found, gpus, found["actor.gradient_checkpointing_enable"], parameters, text, width)
    engine = 2 * parameters / found["vllm.tensor_parallel_size"] / _GIB
    yield f"an engine's GPU: {engine:.1f} GiB weights, {found['vllm.gpu_memory_utilization']:.0%} of it with the cache"


def memory(found: Mapping[str, Any], ranks: int, checkpointing: bool, parameters: int, text: Any, width: int) -> str:
    """A GPU's share: bfloat16 weights and gradients, float32 master weights and two moments; one micro-batch.

    By ZeRO: 1 shards the optimiser's part, 2 the gradients too, 3 the weights too. found: OpenRLHF's settings.
    """
    stage = found["ds.zero_stage"]
    optimizer = 0 if found["ds.adam_offload"] else 12 * parameters / (ranks if stage >= 1 else 1)
    gradients = 2 * parameters / (ranks if stage >= 2 else 1)
    weights = 2 * parameters / (ranks if stage >= 3 else 1)
    micro = found["train.micro_batch_size"]
    logits = 3 * 4 * micro * width * text.vocab_size
    layers = 1 if checkpointing else 16
    activations = 2 * layers * micro * width * text.hidden_size * text.num_hidden_layers
    return (
        f"{parameters / 1e9:.2f} B parameters; a training GPU: {weights / _GIB:.1f} GiB weights, "
        f"{gradients / _GIB:.1f} gradients, {optimizer / _GIB:.1f} AdamW; at most about {logits / _GIB:.1f} for "
        f"logits and {activations / _GIB:.1f} for activations of {micro} rows of {width} tokens (an "
        "estimate, not measured)"
    )


def _gpus(found: Mapping[str, Any]) -> int:
    return found["actor.num_nodes"] * found["actor.num_gpus_per_node"]


def _ranks(found: Mapping[str, Any]) -> int:
    """Data-parallel ranks."""
    return max(_gpus(found) // found["ds.tensor_parallel_size"], 1)
