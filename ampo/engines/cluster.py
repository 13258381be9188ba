"""Engines on a Ray cluster that share the work of one run: plain Ray actors, each with an engine of ours.

The driver hands one sample after the other to the least busy replica and yields each as it comes back; it alone knows
what is done. A sample whose replica is lost goes to another one, with the same seed, so that nothing is lost and
nothing comes twice. A lost replica is started again where the cluster has room; with `replicas = "auto"` machines that
join later get one, too.

Why not Ray Data's LLM processor: it gives results a batch at a time, so that a killed driver loses what its batches
had finished; its engine makes no use of the sample's number, so that seeds would have to be columns of its own; and a
run would be sampled by another code path than the same run on one machine.

Every machine of the cluster needs this package and the model (a hub id, or a folder that all can read).
"""

from __future__ import annotations

import itertools
import queue
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ampo.engines.base import Engine
from ampo.engines.halt import Halt
from ampo.engines.response import without_answer
from ampo.engines.settings import EngineSettings
from ampo.errors import EngineError, MissingExtraError, PromptTooLongError, UserError
from ampo.files import first_line
from ampo.types import Delta, Request, Response, Sample, SamplingParams

_AT_ONCE = 256  # samples that one replica works on, where its settings don't say
_LOOK_EVERY = 5.0  # seconds between two looks at who has joined the cluster
_SILENCE = 30.0  # seconds
_TRIES = 3  # replicas that a sample may take down with it before it is given up


@dataclass
class _Replica:
    """An actor. ready: it has loaded its model and takes work."""

    actor: Any
    ready: bool = False
    in_flight: int = 0


@dataclass(frozen=True)
class _Work:
    """One sample of a request."""

    request: Request
    index: int
    tries: int = 0

    @property
    def alone(self) -> Request:
        """It as a request of its own: sample i of a seeded request has seed + i."""
        seed = self.request.params.seed
        return replace(
            self.request, params=replace(self.request.params, n=1, seed=None if seed is None else seed + self.index)
        )


