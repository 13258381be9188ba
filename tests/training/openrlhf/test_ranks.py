"""OpenRLHF over several training ranks, engines, workers of an engine and nodes: the real stack, on a CPU.

`test_step` has the gradients of two ranks to 1e-4; here the runs are whole, with vLLM and Ray.
"""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.long, pytest.mark.timeout(2400)]

ROWS = 16


def steady(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("time/")}


def flagged(run: Any) -> None:
    """Each row that a teacher's has replaced arrives at the loss as a teacher's, on whatever rank it is."""
    chosen = {row["step"]: 0 for row in run.rows("metrics.jsonl")}
    for decision in run.rows("guidance.jsonl"):
        chosen[decision["step"]] = chosen.get(decision["step"], 0) + len(decision["chosen"])
    for row in run.rows("metrics.jsonl"):
        assert round(row["mixed/replaced"] * ROWS) == chosen[row["step"]] > 0, row
        assert row["update/teacher_weight"] > 0, row


@pytest.mark.parametrize("stage", [2, 3])
def test_two_ranks_and_two_engines_are_killed_and_resumed(run: Any, stage: int) -> None:
    run.command += ["--device", "cpu", "--openrlhf.actor.num_gpus_per_node", "2", "--openrlhf.vllm.num_engines", "2"]
    run.command += ["--openrlhf.ds.zero_stage", str(stage), "--openrlhf.train.micro_batch_size", "2"]
    run.start()
    run.until(lambda: len(run.rows("metrics.jsonl")) == 2, 900)
    run.kill()
    before = run.rows("metrics.jsonl")
    assert run.gone(lambda: run.processes("AmpoPolicy"))
    assert run.whole(1)
    run.forget(2)

    run.start()
    assert run.ended(900) == 0, run.told()
    assert "going on from step 1 of 3" in run.told()
    rows = run.rows("metrics.jsonl")
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert [steady(row) for row in rows[:2]] == [steady(row) for row in before]
    assert max(row["own/sampling_logp_difference"] for row in rows) < 0.02
    flagged(run)


def test_an_engine_over_two_workers(run: Any) -> None:
    run.start("--openrlhf.vllm.tensor_parallel_size", "2", "--device", "cpu")
    assert run.ended(900) == 0, run.told()
    rows = run.rows("metrics.jsonl")
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert max(row["own/sampling_logp_difference"] for row in rows) < 0.02  # the weights reach both workers
    flagged(run)


def test_a_node_is_killed_while_it_trains(run: Any, two_nodes: Any) -> None:
    """The policy on one node, the engine on the other; another node takes the dead one's place."""
    cluster = two_nodes(num_cpus=4, num_gpus=1, object_store_memory=160 << 20)
    run.command += ["--device", "cpu", "--ray-address", cluster.address]
    run.start()
    run.until(lambda: len(run.rows("metrics.jsonl")) == 1 and run.whole(1), 900)
    cluster.remove_node(cluster.second, allow_graceful=False)  # SIGKILL
    assert run.ended(600) == 1, run.told()
    last = run.told().strip().splitlines()[-1]
    assert "the same command goes on from the last checkpoint" in last, run.told()
    assert "Traceback" not in run.told()

    cluster.add()
    run.start()
    assert run.ended(900) == 0, run.told()
    assert "going on from step" in run.told()
    assert [row["step"] for row in run.rows("metrics.jsonl")] == [1, 2, 3]
    flagged(run)
