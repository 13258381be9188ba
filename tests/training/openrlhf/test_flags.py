from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openrlhf", reason="OpenRLHF is not installed (extra openrlhf)")

from transformers import LlamaConfig, Qwen2Config

from ampo.errors import UserError
from ampo.training.config import TrainConfig, config_names, load_config, parse_overrides
from ampo.training.openrlhf import flags, plan

OURS = [name for name in config_names() if name != "demo" and not name.startswith("sft-")]


def config(tmp_path: Path, *overrides: str) -> TrainConfig:
    file = tmp_path / "c.toml"
    file.write_text('model = "m"\nbackend = "openrlhf"\n[data]\ntrain = "t.jsonl"\npool = "p.jsonl"\n')
    return load_config(str(file), overrides)


def place(tmp_path: Path, prompts: int = 1000, gpu: bool = True) -> flags.Place:
    return flags.Place("/models/m", tmp_path, prompts, gpu)


def test_openrlhfs_parser_reads_what_the_config_says(tmp_path: Path) -> None:
    found = flags.parse(flags.argv(config(tmp_path, "--seed", "7", "--optimizer.beta2", "0.98"), place(tmp_path)))
    assert found["actor.model_name_or_path"] == "/models/m"
    assert (found["rollout.batch_size"], found["rollout.n_samples_per_prompt"]) == (128, 8)
    assert found["train.batch_size"] == 64 * 8
    assert found["data.max_len"] == 1024 + 8192
    assert (found["train.seed"], found["actor.adam.betas"], found["actor.adam.lr"]) == (7, [0.9, 0.98], 1e-6)
    assert (found["algo.kl.init_coef"], found["actor.entropy_coef"]) == (0.0, 0.001)
    assert found["actor.lr_scheduler"] == "constant"
    assert found["ckpt.load_enable"] is True
    assert Path(found["reward.remote_url"]).is_file()


def test_every_flag_of_the_table_is_openrlhfs(tmp_path: Path) -> None:
    known = flags.parse(flags.argv(config(tmp_path), place(tmp_path)))
    assert set(flags.TABLE) <= set(known)


def test_few_prompts_make_small_steps(tmp_path: Path) -> None:
    found = flags.parse(flags.argv(config(tmp_path), place(tmp_path, prompts=32)))
    assert (found["rollout.batch_size"], found["train.batch_size"]) == (32, 256)


def test_openrlhfs_own_settings_nested_or_dotted(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        'model = "m"\n[data]\ntrain = "t"\npool = "p"\n'
        '[openrlhf]\n"vllm.num_engines" = 3\n"train.colocate_all" = true\n[openrlhf.ds]\nzero_stage = 3\n'
    )
    found = flags.parse(flags.argv(load_config(str(file)), place(tmp_path)))
    assert (found["vllm.num_engines"], found["train.colocate_all"], found["ds.zero_stage"]) == (3, True, 3)


def test_the_agent_is_asked_for_by_name(tmp_path: Path) -> None:
    chosen = config(tmp_path, "--openrlhf.train.agent_func_path", "ampo")
    plan.check(chosen)
    file = flags.parse(flags.argv(chosen, place(tmp_path)))["train.agent_func_path"]
    assert Path(file).name == "agent.py"
    assert Path(file).is_file()


