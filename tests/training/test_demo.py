"""The demo's config on the embedded model, cut to two steps; its result is evaluated, compared and talked to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SHORT = "--steps 2 --rollout.prompts_per_step 2 --rollout.n 2 --rollout.max_tokens 48 --optimizer.mini_batch_prompts 2"
FEW = ["--suite", "demo", "--limit", 2, "--samples", 1, "--max-tokens", 16, "--backend", "transformers"]


def ampo(*words: object, said: str = "") -> str:
    command = [sys.executable, "-m", "ampo", *map(str, words)]
    ended = subprocess.run(command, input=said, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_what_the_demo_trains_is_evaluated_compared_and_talked_to(model_path: str, tmp_path: Path) -> None:
    run, final = tmp_path / "run", tmp_path / "run" / "final"
    ampo(
        "train",
        "demo",
        "--model",
        model_path,
        "-o",
        run,
        *SHORT.split(),
        "--validation.limit",
        2,
        "--validation.samples",
        1,
    )
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2]
    assert all(row["update/grad_norm"] > 0 for row in rows)

    for name, model in (("before", model_path), ("after", final)):
        ampo("eval", "--model", model, "-o", tmp_path / name, *FEW)
    assert "p-value of the mean difference" in ampo("compare", tmp_path / "before", tmp_path / "after")
    assert ampo("chat", "--model", final, "--backend", "transformers", "--max-tokens", 8, said="What is 2 + 2?\n")
