"""The memory of an update: what the plan says, against what the process has at most.

A random Llama and two micro-batches, in a process of its own for each arm, as the local backend does it: the second
update, AdamW's moments being there, the gradients of the first micro-batch too when the second one passes. On a CPU the
process's resident memory is read (Linux) and what it had before the model was made taken off; on a GPU it is torch's
own count. `whole` computes all logits at once, as is usual. No two rows share a prompt: where they do, less is taken.

glibc keeps what is freed, in pieces that the next tensors may not fit into. So each arm runs twice on a CPU: with what
is freed given back at once (MALLOC_MMAP_THRESHOLD_), which is what the tensors take, and as it is.

    python perf/train_memory.py [--hidden 256] [--layers 4] [--vocabulary 16384] [--rows 4] [--tokens 256] [ARM...]

Without ARM four of them, in four minutes; "all" is each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROMPT = 64
MIB = 2**20
ARMS: dict[str, dict[str, Any]] = {
    "all weights": {},
    "whole": {},
    "moments in bfloat16": {"states": "bfloat16"},
    "moments in 8 bits": {"states": "8bit"},
    "LoRA of rank 16": {"rank": 16},
    "checkpointing": {"gradient_checkpointing": True},
    "half the rows, four times as long": {"rows": 0.5, "tokens": 4},
}
"""What differs in each; rows and tokens are factors."""
USUAL = ("all weights", "whole", "LoRA of rank 16", "checkpointing")


def config_of(options: argparse.Namespace) -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=options.vocabulary,
        hidden_size=options.hidden,
        intermediate_size=3 * options.hidden,
        num_hidden_layers=options.layers,
        num_attention_heads=options.hidden // 64,
        num_key_value_heads=max(options.hidden // 128, 1),
        max_position_embeddings=8192,
    )


def settings_of(options: argparse.Namespace) -> tuple[Any, Any, int, int]:
    """Of the arm: optimiser, adapters, rows of a micro-batch, tokens of a response."""
    from ampo.training.config import Lora, Optimizer

    arm = dict(ARMS[options.arm])
    rows, tokens = int(options.rows * arm.pop("rows", 1)), options.tokens * arm.pop("tokens", 1)
    lora = Lora(rank=arm.pop("rank", 0))
    return Optimizer(micro_batch_tokens=rows * (PROMPT + tokens), **arm), lora, rows, tokens


def resident(name: str) -> int:
    """Bytes: VmRSS, what is resident now; VmHWM, at most since the last reset."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"no {name} in /proc/self/status: this takes Linux")


def planned(options: argparse.Namespace) -> Any:
    import torch

    from ampo.training.adamw import MOMENTS
    from ampo.training.memory import of_update

    settings, lora, rows, tokens = settings_of(options)
    return of_update(
        config_of(options),
        rows,
        PROMPT,
        tokens,
        dtype=torch.bfloat16 if torch.cuda.is_available() else torch.float32,
        checkpointing=settings.gradient_checkpointing,
        lora=lora,
        moments=MOMENTS[settings.states],
    )


def measured(options: argparse.Namespace) -> int:
    """In a process of its own."""
    import torch
    from transformers import LlamaForCausalLM

    from ampo.algorithm import load_preset
    from ampo.training import chunked
    from ampo.training.rows import MixedRow
    from ampo.training.update import Policy

    settings, lora, rows, tokens = settings_of(options)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    autocast = torch.bfloat16 if device == "cuda" else None
    if lora.rank:
        from ampo.training.lora import adapted

    def update(policy: Policy, count: int, step: int) -> None:
        drawn = torch.randint(options.vocabulary, (count, PROMPT + tokens)).tolist()
        mixed = [MixedRow(tuple(r[:PROMPT]), tuple(r[PROMPT:]), 0.0, 0.1 * i) for i, r in enumerate(drawn)]
        policy.update(mixed, [None] * count, load_preset("ampo", max_response_tokens=tokens), step)

    # What a first pass brings besides: the libraries' own buffers, and code that is imported on the way.
    tiny: Any = LlamaForCausalLM(config_of(argparse.Namespace(hidden=64, layers=1, vocabulary=options.vocabulary)))
    tiny = adapted(tiny.to(device), lora) if lora.rank else tiny.to(device)
    policy = Policy(tiny, settings, 2, 1.0, autocast)
    update(policy, 1, 1)
    del tiny, policy
    base = resident("VmRSS") if device == "cpu" else 0
    model: Any = LlamaForCausalLM(config_of(options))
    model = model.to(device, torch.bfloat16 if lora.rank and autocast else None)
    model = adapted(model, lora) if lora.rank else model
    if options.arm == "whole":
        chunked._heads[model] = None
    policy = Policy(model, settings, 2, 1.0, autocast)
    update(policy, 2 * rows, 1)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        update(policy, 2 * rows, 2)
        return torch.cuda.max_memory_allocated()
    Path("/proc/self/clear_refs").write_text("5")
    update(policy, 2 * rows, 2)
    return resident("VmHWM") - base


def peak_of(options: argparse.Namespace, given_back: bool) -> int:
    """Measured, of the arm."""
    sizes = [f"--{name}={getattr(options, name)}" for name in ("hidden", "layers", "vocabulary", "rows", "tokens")]
    command = [sys.executable, __file__, *sizes, "--arm", options.arm]
    environment = os.environ | ({"MALLOC_MMAP_THRESHOLD_": "65536"} if given_back else {})
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return int(said.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--vocabulary", type=int, default=16384)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--arm", choices=ARMS, help=argparse.SUPPRESS)
    parser.add_argument("arms", nargs="*", default=list(USUAL), metavar="ARM")
    options = parser.parse_args()
    if options.arm:
        print(json.dumps(measured(options)))
        return
    options.arms = list(ARMS) if options.arms == ["all"] else options.arms
    if unknown := set(options.arms) - ARMS.keys():
        sys.exit(f"no such arm: {', '.join(unknown)}; there are {', '.join(ARMS)}")
    print("| what | rows x tokens | planned, MiB | states + activations + passing + logits | measured | as it is |")
    print("| :-- | :-- | --: | :-- | --: | --: |")
    found = {}
    for arm in options.arms:
        options.arm = arm
        found[arm], hoarded = (peak_of(options, given_back) for given_back in (True, False))
        plan, (_, _, rows, tokens) = planned(options), settings_of(options)
        parts = " + ".join(f"{x / MIB:.0f}" for x in (plan.states, plan.activations, plan.passing, plan.logits))
        sizes = f"{rows} x {PROMPT + tokens} | {plan.peak / MIB:.0f}"
        print(f"| {arm} | {sizes} | {parts} | {found[arm] / MIB:.0f} | {hoarded / MIB:.0f} |", flush=True)
        if arm != "whole":
            print(f"ratio: memory of an update, {arm}: MiB planned | measured | {plan.peak / found[arm]:.2f}")
    if {"all weights", "whole"} <= found.keys():
        print(f"ratio: memory of an update: MiB | whole logits | {found['all weights'] / found['whole']:.2f}")


if __name__ == "__main__":
    main()
