"""An update by OpenRLHF's own trainer, model, replay buffer and DeepSpeed (gloo, CPU) against the local backend's: by
one rank, and by two with ZeRO-2 and ZeRO-3.

OpenRLHF trains in bfloat16 or float16 alone; here its one function that turns a flag into a type gives float32 too,
upon which its DeepSpeed config has neither of them. DeepSpeed's state is a process's, hence processes of their own.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ampo.training.config import TrainConfig, load_config
from ampo.training.rows import MixedRow
from ampo.training.update import Policy

ROWS, MICRO, TEMPERATURE = 12, 3, 0.8
OLD = 0.3
"""By how much the old log-probabilities are lower than the policy's: far enough off for some tokens to be clipped."""
OVERRIDES = {
    "algorithm.entropy_coefficient": 0.1,
    "rollout.temperature": TEMPERATURE,
    "rollout.n": 4,
    "rollout.prompts_per_step": 3,
    "optimizer.mini_batch_prompts": 3,
    "optimizer.micro_batch_tokens": 60,
    "optimizer.lr": 1e-3,
    "openrlhf.train.micro_batch_size": MICRO,
    "openrlhf.rollout.micro_batch_size": MICRO,
}


def config(model: Path, ranks: int = 1, stage: int = 2) -> TrainConfig:
    over = OVERRIDES | {"openrlhf.actor.num_gpus_per_node": ranks, "openrlhf.ds.zero_stage": stage}
    words = [word for name, value in over.items() for word in (f"--{name}", str(value))]
    return load_config("openrlhf-smoke", ["--model", str(model), *words])


def rows() -> list[MixedRow]:
    """Of different lengths, every third one a teacher's."""
    draw = random.Random(1)

    def ids(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw.randrange(100, 5000) for _ in range(draw.randint(low, high)))

    return [
        MixedRow(ids(2, 8), ids(1, 20), 0.0, draw.uniform(-1, 1), "teacher" if i % 3 == 0 else None)
        for i in range(ROWS)
    ]


class Watched(Policy):
    """The local backend's, whose gradient is kept before it is clipped and applied."""

    gradients: dict[str, Tensor]

    def _step(self, step: int) -> dict[str, float]:
        self.gradients = {name: p.grad.clone() for name, p in self.model.named_parameters() if p.grad is not None}
        return super()._step(step)


