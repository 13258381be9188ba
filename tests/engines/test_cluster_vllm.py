"""vLLM on a real Ray cluster of two nodes on this machine, one of which is killed; and each command that runs there."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ampo import load_engine
from ampo.engines.base import Engine
from ampo.types import Request, SamplingParams

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
ray = pytest.importorskip("ray")
pytest.importorskip("vllm")

SETTINGS: dict[str, Any] = {"dtype": "float32", "max_model_len": 256, "max_num_seqs": 4}
FLAGS = ["--dtype", "float32", "--max-model-len", "256", "--max-num-seqs", "4", "--replicas", "auto"]


@pytest.fixture
def cluster(two_nodes: Any) -> Any:
    return two_nodes(num_cpus=1, num_gpus=0, object_store_memory=80 << 20)


def requests(count: int) -> Iterator[Request]:
    for i in range(count):
        params = SamplingParams(n=2, temperature=1.0, max_tokens=48, seed=100 * i)
        yield Request(str(i), ({"role": "user", "content": f"What is {i} + {i}?"},), params)


def wait_for_both(engine: Engine) -> None:
    """So that the one that is killed has work."""
    deadline = time.monotonic() + 900
    while "2 of 2 replicas ready" not in engine.activity():
        assert time.monotonic() < deadline, engine.activity()
        list(engine.generate(requests(1)))
        time.sleep(1)


def test_a_node_is_killed_and_nothing_is_lost_or_comes_twice(cluster: Any, wide: Path) -> None:
    said: list[str] = []
    with load_engine(str(wide), "vllm", **SETTINGS, say=lambda _: None) as engine:
        alone = {(s.request_id, s.index): s.response.text for s in engine.generate(requests(40))}
    where = {"ray_address": cluster.address, "replicas": "auto", "say": said.append}
    with load_engine(str(wide), "vllm", **SETTINGS, **where) as engine:
        wait_for_both(engine)
        found: list[tuple[str, int, str]] = []
        for request_id, index, response in engine.generate(requests(40)):
            found.append((request_id, index, response.text))
            if len(found) == 8:
                cluster.remove_node(cluster.second, allow_graceful=False)  # SIGKILL
        assert engine.describe()["replicas"]["lost"] == 1
    assert sorted((name, index) for name, index, _ in found) == sorted(alone)
    assert {(name, index): text for name, index, text in found} == alone
    assert len(set(alone.values())) > 40
    assert any("a replica is lost" in line for line in said), said


def ampo(*arguments: str | Path) -> str:
    """What a command says. It must succeed."""
    command = [sys.executable, "-m", "ampo", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_a_pool_is_built_and_its_teachers_are_judged_on_the_cluster(cluster: Any, wide: Path, tmp_path: Path) -> None:
    data = tmp_path / "sums.jsonl"
    data.write_text("".join(json.dumps({"question": f"{i} + {i}?", "answer": str(2 * i)}) + "\n" for i in range(4)))
    where = ["--ray-address", cluster.address, *FLAGS]
    asked = ["--data", data, "--teacher", f"one={wide}", "--samples", "2", "--max-tokens", "16"]
    said = ampo("pool", "build", *asked, "-o", tmp_path / "pool", *where)
    assert f"2 replicas on the Ray cluster at {cluster.address}" in said
    run = tmp_path / "pool" / "teachers" / "one"
    assert len((run / "responses.jsonl").read_text().splitlines()) == 8
    assert json.loads((run / "environment.json").read_text())["engine"]["backend"] == "ray:vllm"
    again = ampo("pool", "build", *asked, "-o", tmp_path / "pool", *where)
    assert "Ray cluster" not in again  # all is there

    judge = ["--judge", wide, "--judge-all", "--judge-limit", "6"]
    where[where.index("256")] = "2048"
    said = ampo("score", run, *judge, *where)
    assert f"2 replicas on the Ray cluster at {cluster.address}" in said
    judgements = [json.loads(line) for line in (run / "judgements.jsonl").read_text().splitlines()]
    assert len({one["id"] for one in judgements}) == 6
    assert {one["judge"] for one in judgements} == {str(wide)}
    said = ampo("judge", "check", wide, "--limit", "1", *where)
    assert f"2 replicas on the Ray cluster at {cluster.address}" in said
