"""Engines on a real Ray cluster of two nodes on this machine, one of which is killed in the middle."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ampo import load_engine
from ampo.errors import UserError
from ampo.types import Request, SamplingParams

pytestmark = pytest.mark.slow
ray = pytest.importorskip("ray")


def ports() -> dict[str, int]:
    """Of a node's agents. Where they choose their own, a busy machine exceeds the time that Ray waits to hear them."""
    names = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port", "runtime_env_agent_port")
    with ExitStack() as stack:  # held together, so that all differ
        sockets = [stack.enter_context(socket.socket()) for _ in names]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return {name: one.getsockname()[1] for name, one in zip(names, sockets, strict=True)}


def patient(get_node: Any) -> Any:
    """Ray gives a node half a minute to come up, which a busy machine exceeds."""

    def found(*arguments: Any) -> Any:
        deadline = time.monotonic() + 60
        while True:
            try:
                return get_node(*arguments)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)

    return found


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    root = str(Path(__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])]))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_agent_register_timeout_ms", "300000")
    monkeypatch.setattr("ray._private.services.get_node", patient(ray._private.services.get_node))
    small: dict[str, Any] = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": 80 << 20}
    try:
        made: Any = Cluster(initialize_head=True, head_node_args={**small, **ports(), "include_dashboard": False})
        made.second = made.add_node(**small, **ports())
    except Exception as error:  # Ray's own, of any kind: its nodes wait a quarter of a minute for their agents
        pytest.skip(f"Ray's nodes do not come up here: {error}")
    yield made
    ray.shutdown()
    made.shutdown()


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
