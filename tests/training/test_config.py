from __future__ import annotations

from pathlib import Path

import pytest

from ampo.errors import UserError
from ampo.training import plan
from ampo.training.config import config_names, load_config

MINIMAL = 'model = "m"\n[data]\ntrain = "t.jsonl"\npool = "p.jsonl"\n'


def written(tmp_path: Path, text: str) -> str:
    file = tmp_path / "c.toml"
    file.write_text(text)
    return str(file)


def test_the_defaults_are_the_papers(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, MINIMAL))
    assert (config.preset, config.steps) == ("ampo", 510)
    assert (config.rollout.prompts_per_step, config.rollout.n, config.rollout.max_tokens) == (128, 8, 8192)
    assert (config.rollout.temperature, config.rollout.top_p, config.data.max_prompt_tokens) == (1.0, 1.0, 1024)
    optimizer = config.optimizer
    assert (optimizer.lr, optimizer.weight_decay, optimizer.grad_norm, optimizer.mini_batch_prompts) == (
        1e-6,
        0.1,
        1.0,
        64,
    )
    assert config.resolved_algorithm().max_response_tokens == 8192


def test_overrides_are_dotted_and_typed(tmp_path: Path) -> None:
    path = written(tmp_path, MINIMAL)
    config = load_config(path, ["--algorithm.k0", "4", "--rollout.n=2", "--data.template", "boxed", "--steps", "3"])
    assert config.resolved_algorithm().k0 == 4
    assert (config.rollout.n, config.data.template, config.steps) == (2, "boxed", 3)
    assert load_config(path, ["--rollout.max-tokens", "64"]).resolved_algorithm().max_response_tokens == 64


def test_what_is_written_reads_back_the_same(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, MINIMAL), ["--algorithm.gamma", "0.2"])
    again = load_config(written(tmp_path, config.to_toml()))
    assert again == config


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rollout.nn", "4"], r"unknown key 'rollout.nn'.*did you mean n"),
        (["--stepz", "4"], r"unknown key 'stepz'.*did you mean steps"),
        (["--rollout.n", "0"], "rollout.n is 0"),
        (["--rollout.n", "many"], "rollout.n is 'many'"),
        (["--algorithm.gama", "1"], r"no setting 'gama': did you mean gamma\?"),
        (["--algorithm.name", "foo"], "no setting 'name'"),
        (["--preset", "ammpo"], "did you mean ampo"),
        (["--steps"], "--steps has no value"),
        (["steps", "4"], "unexpected argument 'steps'"),
        (["--model.x", "4"], "model is a value"),
    ],
)
def test_what_is_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_config(written(tmp_path, MINIMAL), arguments)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean demo"):
        load_config("dmo")
    with pytest.raises(UserError, match="not valid TOML"):
        load_config(written(tmp_path, "model ="))
    with pytest.raises(UserError, match=r"data is missing|model is missing"):
        load_config(written(tmp_path, ""))


def test_combinations_under_which_nothing_is_learnt(tmp_path: Path) -> None:
    path = written(tmp_path, MINIMAL)
    with pytest.raises(UserError, match="a group of one has no advantage"):
        plan.check(load_config(path, ["--rollout.n", "1"]))
    with pytest.raises(UserError, match=r"trigger = 'none_correct' with teacher_loss = 'none'"):
        plan.check(load_config(path, ["--preset", "grpo", "--algorithm.trigger", "none_correct"]))
    bare = written(tmp_path, 'model = "m"\n[data]\ntrain = "t"\n')
    with pytest.raises(UserError, match=r"data\.pool is not set"):
        plan.check(load_config(bare))
    plan.check(load_config(bare, ["--preset", "grpo"]))
    plan.check(load_config(written(tmp_path, MINIMAL), ["--preset", "sft", "--rollout.n", "1"]))


@pytest.mark.parametrize("name", config_names())
def test_our_own_configs_are_valid(name: str) -> None:
    plan.check(load_config(name))
