from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("openrlhf", reason="OpenRLHF is not installed (extra openrlhf)")

from transformers import LlamaConfig, Qwen2Config

from ampo.errors import UserError
from ampo.training.config import TrainConfig, config_names, load_config
from ampo.training.openrlhf import flags, plan
from ampo.training.prompts import TrainPrompt
from ampo.types import Problem, Solution

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


def test_what_is_asynchronous_never_sleeps_and_shares_no_gpu(tmp_path: Path) -> None:
    words = ["--openrlhf.train.async_enable", "true"]
    with pytest.raises(UserError, match="neither engines nor training ever sleep"):
        plan.check(load_config("ampo-qwen2.5-7b", words))
    awake = [word for name in ("vllm", "ds") for word in (f"--openrlhf.{name}.enable_sleep", "false")]
    chosen = load_config("ampo-qwen2.5-7b", [*words, *awake])
    plan.check(chosen)
    assert plan.devices(flags.parse(flags.argv(chosen, place(tmp_path)))) == 4 + 4


def test_wandb_has_its_secret_from_the_environment(tmp_path: Path) -> None:
    chosen = config(tmp_path, "--log.trackers", '["wandb"]')
    plan.check(chosen)
    assert flags.parse(flags.argv(chosen, place(tmp_path)))["logger.wandb.key"] == "of-the-environment"
    assert flags.parse(flags.argv(config(tmp_path), place(tmp_path)))["logger.wandb.key"] is None


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
        (("--openrlhf.zero", "3"), r"did you mean ds\.zero_stage\?$"),
        (("--openrlhf.help", "true"), "no setting 'help'"),
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
        (("--openrlhf.ds.lora.rank", "8"), "nothing merges"),
        (("--openrlhf.train.partial_rollout_enable", "true"), "begin under other weights"),
        (("--openrlhf.ds.ring_attn_size", "2"), "not computed across a ring"),
        (("--openrlhf.vllm.num_engines", "0"), "at least 1"),
        (("--openrlhf.train.dynamic_batch_enable", "true"), "no micro-batch knows the update"),
        (("--openrlhf.ckpt.disable_ds", "true"), "no run goes on"),
        (("--openrlhf.eval.dataset", "e.jsonl"), "run ampo eval on the result"),
        (("--openrlhf.ds.load_in_4bit", "true"), "the base model's"),
        (("--openrlhf.data.apply_chat_template", "true"), "through data.template"),
        (("--openrlhf.data.input_template", "User: {}"), "through data.template"),
        (("--openrlhf.rollout.vllm_generate_batch_size", "16"), "made at once"),
        (("--openrlhf.reward.clip_range", "[0, 1]"), r"\[algorithm\] only"),
        (("--openrlhf.reward.normalize_enable", "true"), r"\[algorithm\] only"),
        (("--openrlhf.critic.freezing_steps", "3"), r"\[algorithm\] only"),
        (("--openrlhf.train.micro_batch_size", "0"), "at least 1"),
        (("--openrlhf.ds.tensor_parallel_size", "0"), "at least 1"),
        (("--openrlhf.ds.zero_stage", "7"), "at least 0 and at most 3"),
        (("--openrlhf.vllm.gpu_memory_utilization", "60"), "at most 1"),
        (("--openrlhf.logger.wandb.key", "secret"), "set from log.trackers"),
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
    solved = TrainPrompt(Problem("p", "1 + 1?", "2"), (1, 2), (Solution("t", "2", verified=True),))
    prompts = [solved, replace(solved, solutions=())]
    text = "\n".join(plan.describe(chosen, prompts, place(tmp_path, 8491), arguments, model))
    assert "guidance for 1 of 2 prompts (50 %), 1 verified solutions" in text
    assert "on the same 4 GPUs" in text
    assert "128 prompts x 8 responses = 1024" in text
    assert "2 updates of 512 rows, 128 a rank" in text


def test_the_smoke_config_fits_one_actor_and_one_engine(tmp_path: Path) -> None:
    chosen = load_config("openrlhf-smoke")
    plan.check(chosen)
    arguments = flags.argv(chosen, place(tmp_path))
    plan.check_sizes(chosen, place(tmp_path), arguments, Qwen2Config())
    assert flags.parse(arguments)["vllm.num_engines"] == 1


def test_an_override_takes_the_place_of_what_the_file_says() -> None:
    chosen = load_config("openrlhf-smoke", ["--openrlhf.rollout.micro_batch_size", "2"])
    assert chosen.openrlhf["rollout.micro_batch_size"] == 2
    assert chosen.to_toml().count("micro_batch_size") == 2  # rollout's and train's, once each


def test_a_revision_of_a_hub_model_is_refused_with_the_way_to_have_it(tmp_path: Path) -> None:
    from ampo.api.openrlhf import train_on_openrlhf

    with pytest.raises(UserError, match="hf download owner/name --revision abc"):
        train_on_openrlhf(load_config("openrlhf-smoke", ["--model", "owner/name@abc"]), tmp_path, "plan", None, None)


@pytest.mark.parametrize(("train", "rollout", "gib"), [(1, 1, 15.7), (1, 4, 31.3)])
def test_memory_is_that_of_the_larger_micro_batch(train: int, rollout: int, gib: float) -> None:
    found = {
        "ds.zero_stage": 3,
        "ds.adam_offload": False,
        "train.micro_batch_size": train,
        "rollout.micro_batch_size": rollout,
    }
    text = SimpleNamespace(vocab_size=152064, hidden_size=3584, num_hidden_layers=28)
    assert f"about {gib} for logits" in plan.memory(found, 4, True, 7_600_000_000, text, 9216)


@pytest.mark.parametrize("preset", ["ampo-qwen2.5-7b", "sft-qwen2.5-7b"])
def test_a_command_and_a_plan_need_no_model(
    preset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ampo.api.training import carry_out

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    chosen = load_config(preset, ["--model", "nobody/has-this"])
    carry_out(chosen, tmp_path / "run", stop="command")
    shown = capsys.readouterr()
    assert "--train.seed 0" in shown.out
    assert "nobody/has-this" in shown.out
    assert "its prompts are not written" in shown.err
    carry_out(chosen, tmp_path / "run", stop="plan")
    shown = capsys.readouterr()
    assert "lr = 1e-0" in shown.out
    assert "memory are not known" in shown.err
    assert not (tmp_path / "run").exists()


def test_an_update_gets_its_prompts_whole_on_every_rank() -> None:
    from ampo.training.openrlhf.samples import by_rank

    laid = by_rank(list(range(16)), 2, 8)  # two updates of eight rows, in order, for two ranks
    halves = laid[:8], laid[8:]
    assert [sorted(rank[i] for rank in halves for i in range(k, k + 4)) for k in (0, 4)] == [
        list(range(8)),
        list(range(8, 16)),
    ]
    assert by_rank(list(range(4)), 1, 2) == [0, 1, 2, 3]