def test_without_a_gpu_what_is_set_wins_over_our_defaults(tmp_path: Path) -> None:
    made = flags.argv(config(tmp_path, "--openrlhf.vllm.num_engines", "2"), place(tmp_path, gpu=False))
    found = flags.parse(made)
    assert (found["vllm.sync_backend"], found["ds.attn_implementation"]) == ("gloo", "eager")
    assert found["vllm.num_engines"] == 2


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (("--openrlhf.ds.zero_stages", "3"), "no setting 'ds.zero_stages'.*ds.zero_stage"),
        (("--openrlhf.zero_stage", "3"), "did you mean ds.zero_stage"),
        (("--openrlhf.ds.zero_stage", "many"), "zero_stage: invalid int value"),
        (("--openrlhf.ds.param_dtype", "fp8"), "invalid choice"),
        (("--openrlhf.rollout.batch_size", "8"), "set from rollout.prompts_per_step: set that instead"),
    ],
)
def test_openrlhfs_settings_are_checked(tmp_path: Path, override: tuple[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        flags.argv(config(tmp_path, *override), place(tmp_path))


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        (("--openrlhf.algo.dynamic_filtering_enable", "true"), "drops the groups without a right response"),
        (("--openrlhf.ds.lora.rank", "8"), "with no merge"),
        (("--openrlhf.train.async_enable", "true"), "asynchronous trainer"),
        (("--openrlhf.ds.ring_attn_size", "2"), "not computed across a ring"),
        (("--openrlhf.vllm.num_engines", "0"), "rollouts need vLLM"),
        (("--openrlhf.train.max_epochs", "2"), "learnt from once"),
        (("--openrlhf.train.agent_func_path", "mine.py"), "give 'ampo'"),
        (("--openrlhf.actor.eps_clip", "0.1"), r"actor\.eps_clip: .* \[algorithm\] only"),
        (("--openrlhf.algo.advantage.is_correction_level", "token"), "is_correction_level"),
        (("--openrlhf.reward.overlong_buffer_len", "100"), "length penalties"),
        (("--preset", "rlpr"), "drops prompts within a step"),
        (("--dtype", "float32"), "bfloat16"),
        (("--data.validation", "v.jsonl"), "no validation during training"),
        (("--log.trackers", '["trackio"]'), "no trackio"),
    ],
)
def test_what_would_defeat_the_algorithm_is_refused(tmp_path: Path, override: tuple[str, str], reason: str) -> None:
    plan.check(config(tmp_path))
    with pytest.raises(UserError, match=reason):
        plan.check(config(tmp_path, *override))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("--optimizer.mini_batch_prompts", "48"), "can't be cut into updates"),
        (("--openrlhf.actor.num_gpus_per_node", "3"), "can't be shared by 3 ranks"),
        (("--openrlhf.train.colocate_all", "true"), "make them equal"),
    ],
)
def test_sizes_that_do_not_divide_are_refused(tmp_path: Path, overrides: tuple[str, ...], message: str) -> None:
    chosen = config(tmp_path, "--openrlhf.vllm.num_engines", "4", *overrides)
    with pytest.raises(UserError, match=message):
        plan.check_sizes(chosen, place(tmp_path), flags.argv(chosen, place(tmp_path)), Qwen2Config())


@pytest.mark.parametrize(
    ("positions", "rope", "refused"),
    [(8192, {}, True), (9216, {}, False), (8192, {"rope_type": "linear", "factor": 4.0}, False)],
)
def test_more_tokens_than_positions_are_refused(
    tmp_path: Path, positions: int, rope: dict[str, Any], refused: bool
) -> None:
    model = LlamaConfig(max_position_embeddings=positions, rope_parameters={"rope_theta": 10000.0, **rope})
    if refused:
        with pytest.raises(UserError, match=r"make 9216 tokens, and the model has 8192 positions: .* to 7168"):
            plan.check_positions(config(tmp_path), model)
    else:
        plan.check_positions(config(tmp_path), model)


@pytest.mark.parametrize("name", [name for name in OURS if name != "openrlhf-smoke"])
def test_our_configs_pass_every_check_and_are_explained(name: str, tmp_path: Path) -> None:
    chosen = load_config(name)
    llama3 = LlamaConfig(num_hidden_layers=2, max_position_embeddings=8192, vocab_size=128256)  # as Meta published it
    model = llama3 if "llama3" in name else Qwen2Config(num_hidden_layers=2)
    plan.check(chosen)
    arguments = flags.argv(chosen, place(tmp_path, 8491))
    plan.check_sizes(chosen, place(tmp_path, 8491), arguments, model)
    text = "\n".join(plan.describe(chosen, place(tmp_path, 8491), arguments, model))
    assert "on the same 4 GPUs" in text
    assert "128 prompts x 8 responses = 1024" in text
    assert "2 updates of 512 rows, 128 a rank" in text


def test_the_smoke_config_fits_one_actor_and_one_engine(tmp_path: Path) -> None:
    chosen = load_config("openrlhf-smoke")
    plan.check(chosen)
    arguments = flags.argv(chosen, place(tmp_path))
    plan.check_sizes(chosen, place(tmp_path), arguments, Qwen2Config())
    assert flags.parse(arguments)["vllm.num_engines"] == 1


def test_overrides_reach_the_section() -> None:
    assert flags.flat({"openrlhf": parse_overrides(["--ds.zero_stage", "3"])}) == {"openrlhf.ds.zero_stage": 3}
