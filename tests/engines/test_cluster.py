"""Engines on a real Ray cluster of two nodes on this machine, one of which is killed in the middle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ampo import load_engine
from ampo.errors import UserError
from ampo.types import Request, SamplingParams

pytestmark = pytest.mark.slow
ray = pytest.importorskip("ray")


@pytest.fixture
def cluster(two_nodes: Any) -> Any:
    return two_nodes(num_cpus=1, num_gpus=0, object_store_memory=80 << 20)


def requests() -> list[Request]:
    params = SamplingParams(n=2, temperature=1.0, max_tokens=8, seed=7)
    return [Request(str(i), ({"role": "user", "content": f"What is {i} + {i}?"},), params) for i in range(16)]


def test_a_node_is_killed_and_nothing_is_lost_or_comes_twice(cluster: Any, tiny_model: Path) -> None:
    said: list[str] = []
    settings: dict[str, Any] = {"dtype": "float32", "max_num_seqs": 4}
    with load_engine(str(tiny_model), "transformers", **settings, say=lambda _: None) as engine:
        alone = {(s.request_id, s.index): s.response.text for s in engine.generate(requests())}
    where = {"ray_address": cluster.address, "replicas": "auto", "say": said.append}
    with load_engine(str(tiny_model), "transformers", **settings, **where) as engine:
        assert engine.describe()["backend"] == "ray:transformers"
        found: list[tuple[str, int, str]] = []
        for request_id, index, response in engine.generate(requests()):
            found.append((request_id, index, response.text))
            if len(found) == 4:
                cluster.remove_node(cluster.second, allow_graceful=False)  # SIGKILL
        record = json.dumps(engine.describe())
    assert sorted((name, index) for name, index, _ in found) == sorted(alone)
    same = sum(alone[name, index] == text for name, index, text in found)
    assert same >= 0.9 * len(found), "the same seeds must ask for the same"
    assert f'"address": "{cluster.address}"' in record
    assert any("2 replicas on the Ray cluster" in line for line in said), said


def test_what_cannot_be_had_is_one_line(tiny_model: Path) -> None:
    with pytest.raises(UserError, match=r"--replicas is 'many'"):
        load_engine(str(tiny_model), "transformers", ray_address="127.0.0.1:1", replicas="many")