def local(model: Path) -> tuple[dict[str, float], dict[str, Tensor], list[Tensor]]:
    """(metrics, gradients, log-probabilities of each row's response before the update)."""
    from transformers import AutoModelForCausalLM

    chosen, taken = config(model), rows()
    weights: Any = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    policy = Watched(weights, chosen.optimizer, chosen.steps, TEMPERATURE)
    own = policy.log_probs(taken)
    old = [None if row.is_teacher else found - OLD for row, found in zip(taken, own, strict=True)]
    return policy.update(taken, old, chosen.resolved_algorithm(), 1), policy.gradients, own


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("ranks", "stage"), [(1, 2), pytest.param(2, 2, marks=pytest.mark.long), (2, 3)])
def test_an_update_is_the_local_backends(ranks: int, stage: int, tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("openrlhf", reason="OpenRLHF is not installed (extra openrlhf)")
    with (tmp_path / "said").open("w+") as said:
        started = [
            subprocess.Popen(
                [sys.executable, __file__, str(tiny_model), str(tmp_path), str(rank), str(ranks), str(stage)],
                env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            for rank in range(ranks)
        ]
        ended = [process.wait(600) for process in started]
        said.seek(0)
        assert ended == [0] * ranks, said.read()
    parts = [torch.load(tmp_path / f"update-{rank}.pt") for rank in range(ranks)]
    found = parts[0] | {name: [x for part in parts for x in part[name]] for name in ("own", "tokens")}
    metrics, gradients, own = local(tiny_model)

    for a, b in zip(found["own"], own, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
    assert len(set(found["tokens"])) > 1  # micro-batches of different sizes
    assert metrics["clip_fraction"] > 0
    assert metrics["teacher_weight"] > 0
    assert set(found["gradients"]) == set(gradients)
    norm = torch.stack([g.norm() for g in gradients.values()]).norm()
    apart = torch.stack([(found["gradients"][name] - g).norm() for name, g in gradients.items()]).norm()
    assert norm > 1e-3
    assert apart <= 1e-4 * norm, (apart, norm)
    shared = metrics.keys() - {"skipped", "own_entropy", "own_pull", "teacher_pull"}
    assert shared <= {name.removeprefix("update/") for name in found["metrics"]}
    for name in shared:
        assert found["metrics"][f"update/{name}"] == pytest.approx(metrics[name], rel=1e-4, abs=1e-6), name


def _openrlhf(model: Path, folder: Path, rank: int, ranks: int, stage: int) -> None:
    """In a process of its own: a rank's part of OpenRLHF's update, written to a file."""
    from ampo.training.openrlhf import cpu, flags
    from ampo.training.openrlhf.settings import Settings
    from ampo.training.openrlhf.substitute import substitute

    cpu.install()
    from argparse import Namespace

    from deepspeed.utils import safe_get_full_grad
    from openrlhf.utils import get_strategy, utils
    from openrlhf.utils.config import hierarchize

    from ampo.training.openrlhf.actor import AmpoPolicy

    chosen = config(model, ranks, stage)
    place = flags.Place(str(model), folder, ROWS, gpu=False)
    args: Any = hierarchize(Namespace(**flags.parse(flags.argv(chosen, place))))
    args.ampo = Settings(chosen, folder, None)
    args.actor.eps_clip_low_high = (args.actor.eps_clip,) * 2  # as OpenRLHF's command does
    args.ds.param_dtype = "fp32"
    substitute(utils, convert_to_torch_dtype=lambda _: torch.float32)

    policy = AmpoPolicy(ranks, rank, "127.0.0.1", _port(folder, rank))
    policy.init_model_from_pretrained(get_strategy(args), str(model), max_steps=1, vllm_engines=None)
    strategy, network = policy.strategy, policy.actor.model
    gradients: dict[str, Tensor] = {}
    apply = strategy.optimizer_step

    def watched(*arguments: Any, **keywords: Any) -> None:
        if network.is_gradient_accumulation_boundary():
            gradients.update(
                {n: g.clone() for n, p in network.module.named_parameters() if (g := safe_get_full_grad(p)) is not None}
            )
        apply(*arguments, **keywords)

    strategy.optimizer_step = watched
    share = ROWS // ranks
    seen = _appended(policy, rows()[rank * share : (rank + 1) * share])
    metrics = policy.fit(0.0)
    torch.save({"metrics": metrics, "gradients": gradients, **seen}, folder / f"update-{rank}.pt")


def _appended(policy: Any, taken: list[MixedRow]) -> dict[str, Any]:
    """The rows in the policy's buffer. Gives each row's log-probabilities, and each micro-batch's tokens."""
    from openrlhf.trainer.ppo_utils.experience import Experience

    from ampo.training.openrlhf.maker import settle_advantages

    samples = [_sample(row) for row in taken]
    own, tokens = [], []
    for start in range(0, len(samples), MICRO):
        batch = Experience.concat_experiences(samples[start : start + MICRO], 0)
        log_probs = policy.forward(batch.sequences, batch.action_mask, batch.attention_mask)
        own += [found[mask.bool()] for found, mask in zip(log_probs, batch.action_mask, strict=True)]
        batch.action_log_probs = log_probs - OLD * batch.action_mask
        settle_advantages(batch)
        policy.append(batch)
        tokens.append(int(batch.action_mask.sum()))
    return {"own": own, "tokens": tokens}


def _port(folder: Path, rank: int) -> int:
    """The same for every rank: the first one looks for it."""
    file = folder / "port"
    if rank == 0:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            (folder / "port.new").write_text(str(free.getsockname()[1]))
        (folder / "port.new").rename(file)
    while not file.exists():
        time.sleep(0.1)
    return int(file.read_text())


def _sample(row: MixedRow) -> Any:
    """As it comes from OpenRLHF's samples generator, and goes on as a row of ours."""
    from openrlhf.trainer.ppo_utils.samples_generator import SamplesGenerator

    from ampo.training.openrlhf.samples import sample_of

    response = {
        "prompt": "",
        "label": "{}",
        "observation_tokens": [*row.prompt_ids, *row.response_ids],
        "action_ranges": [(len(row.prompt_ids), len(row.prompt_ids) + len(row.response_ids))],
        "rollout_log_probs": None,
        "reward": 0.0,
        "scores": 0.0,
        "extra_logs": {"outcome": 0.0, "reward_failed": 0.0, "not_shown": 0.0},
    }
    return sample_of(row, SamplesGenerator._process_response_into_experience(None, response))  # type: ignore[arg-type]


if __name__ == "__main__":
    _openrlhf(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
