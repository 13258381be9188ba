"""The memory of an update: what the plan says, against what the process has at most.

A random Llama and one micro-batch, in a process of its own for each arm, as the local backend does it: AdamW's states
are there before. On a CPU the process's resident memory is read (Linux), on a GPU torch's own count. The arm `whole`
computes all logits at once, as is usual.

    python perf/train_memory.py [--hidden 256] [--layers 8] [--vocabulary 49152] [--rows 4] [--tokens 1024]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PROMPT = 64


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


def highest() -> int:
    """Bytes of resident memory at most, since the last reset."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise SystemExit("no VmHWM in /proc/self/status: this takes Linux")


def measured(options: argparse.Namespace) -> None:
    """In a process of its own: an update twice over, the second measured; its peak on stdout."""
    import torch
    from transformers import LlamaForCausalLM

    from ampo.algorithm import load_preset
    from ampo.training import chunked
    from ampo.training.config import Optimizer
    from ampo.training.rows import MixedRow
    from ampo.training.update import Policy

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model: Any = LlamaForCausalLM(config_of(options))
    model = model.to(device)
    if options.arm == "whole":
        chunked._heads[model] = None
    rows = [
        MixedRow((1,) * PROMPT, tuple(torch.randint(options.vocabulary, (options.tokens,)).tolist()), 0.0, 0.1 * i)
        for i in range(options.rows)
    ]
    autocast = torch.bfloat16 if device == "cuda" else None
    settings = Optimizer(micro_batch_tokens=10**9, gradient_checkpointing=options.checkpointing)
    policy = Policy(model, settings, 2, 1.0, autocast)
    algorithm = load_preset("ampo", max_response_tokens=options.tokens)
    policy.update(rows[:1], [None], algorithm, 1)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        policy.update(rows, [None] * len(rows), algorithm, 2)
        print(json.dumps({"peak": torch.cuda.max_memory_allocated()}))
        return
    states = sum(p.numel() for p in model.parameters()) * 16
    Path("/proc/self/clear_refs").write_text("5")
    before = highest()  # with weights, moments and all of Python in it, gradients not
    policy.update(rows, [None] * len(rows), algorithm, 2)
    print(json.dumps({"peak": highest() - before + states * 3 // 4}))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--vocabulary", type=int, default=49152)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--checkpointing", action="store_true")
    parser.add_argument("--arm", choices=("chunked", "whole"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.arm:
        measured(options)
        return
    import torch

    from ampo.training.memory import of_update

    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    planned = of_update(
        config_of(options), options.rows, PROMPT, options.tokens, dtype=dtype, checkpointing=options.checkpointing
    )
    found = {}
    for arm in ("chunked", "whole"):
        command = [sys.executable, __file__, *sys.argv[1:], "--arm", arm]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        found[arm] = json.loads(said.stdout.splitlines()[-1])["peak"]
    mib = 2**20
    print(
        f"{planned.parameters / 1e6:.1f} M parameters, {options.rows} x {PROMPT + options.tokens} tokens, vocabulary "
        f"{options.vocabulary}, {str(dtype).removeprefix('torch.')}"
    )
    print(
        f"planned {planned.peak / mib:8.0f} MiB = states {planned.states / mib:.0f} + activations "
        f"{planned.activations / mib:.0f} + passing {planned.passing / mib:.0f} + logits {planned.logits / mib:.0f}"
    )
    print(
        f"chunked {found['chunked'] / mib:8.0f} MiB measured: planned / measured {planned.peak / found['chunked']:.2f}"
    )
    print(f"whole   {found['whole'] / mib:8.0f} MiB measured")
    what = f"memory of an update, {options.rows} x {PROMPT + options.tokens} tokens"
    print(f"ratio: {what}: MiB | whole logits | {found['chunked'] / found['whole']:.2f}")
    print(f"ratio: {what}: MiB measured | planned | {found['chunked'] / planned.peak:.2f}")


if __name__ == "__main__":
    main()
