"""The real OpenRLHF, Ray, DeepSpeed and vLLM on a CPU: a run, killed, resumed, its result evaluated. Two starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STEPS = 3


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def reproducible(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if not name.startswith("time/")} for row in rows]


def holding(folder: str) -> list[int]:
    """Processes that have a file open under a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            files = [os.readlink(file) for file in (process / "fd").iterdir()]
        except OSError:
            continue
        if any(file.startswith(f"{folder}/") for file in files):
            found.append(int(process.name))
    return found


def ampo(*words: object) -> list[str]:
    return [sys.executable, "-m", "ampo", *map(str, words)]


def kill_after(command: list[str], mark: Path, log: Path) -> None:
    """SIGKILL to the process that the user started, once the file is there."""
    with log.open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 400
    try:
        while not mark.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.fixture
def small_model(model_path: str, tmp_path: Path) -> Path:
    """A random Llama whose heads are as wide as vLLM's CPU kernels ask for."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(model_path)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    LlamaForCausalLM(config).bfloat16().save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def moved(model: Path, trained: Path) -> float:
    """Mean of |log p - log p| of two models over some tokens."""
    import torch
    from transformers import AutoModelForCausalLM

    ids = torch.arange(1000, 1200)[None]
    with torch.no_grad():
        a, b = (AutoModelForCausalLM.from_pretrained(m).float()(ids).logits.log_softmax(-1) for m in (model, trained))
    own = ids[:, 1:, None]
    return (a[:, :-1].gather(2, own) - b[:, :-1].gather(2, own)).abs().mean().item()


def test_a_run_is_guided_killed_resumed_and_evaluated(small_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("openrlhf", reason="openrlhf is not installed (extra `openrlhf`)")
    run = tmp_path / "run"
    command = ampo("train", "openrlhf-smoke", "--model", small_model, "-o", run, "--optimizer.lr", 0.05)

    kill_after(command, run / "checkpoints" / "_actor" / "global_step1" / "whole", tmp_path / "log")
    before, decided = read(run / "metrics.jsonl"), read(run / "guidance.jsonl")
    killed = (run / "openrlhf" / "ray-session").read_text()
    assert not (run / "final").exists()

    again = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "going on from step 1 of 3" in again.stdout + again.stderr
    rows, decisions = read(run / "metrics.jsonl"), read(run / "guidance.jsonl")
    assert [row["step"] for row in rows] == [1, 2, STEPS]
    assert reproducible(rows)[:1] == reproducible(before)[:1]
    assert [d for d in decisions if d["step"] == 1] == [d for d in decided if d["step"] == 1]
    assert all(row["guidance/trigger_rate"] > 0 and row["mixed/replaced"] > 0 for row in rows)
    assert [row["samples"] for row in rows] == [16.0, 32.0, 48.0]
    # The policy moves, and what vLLM samples from moves with it: after the resume's weights, and after an update's.
    agreed = max(row["own/sampling_logp_difference"] for row in rows)
    assert agreed < 0.02, rows
    assert moved(small_model, run / "final") > 5 * agreed, rows

    assert holding(killed) == []
    assert holding(str(run)) == []  # every process of the run writes to its log

    on = ["--backend", "transformers", "--model", str(run / "final"), "-o", str(tmp_path / "evaluated")]
    report = subprocess.run(
        [*ampo("eval", "-s", "demo", "--limit", 1, "--samples", 1, "--max-tokens", 8), *on],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert report.returncode == 0, report.stdout + report.stderr
