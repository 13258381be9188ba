"""The replicas of a cluster engine: Ray actors, each with an engine of ours, started as there is room."""

from __future__ import annotations

import itertools
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ampo.engines.settings import EngineSettings
from ampo.errors import EngineError
from ampo.files import first_line
from ampo.types import Request, Response

_AT_ONCE = 256  # samples that one replica works on, where its settings don't say


@dataclass
class Replica:
    """An actor. loaded: ends when it has loaded its model, or can't. ready: it has, and takes work."""

    actor: Any
    loaded: Any
    ready: bool = False
    in_flight: int = 0


Inbox = queue.SimpleQueue[tuple[Replica, Any, Any]]
"""Takes news: (replica, its work or None where it has been loaded, future)."""


class Replicas:
    """Those there are, and how many there are to be.

    Args:
        ray: the module, connected.
        model: as of `load_engine`.
        backend: of each replica.
        settings: of each replica.
        count: how many; None for as many as the cluster has room for.
        say: takes the line about one that is lost.

    Attributes:
        wanted: how many there are to be now.
        lost: how many have been lost so far.
    """

    def __init__(
        self,
        ray: Any,
        model: str | None,
        backend: str,
        settings: EngineSettings,
        count: int | None,
        say: Callable[[str], None],
    ) -> None:
        self._ray, self._model, self._backend, self._settings, self._say = ray, model, backend, settings, say
        self._auto = count is None
        self._members: list[Replica] = []
        self._inboxes: list[Inbox] = []  # of who waits for replicas
        self._looked = 0.0
        self.wanted = self._room() if count is None else count
        self.lost = 0

    @property
    def needs(self) -> dict[str, float]:
        """What a replica takes of a machine."""
        devices = self._settings.tensor_parallel_size * self._settings.data_parallel_size
        return {"GPU" if self._ray.cluster_resources().get("GPU") else "CPU": devices}

    def _room(self) -> int:
        """How many replicas the machines of the cluster hold. One doesn't stretch over two machines."""
        alive = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        return sum(min(int(node.get(name, 0) // n) for name, n in self.needs.items()) for node in alive)

    def grow(self, every: float = 0.0) -> None:
        """Start what is missing. Ray places an actor as soon as there is room for it.

        every: seconds; nothing is done where the last look at the cluster is not so long ago.
        """
        if every and time.monotonic() - self._looked <= every:
            return
        self._looked = time.monotonic()
        if self._auto:
            self.wanted = max(self._room(), 1)
        needs = self.needs
        options = {"num_gpus": needs["GPU"]} if "GPU" in needs else {"num_cpus": needs["CPU"]}
        while len(self._members) < self.wanted:
            actor_class = self._ray.remote(max_concurrency=self._at_once + 1, **options)(Actor)
            actor = actor_class.remote(self._model, self._backend, self._settings)
            replica = Replica(actor, actor.describe.remote().future())
            self._members.append(replica)
            replica.loaded.add_done_callback(lambda _, one=replica: self._tell(one))

    @property
    def _at_once(self) -> int:
        return 2 * self._settings.max_num_seqs if self._settings.max_num_seqs else _AT_ONCE

    def _tell(self, replica: Replica) -> None:
        """A replica has loaded its model, or has failed to."""
        for inbox in list(self._inboxes):
            inbox.put((replica, None, replica.loaded))

    @contextmanager
    def inbox(self) -> Iterator[Inbox]:
        """Takes news of replicas that have loaded their model, while the block lasts; at once of those that did so
        while nobody was told."""
        inbox: Inbox = queue.SimpleQueue()
        self._inboxes.append(inbox)
        for one in self._members:
            if not one.ready and one.loaded.done():
                inbox.put((one, None, one.loaded))
        try:
            yield inbox
        finally:
            self._inboxes.remove(inbox)

    def drop(self, replica: Replica, cause: BaseException) -> None:
        """One is lost: start another one in its place."""
        if replica not in self._members:
            return
        self._members.remove(replica)
        self.lost += 1
        self._say(f"note: a replica is lost ({first_line(cause)}); its samples are asked again")
        self._ray.kill(replica.actor)
        self.grow()

    def free(self) -> Replica | None:
        """The least busy one that has room."""
        ready = [one for one in self._members if one.ready and one.in_flight < self._at_once]
        return min(ready, key=lambda one: one.in_flight, default=None)

    def activity(self) -> str:
        """How many there are, in a few words."""
        ready = sum(one.ready for one in self._members)
        parts = [f"{ready} of {self.wanted} replicas ready", f"{sum(one.in_flight for one in self._members)} in flight"]
        return ", ".join([*parts, f"{self.lost} replicas lost"] if self.lost else parts)

    def close(self) -> None:
        """End them all."""
        members, self._members = self._members, []
        for one in members:
            self._ray.kill(one.actor)


class Actor:
    """A replica: an engine in a process of its own, asked by many threads at once."""

    def __init__(self, model: str | None, backend: str, settings: EngineSettings) -> None:
        from ampo.engines import load_engine

        self._ids = itertools.count()
        self._engine = load_engine(model, backend, settings=settings)

    def describe(self) -> dict[str, Any]:
        engine = self._engine
        defaults = engine.default_sampling_params()
        return {"about": engine.describe(), "model": engine.model, "context": engine.context, "defaults": defaults}

    def ask(self, request: Request) -> Response:
        """The response to a request for one sample."""
        for sample in self._engine.generate([replace(request, id=f"{request.id}@{next(self._ids)}")]):
            return sample.response
        raise EngineError("the engine ended without a response")
