"""The real OpenRLHF, Ray, DeepSpeed and vLLM on a CPU: a run, killed, resumed, its result evaluated. Two starts."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(2400)]

STEPS = 3


def reproducible(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if not name.startswith("time/")} for row in rows]


def moved(model: Path, trained: Path) -> float:
    """Mean of |log p - log p| of two models over some tokens."""
    import torch
    from transformers import AutoModelForCausalLM

    ids = torch.arange(1000, 1200)[None]
    with torch.no_grad():
        a, b = (AutoModelForCausalLM.from_pretrained(m).float()(ids).logits.log_softmax(-1) for m in (model, trained))
    own = ids[:, 1:, None]
    return (a[:, :-1].gather(2, own) - b[:, :-1].gather(2, own)).abs().mean().item()


def test_a_run_is_guided_killed_resumed_and_evaluated(run: Any, small_model: Path, tmp_path: Path) -> None:
    final = run.folder / "final"
    run.start()
    run.until(lambda: len(run.rows("metrics.jsonl")) == 2, 700)
    run.kill()
    before, decided = run.rows("metrics.jsonl"), run.rows("guidance.jsonl")
    assert not final.exists()
    assert run.gone(lambda: run.processes("AmpoPolicy"))  # which may be writing the next checkpoint
    assert run.whole(1)
    run.forget(2)  # step 2 is done again, and must come out the same

    run.start()
    assert run.ended(700) == 0, run.told()
    assert "going on from step 1 of 3" in run.told()
    rows, decisions = run.rows("metrics.jsonl"), run.rows("guidance.jsonl")
    assert [row["step"] for row in rows] == [1, 2, STEPS]
    assert reproducible(rows)[:2] == reproducible(before)
    assert [d for d in decisions if d["step"] <= 2] == decided
    assert all(row["guidance/trigger_rate"] > 0 and row["mixed/replaced"] > 0 for row in rows)
    assert [row["samples"] for row in rows] == [16.0, 32.0, 48.0]
    # The policy moves, and what vLLM samples from moves with it: after the resume's weights, and after an update's.
    agreed = max(row["own/sampling_logp_difference"] for row in rows)
    assert agreed < 0.02, rows
    assert moved(small_model, final) > 5 * agreed, rows

    assert run.left() == []

    on = ["--backend", "transformers", "--model", str(final), "-o", str(tmp_path / "evaluated")]
    report = subprocess.run(
        [*run.ampo("eval", "-s", "demo", "--limit", 1, "--samples", 1, "--max-tokens", 8), *on],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert report.returncode == 0, report.stdout + report.stderr
