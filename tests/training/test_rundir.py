"""With which config a run goes on."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import tomli_w

from ampo.errors import UserError
from ampo.training.config import load_config
from ampo.training.rundir import TrainDir


@pytest.mark.parametrize(
    ("override", "free"),
    [
        (("--openrlhf.rollout.micro_batch_size", "1"), True),
        (("--openrlhf.train.micro_batch_size", "2"), True),
        (("--openrlhf.vllm.gpu_memory_utilization", "0.4"), True),
        (("--openrlhf.vllm.num_engines", "2"), True),
        (("--optimizer.gradient_checkpointing", "true"), True),
        (("--optimizer.micro_batch_tokens", "1024"), True),
        (("--device", "cpu"), True),
        (("--openrlhf.actor.num_gpus_per_node", "2"), False),
        (("--rollout.max_tokens", "24"), False),
        (("--seed", "1"), False),
    ],
)
def test_memory_and_placement_may_differ_and_what_is_learnt_may_not(
    override: tuple[str, str], free: bool, tmp_path: Path
) -> None:
    TrainDir(tmp_path).start(load_config("openrlhf-smoke"))
    if free:
        TrainDir(tmp_path).start(load_config("openrlhf-smoke", override))
    else:
        with pytest.raises(UserError, match="holds another run"):
            TrainDir(tmp_path).start(load_config("openrlhf-smoke", override))


def test_a_run_from_before_some_keys_goes_on_with_their_defaults(tmp_path: Path) -> None:
    run, config = TrainDir(tmp_path), load_config("openrlhf-smoke")
    run.start(config)
    values = tomllib.loads(run.config.read_text())
    del values["rollout"]["seeded"], values["lora"]
    run.config.write_text(tomli_w.dumps(values))
    with pytest.raises(UserError, match=r"rollout\.seeded: True there, False asked"):
        run.start(load_config("openrlhf-smoke", ("--rollout.seeded", "false")))
    run.start(config)
    assert run.config.read_text() == config.to_toml()


def test_a_damaged_config_is_one_line(tmp_path: Path) -> None:
    run = TrainDir(tmp_path)
    run.config.write_text("model = ")
    with pytest.raises(UserError, match="is not valid TOML"):
        run.start(load_config("openrlhf-smoke"))