class ClusterEngine(Engine):
    """See the module's docstring.

    Raises MissingExtraError without Ray, UserError where the cluster can't be reached or no replica fits into it.
    """

    backend = "ray"

    def __init__(self, model: str | None, backend: str, settings: EngineSettings, say: Callable[[str], None]) -> None:
        """Connect and start the replicas; the first that is ready begins to work.

        Args:
            model: as of `load_engine`.
            backend: of each replica.
            settings: of each replica; `ray_address` and `replicas` say where and how many.
            say: takes each line of progress.
        """
        try:
            import ray
        except ImportError as error:
            raise MissingExtraError("ray", "ray", "an evaluation on a cluster") from error
        self._ray, self._say = ray, say
        self._asked, self._backend = model, backend
        self._settings = replace(settings, ray_address=None, replicas="auto")
        self._auto = str(settings.replicas) == "auto"
        if not self._auto and (not str(settings.replicas).isdigit() or int(settings.replicas) < 1):
            raise UserError(f"--replicas is {settings.replicas!r}: give a number from 1 on, or auto")
        self._address = settings.ray_address or "auto"
        self._ours = self._connect()
        self._replicas: list[_Replica] = []
        self._inboxes: list[queue.SimpleQueue[tuple[_Replica, Any, Any]]] = []  # of who waits for replicas
        self._lost, self._looked, self._fatal = 0, 0.0, None
        self._wanted = self._room() if self._auto else int(settings.replicas)
        if self._wanted < 1:
            raise UserError(
                f"no replica fits into the Ray cluster at {self._address}: it has {ray.cluster_resources()}, and one "
                f"needs {self._needs()}"
            )
        self._about = self._first_description()
        self.model = self._about["model"]
        self.context = self._about["context"]

    def _connect(self) -> bool:
        """True where the connection was made here, and is to be ended here."""
        if self._ray.is_initialized():
            return False
        try:
            self._ray.init(address=self._address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise UserError(
                f"cannot reach a Ray cluster at {self._address} ({first_line(error)}): start one with "
                "`ray start --head`, or name its head by --ray-address HOST:PORT"
            ) from error
        return True

    def _needs(self) -> dict[str, float]:
        """What a replica takes of a machine."""
        if self._ray.cluster_resources().get("GPU"):
            return {"GPU": self._settings.tensor_parallel_size * self._settings.data_parallel_size}
        return {"CPU": self._settings.tensor_parallel_size * self._settings.data_parallel_size}

    def _room(self) -> int:
        """How many replicas the machines of the cluster hold. One doesn't stretch over two machines."""
        alive = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        return sum(min(int(node.get(name, 0) // n) for name, n in self._needs().items()) for node in alive)

    def _grow(self) -> None:
        """Start what is missing. Ray places an actor as soon as there is room for it."""
        self._looked = time.monotonic()
        if self._auto:
            self._wanted = max(self._room(), 1)
        needs = self._needs()
        options = {"num_gpus": needs["GPU"]} if "GPU" in needs else {"num_cpus": needs["CPU"]}
        while len(self._replicas) < self._wanted:
            actor_class = self._ray.remote(max_concurrency=self._at_once() + 1, **options)(_Actor)
            replica = _Replica(actor_class.remote(self._asked, self._backend, self._settings))
            self._replicas.append(replica)
            loaded = replica.actor.describe.remote().future()
            loaded.add_done_callback(lambda future, one=replica: self._tell(one, future))

    def _at_once(self) -> int:
        return 2 * self._settings.max_num_seqs if self._settings.max_num_seqs else _AT_ONCE

    def _tell(self, replica: _Replica, future: Any) -> None:
        """A replica has loaded its model, or has failed to."""
        for inbox in list(self._inboxes):
            inbox.put((replica, None, future))

    def _first_description(self) -> dict[str, Any]:
        """Of the first replica that is ready. Raises what all of them have failed with."""
        with self._inbox() as inbox:
            self._grow()
            while True:
                try:
                    about = self._take(*inbox.get(timeout=_SILENCE))
                except queue.Empty:
                    self._say(f"waiting for the first of {self._wanted} replicas to load its model ...")
                    continue
                if isinstance(about, dict):
                    self._say(f"engine: {self._wanted} replicas on the Ray cluster at {self._address}")
                    return about
                if self._fatal is not None or self._lost >= 2 * _TRIES:
                    raise self._fatal or EngineError("no replica stays alive: the last line says why")

    @contextmanager
    def _inbox(self) -> Iterator[queue.SimpleQueue[tuple[_Replica, Any, Any]]]:
        """Takes news while the block lasts: (replica, its work or None where it has been loaded, future)."""
        inbox: queue.SimpleQueue[tuple[_Replica, Any, Any]] = queue.SimpleQueue()
        self._inboxes.append(inbox)
        try:
            yield inbox
        finally:
            self._inboxes.remove(inbox)

    def _take(self, replica: _Replica, work: _Work | None, future: Any) -> Any:
        """A description, a response, or a piece of work that has to be done again; None for news of no use."""
        error = future.exception()
        if work is not None:
            replica.in_flight -= 1
        if error is None:
            replica.ready = True
            return future.result()
        cause = getattr(error, "cause", None) or error
        if isinstance(cause, UserError):  # the model can't be loaded, or a request is wrong: so it is everywhere
            self._fatal = cause
            return None
        self._drop(replica, cause)
        return None if work is None else replace(work, tries=work.tries + 1)

    def _drop(self, replica: _Replica, cause: BaseException) -> None:
        """A replica is lost: start another one in its place."""
        if replica not in self._replicas:
            return
        self._replicas.remove(replica)
        self._lost += 1
        self._say(f"note: a replica is lost ({first_line(cause)}); its samples are asked again")
        self._ray.kill(replica.actor)
        self._grow()

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """See Engine.generate."""
        with self._inbox() as inbox:
            yield from self._generated(requests, inbox)

    def _generated(self, requests: Iterable[Request], inbox: queue.SimpleQueue[Any]) -> Iterator[Sample]:
        fresh = (_Work(request, i) for request in requests for i in range(request.params.n))
        again: deque[_Work] = deque()
        running = 0
        waiting: _Work | None = None
        while True:
            while (replica := self._free()) is not None:
                waiting = waiting or (again.popleft() if again else next(fresh, None))
                if waiting is None:
                    break
                replica.in_flight += 1
                running += 1
                asked = replica.actor.ask.remote(waiting.alone).future()
                asked.add_done_callback(lambda f, r=replica, w=waiting: inbox.put((r, w, f)))
                waiting = None
            if not running and waiting is None and not again and (waiting := next(fresh, None)) is None:
                return
            try:
                lent, work, future = inbox.get(timeout=_LOOK_EVERY)
            except queue.Empty:
                self._grow()
                continue
            running -= work is not None
            made = self._take(lent, work, future)
            if self._fatal is not None:
                raise self._fatal
            if isinstance(made, _Work):
                if made.tries < _TRIES:
                    again.append(made)
                else:
                    yield Sample(made.request.id, made.index, without_answer())
            elif isinstance(made, Response):
                yield Sample(work.request.id, work.index, made)
            if time.monotonic() - self._looked > _LOOK_EVERY:
                self._grow()

    def _free(self) -> _Replica | None:
        """The least busy replica that has room."""
        ready = [r for r in self._replicas if r.ready and r.in_flight < self._at_once()]
        return min(ready, key=lambda r: r.in_flight, default=None)

    def stream(self, request: Request, halt: Halt | None = None) -> Iterator[Delta]:
        """See Engine.stream. The text comes in one piece."""
        for sample in self.generate([replace(request, params=replace(request.params, n=1))]):
            if halt is not None and halt.is_set():
                return
            if sample.response.finish_reason == "error":
                raise PromptTooLongError(f"{self.model} could not answer: is the prompt longer than its context?")
            yield Delta(sample.response.text, sample.response)
            return

    def default_sampling_params(self) -> SamplingParams:
        return self._about["defaults"]

    def activity(self) -> str:
        """See Engine.activity."""
        ready = sum(replica.ready for replica in self._replicas)
        parts = [f"{ready} of {self._wanted} replicas ready", f"{sum(r.in_flight for r in self._replicas)} in flight"]
        return ", ".join([*parts, f"{self._lost} replicas lost"] if self._lost else parts)

    def describe(self) -> dict[str, Any]:
        """See Engine.describe: what one replica says, and the cluster."""
        about = self._about["about"]
        cluster = {"address": self._address, "replicas": "auto" if self._auto else self._wanted}
        return about | {
            "backend": f"ray:{about['backend']}",
            "settings": about["settings"] | {"cluster": cluster},
            "versions": about["versions"] | {"ray": self._ray.__version__},
            "replicas": {"started": self._wanted, "lost": self._lost},
        }

    def close(self) -> None:
        """See Engine.close."""
        replicas, self._replicas = self._replicas, []
        for replica in replicas:
            self._ray.kill(replica.actor)
        if self._ours and self._ray.is_initialized():
            self._ray.shutdown()
        self._ours = False


class _Actor:
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
