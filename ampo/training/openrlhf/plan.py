"""What a run on OpenRLHF means before it costs anything, and what is refused besides `refusals`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ampo.errors import UserError
from ampo.training.config import TrainConfig
from ampo.training.openrlhf import refusals
from ampo.training.openrlhf.flags import AGENT, RL, Place, own_settings, parse, step_prompts, update_prompts
from ampo.training.prompts import TrainPrompt

_GIB = 2**30


def check(config: TrainConfig) -> None:
    """Refuse what can't work, before anything is read. Raises UserError with the reason."""
    refusals.check(config, RL)
    own = own_settings(config)
    if own[AGENT] not in (None, "ampo"):
        raise UserError(
            f"backend 'openrlhf': {AGENT}: rewards are this project's own, so that an agent of yours would not be "
            "heard: give 'ampo', which is the verifier as an agent, or leave it out"
        )
    if own["train.async_enable"] and (own["vllm.enable_sleep"] or own["ds.enable_sleep"]):
        raise UserError(
            "backend 'openrlhf': train.async_enable: neither engines nor training ever sleep: set vllm.enable_sleep, "
            "ds.enable_sleep and train.colocate_all to false, and give engines GPUs of their own"
        )
    if config.resolved_algorithm().drops_prompts:
        raise UserError(
            f"backend 'openrlhf': preset {config.preset!r} drops prompts within a step, which OpenRLHF's batches have "
            "no room for: run it with --backend local"
        )


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
    """Refuse sizes that don't divide: rows would be left over, or ranks would wait for each other.

    Args:
        config: The run's.
        place: Says how many prompts there are.
        arguments: Of OpenRLHF's command.
        model_config: transformers' config of the model.

    Raises:
        UserError: With the sizes, and what to change.
    """
    check_positions(config, model_config)
    found, n = parse(arguments), config.rollout.n
    ranks, engines = _ranks(found), found["vllm.num_engines"] or 0
    if not engines:
        raise UserError("[openrlhf] vllm.num_engines isn't set: say how many engines make the rollouts")
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
    if _together(found) and _gpus(found) != engines * found["vllm.tensor_parallel_size"]:
        raise UserError(
            f"train.colocate_all puts {engines} engines x {found['vllm.tensor_parallel_size']} GPUs on "
            f"{_gpus(found)} GPUs of the actor: make them equal"
        )


def describe(
    config: TrainConfig, prompts: Sequence[TrainPrompt], place: Place, arguments: list[str], model_config: Any
) -> Iterator[str]:
    """Lines for a person: guidance, placement, a step's work, memory.

    Args:
        config: The run's.
        prompts: With their guidance.
        place: Where it runs.
        arguments: Of OpenRLHF's command.
        model_config: transformers' config of the model.
    """
    from ampo.training.plan import _parameters, coverage

    found, gpus = parse(arguments), _gpus(parse(arguments))
    yield coverage(prompts)
    yield from work(config, place, arguments)
    parameters, text = _parameters(model_config), model_config.get_text_config()
    yield memory(found, gpus, found["actor.gradient_checkpointing_enable"], parameters, text, found["data.max_len"])
    engine = 2 * parameters / found["vllm.tensor_parallel_size"] / _GIB
    yield f"an engine's GPU: {engine:.1f} GiB weights, {found['vllm.gpu_memory_utilization']:.0%} of it with the cache"


def work(config: TrainConfig, place: Place, arguments: list[str]) -> Iterator[str]:
    """Where a run is placed, and what a step takes: what the config alone tells. Lines for a person."""
    found = parse(arguments)
    gpus, engines = _gpus(found), found["vllm.num_engines"] * found["vllm.tensor_parallel_size"]
    yield (
        f"{found['actor.num_nodes']} nodes x {found['actor.num_gpus_per_node']} GPUs train (DeepSpeed ZeRO "
        f"{found['ds.zero_stage']}), {found['vllm.num_engines']} vLLM engines of "
        f"{found['vllm.tensor_parallel_size']} GPUs sample, "
        + (f"on the same {gpus} GPUs" if _together(found) else f"beside them: {gpus + engines} GPUs in all")
    )
    step, update = step_prompts(config, place), update_prompts(config, place)
    samples = step * config.rollout.n
    yield (
        f"a step: {step} prompts x {config.rollout.n} responses = {samples}, at most "
        f"{samples * config.rollout.max_tokens:,} new tokens, {step // update} updates of {update * config.rollout.n} "
        f"rows, {update * config.rollout.n // _ranks(found)} a rank; the run: {config.steps} steps"
    )


def memory(found: Mapping[str, Any], ranks: int, checkpointing: bool, parameters: int, text: Any, width: int) -> str:
    """A GPU's share: bfloat16 weights and gradients, float32 master weights and two moments; one micro-batch.

    By ZeRO: 1 shards the optimiser's part, 2 the gradients too, 3 the weights too. Logits are three times float32 in an
    update, float32 and bfloat16 before it, where rows of a rollout only pass through.

    Args:
        found: OpenRLHF's settings.
        ranks: How many GPUs train.
        checkpointing: Whether activations are computed again.
        parameters: Of the model.
        text: The config of its language model.
        width: Of a row, in tokens.
    """
    stage = found["ds.zero_stage"]
    optimizer = 0 if found["ds.adam_offload"] else 12 * parameters / (ranks if stage >= 1 else 1)
    gradients = 2 * parameters / (ranks if stage >= 2 else 1)
    weights = 2 * parameters / (ranks if stage >= 3 else 1)
    micro = found["train.micro_batch_size"]
    passing = found.get("rollout.micro_batch_size", 0)
    logits = max(3 * 4 * micro, (4 + 2) * passing) * width * text.vocab_size
    layers = 1 if checkpointing else 16
    activations = 2 * layers * micro * width * text.hidden_size * text.num_hidden_layers
    return (
        f"{parameters / 1e9:.2f} B parameters; a training GPU: {weights / _GIB:.1f} GiB weights, "
        f"{gradients / _GIB:.1f} gradients, {optimizer / _GIB:.1f} AdamW; at most about {logits / _GIB:.1f} for logits "
        f"(micro-batches of {micro} rows of {width} tokens in an update{f', {passing} before it' if passing else ''}) "
        f"and {activations / _GIB:.1f} for activations (an estimate, not measured)"
    )


def devices(found: Mapping[str, Any]) -> int:
    """GPUs of the whole run."""
    engines = found["vllm.num_engines"] * found["vllm.tensor_parallel_size"]
    return _gpus(found) + (0 if _together(found) else engines)


def _together(found: Mapping[str, Any]) -> bool:
    """Whether engines sit on the GPUs that train, which asynchronous ones can't."""
    return found["train.colocate_all"] and not found["train.async_enable"]


def _gpus(found: Mapping[str, Any]) -> int:
    return found["actor.num_nodes"] * found["actor.num_gpus_per_node"]


def _ranks(found: Mapping[str, Any]) -> int:
    """Data-parallel ranks."""
    return max(_gpus(found) // found["ds.tensor_parallel_size"], 1)
