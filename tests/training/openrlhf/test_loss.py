"""The loss of the OpenRLHF backend against the local backend's, and of two gloo ranks against one, in float32."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed

from ampo.algorithm.presets import load_preset
from ampo.training.config import Optimizer
from ampo.training.openrlhf.loss import Window, micro_batch_loss, window
from ampo.training.rows import MixedRow
from ampo.training.update import Policy, _totals

WIDTH, VOCABULARY = 24, 50
TWO_RANKS = ("ampo", "ampo-paper")


def model() -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2
    )
    return LlamaForCausalLM(config).float()


def rows() -> list[MixedRow]:
    """Eight of different lengths, three of them a teacher's; every second group of two is lopsided."""
    draw = random.Random(1)

    def ids(n: int) -> tuple[int, ...]:
        return tuple(draw.randrange(VOCABULARY) for _ in range(n))

    return [
        MixedRow(
            ids(draw.randint(2, 8)), ids(draw.randint(1, 12)), 0.0, draw.uniform(-1, 1), "t" if i % 3 == 0 else None
        )
        for i in range(8)
    ]


def as_openrlhf(taken: list[MixedRow]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Rows as OpenRLHF lays them out: prompt and response from the left, the action mask shifted by one."""
    sequences, attention = torch.zeros(2, len(taken), WIDTH, dtype=torch.long)
    actions = torch.zeros(len(taken), WIDTH, dtype=torch.long)
    for i, row in enumerate(taken):
        start, end = len(row.prompt_ids), len(row.prompt_ids) + len(row.response_ids)
        sequences[i, :end] = torch.tensor([*row.prompt_ids, *row.response_ids])
        attention[i, :end] = 1
        actions[i, start:end] = 1
    actions = actions[:, 1:]
    advantages = torch.tensor([row.advantage for row in taken])[:, None] * actions
    return sequences, attention, actions, advantages, torch.tensor([row.is_teacher for row in taken])


def backward(network: Any, taken: list[MixedRow], algorithm: Any, update: Window, accumulated: int) -> float:
    """A micro-batch as OpenRLHF and DeepSpeed treat it: gradients divided by the accumulated micro-batches."""
    sequences, attention, actions, advantages, teacher = as_openrlhf(taken)
    logits = network(sequences, attention_mask=attention).logits[:, :-1]
    log_probs = logits.log_softmax(-1).gather(-1, sequences[:, 1:, None])[..., 0] * actions
    old = (log_probs.detach() - 0.3) * actions  # far enough off for some tokens to be clipped
    found = micro_batch_loss(log_probs, old, advantages, actions, teacher, algorithm, update)
    (found.loss / accumulated).backward()
    return found.loss.item() / update.scale


def shares(taken: list[MixedRow], size: int) -> list[list[MixedRow]]:
    return [taken[i : i + size] for i in range(0, len(taken), size)]


def update_of(parts: list[list[MixedRow]]) -> Window:
    return window([(actions, teacher) for _, _, actions, _, teacher in map(as_openrlhf, parts)])


def gradient(network: Any) -> Tensor:
    return torch.cat([p.grad.flatten() for p in network.parameters()])


def openrlhf_gradient(preset: str, micro: int) -> tuple[float, Tensor]:
    network, parts = model(), shares(rows(), micro)
    algorithm = load_preset(preset, max_response_tokens=12, entropy_coefficient=0.0)
    update = update_of(parts)
    loss = sum(backward(network, part, algorithm, update, len(parts)) for part in parts)
    return loss, gradient(network)


def local_gradient(preset: str) -> tuple[float, Tensor]:
    network, taken = model(), rows()
    algorithm = load_preset(preset, max_response_tokens=12, entropy_coefficient=0.0)
    policy = Policy(network, Optimizer(), 1, 1.0)
    own = policy.log_probs(taken)
    totals = _totals(taken[0])
    for row in taken[1:]:
        totals += _totals(row)
    old = [None if row.is_teacher else found - 0.3 for row, found in zip(taken, own, strict=True)]
    loss, _ = policy._loss(taken, old, algorithm, totals)
    loss.backward()
    return loss.item(), gradient(network)


@pytest.mark.parametrize("preset", ["ampo", "ampo-paper", "luffy", "rl-sft", "grpo"])
@pytest.mark.parametrize("micro", [1, 2, 8])
def test_loss_and_gradient_are_the_local_backends(preset: str, micro: int) -> None:
    loss, found = openrlhf_gradient(preset, micro)
    local_loss, local = local_gradient(preset)
    assert local.norm() > 1e-3
    assert loss == pytest.approx(local_loss, abs=1e-4, rel=1e-4)
    assert (found - local).norm() <= 1e-4 * local.norm()


def _rank(rank: int, folder: Path) -> None:
    """A process of its own: half the rows, in micro-batches of two; rank 0 writes the ranks' mean gradients."""
    distributed.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=2)
    for preset in TWO_RANKS:
        network, parts = model(), shares(rows()[rank * 4 : rank * 4 + 4], 2)
        algorithm = load_preset(preset, max_response_tokens=12, entropy_coefficient=0.0)
        update = update_of(parts)
        for part in parts:
            backward(network, part, algorithm, update, len(parts))
        found = gradient(network)
        distributed.all_reduce(found)
        if rank == 0:
            torch.save(found / 2, folder / f"{preset}.pt")  # DeepSpeed averages over the ranks
    distributed.destroy_process_group()


def test_two_ranks_have_the_gradient_of_one(tmp_path: Path) -> None:
    started = [subprocess.Popen([sys.executable, __file__, str(rank), tmp_path]) for rank in range(2)]
    assert [process.wait(400) for process in started] == [0, 0]
    for preset in TWO_RANKS:
        two, (_, one) = torch.load(tmp_path / f"{preset}.pt"), openrlhf_gradient(preset, 8)
        assert one.norm() > 1e-3
        assert (two - one).norm() <= 1e-4 * one.norm(), preset


if __name__ == "__main__":
    _rank(int(sys.argv[1]), Path(sys.argv[2]))
