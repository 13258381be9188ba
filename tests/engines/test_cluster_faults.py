"""How work goes round where replicas are lost: threads stand for Ray's actors. The real Ray is in test_cluster."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from ampo.engines.cluster import ClusterEngine
from ampo.engines.cluster import engine as cluster
from ampo.engines.settings import EngineSettings
from ampo.errors import UserError
from ampo.types import Request, Response, SamplingParams


class DiedError(Exception):
    """As Ray's: the actor is gone."""


class Actor:
    """Answers with its seed; dies with its third request if it is one of the first two."""

    made = 0
    lock = threading.Lock()

    def __init__(self, *_: Any) -> None:
        with Actor.lock:
            Actor.made += 1
            self.number, self.asked = Actor.made, 0

    def describe(self) -> dict[str, Any]:
        about = {"backend": "x", "settings": {}, "versions": {}}
        return {"about": about, "model": "m", "context": 64, "defaults": SamplingParams()}

    def ask(self, request: Request) -> Response:
        self.asked += 1
        if self.number <= 2 and self.asked >= 3:
            raise DiedError("gone")
        return Response(f"{request.id}:{request.params.seed}")


class Handle:
    def __init__(self, pool: ThreadPoolExecutor, actor: Any) -> None:
        self._pool, self._actor = pool, actor

    def __getattr__(self, name: str) -> Any:
        def remote(*arguments: Any) -> Any:
            future: Future[Any] = self._pool.submit(getattr(self._actor, name), *arguments)
            return SimpleNamespace(future=lambda: future)

        return SimpleNamespace(remote=remote)


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Any:
    pool, cpus = ThreadPoolExecutor(4), {"CPU": 1.0}
    made = SimpleNamespace(
        __version__="0",
        is_initialized=lambda: False,
        init=lambda **_: None,
        cluster_resources=lambda: cpus,
        nodes=lambda: [{"Alive": True, "Resources": cpus}, {"Alive": True, "Resources": cpus}],
        remote=lambda **_: lambda _: SimpleNamespace(remote=lambda *a: Handle(pool, Actor(*a))),
        kill=lambda _: None,
        shutdown=lambda: None,
    )
    monkeypatch.setitem(sys.modules, "ray", made)
    monkeypatch.setattr(Actor, "made", 0)
    monkeypatch.setattr(cluster, "_LOOK_EVERY", 0.05)
    return made


def test_what_a_lost_replica_had_is_asked_again_with_the_same_seeds(ray: Any) -> None:
    said: list[str] = []
    settings = EngineSettings(ray_address="auto", max_num_seqs=1)
    requests = [Request(str(i), "q", SamplingParams(n=3, seed=10 * i)) for i in range(20)]
    with ClusterEngine("m", "x", settings, said.append) as engine:
        found = [(s.request_id, s.index, s.response.text) for s in engine.generate(requests)]
        assert engine.describe()["replicas"]["lost"] == 2
        assert "2 replicas lost" in engine.activity()
    assert sorted(found) == sorted((str(i), j, f"{i}:{10 * i + j}") for i in range(20) for j in range(3))
    assert sum("is lost" in line for line in said) == 2


def test_a_replica_that_loads_while_nothing_is_asked_works_on_what_comes_next(
    ray: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading, described = threading.Event(), Actor.describe

    def describe(actor: Actor) -> dict[str, Any]:
        assert actor.number != 2 or loading.wait(10)
        return described(actor)

    monkeypatch.setattr(Actor, "describe", describe)
    with ClusterEngine("m", "x", EngineSettings(ray_address="auto"), lambda _: None) as engine:
        assert len(list(engine.generate([Request("0", "q")]))) == 1
        assert "1 of 2 replicas ready" in engine.activity()
        loading.set()
        time.sleep(0.3)
        assert len(list(engine.generate([Request("1", "q")]))) == 1
        assert "2 of 2 replicas ready" in engine.activity()


def test_a_request_that_takes_every_replica_down_is_given_up(ray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(_: Any, request: Request) -> Response:
        if request.id == "bad":
            raise DiedError("gone")
        return Response("fine")

    monkeypatch.setattr(Actor, "ask", ask)
    requests = [Request(name, "q") for name in ("a", "bad", "b")]
    with ClusterEngine("m", "x", EngineSettings(ray_address="auto"), lambda _: None) as engine:
        found = {s.request_id: s.response.finish_reason for s in engine.generate(requests)}
    assert found == {"a": "stop", "bad": "error", "b": "stop"}


def test_what_is_wrong_everywhere_is_one_line(ray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def describe(_: Any) -> dict[str, Any]:
        raise UserError("no such model")

    monkeypatch.setattr(Actor, "describe", describe)
    with pytest.raises(UserError, match="no such model"):
        ClusterEngine("m", "x", EngineSettings(ray_address="auto"), lambda _: None)
    with pytest.raises(UserError, match="--replicas is 'many'"):
        ClusterEngine("m", "x", EngineSettings(ray_address="auto", replicas="many"), lambda _: None)
