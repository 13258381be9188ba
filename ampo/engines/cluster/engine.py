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

import queue
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ampo.engines.base import Engine
from ampo.engines.cluster.replicas import Inbox, Replica, Replicas
from ampo.engines.halt import Halt
from ampo.engines.response import without_answer
from ampo.engines.settings import EngineSettings
from ampo.errors import EngineError, MissingExtraError, PromptTooLongError, UserError
from ampo.files import first_line
from ampo.types import Delta, Request, Response, Sample, SamplingParams

_LOOK_EVERY = 5.0  # seconds between two looks at who has joined the cluster
_SILENCE = 30.0  # seconds
_TRIES = 3  # replicas that a sample may take down with it before it is given up


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
        self._address = settings.ray_address or "auto"
        count = _count(settings.replicas)
        self._fatal: UserError | None = None
        self._ours = self._connect()
        each = replace(settings, ray_address=None, replicas="auto")
        self._replicas = Replicas(ray, model, backend, each, count, say)
        self._recorded = "auto" if count is None else count
        if self._replicas.wanted < 1:
            raise UserError(
                f"no replica fits into the Ray cluster at {self._address}: it has {ray.cluster_resources()}, and one "
                f"needs {self._replicas.needs}"
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

    def _first_description(self) -> dict[str, Any]:
        """Of the first replica that is ready. Raises what all of them have failed with."""
        replicas = self._replicas
        with replicas.inbox() as inbox:
            replicas.grow()
            while True:
                try:
                    about = self._take(*inbox.get(timeout=_SILENCE))
                except queue.Empty:
                    self._say(f"waiting for the first of {replicas.wanted} replicas to load its model ...")
                    continue
                if isinstance(about, dict):
                    self._say(f"engine: {replicas.wanted} replicas on the Ray cluster at {self._address}")
                    return about
                if self._fatal is not None or replicas.lost >= 2 * _TRIES:
                    raise self._fatal or EngineError("no replica stays alive: the last line says why")

    def _take(self, replica: Replica, work: _Work | None, future: Any) -> Any:
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
        self._replicas.drop(replica, cause)
        return None if work is None else replace(work, tries=work.tries + 1)

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """See Engine.generate."""
        with self._replicas.inbox() as inbox:
            yield from self._generated(requests, inbox)

    def _generated(self, requests: Iterable[Request], inbox: Inbox) -> Iterator[Sample]:
        fresh = (_Work(request, i) for request in requests for i in range(request.params.n))
        again: deque[_Work] = deque()
        running = 0
        waiting: _Work | None = None
        while True:
            while (replica := self._replicas.free()) is not None:
                waiting = waiting or (again.popleft() if again else next(fresh, None))
                if waiting is None:
                    break
                _hand_over(waiting, replica, inbox)
                running += 1
                waiting = None
            if not running and waiting is None and not again and (waiting := next(fresh, None)) is None:
                return
            try:
                lent, work, future = inbox.get(timeout=_LOOK_EVERY)
            except queue.Empty:
                self._replicas.grow()
                continue
            running -= work is not None
            made = self._take(lent, work, future)
            if self._fatal is not None:
                raise self._fatal
            if isinstance(made, _Work) and made.tries < _TRIES:
                again.append(made)
            elif isinstance(made, (_Work, Response)):
                response = made if isinstance(made, Response) else without_answer()
                yield Sample(work.request.id, work.index, response)
            self._replicas.grow(_LOOK_EVERY)

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
        return self._replicas.activity()

    def describe(self) -> dict[str, Any]:
        """See Engine.describe: what one replica says, and the cluster."""
        about = self._about["about"]
        return about | {
            "backend": f"ray:{about['backend']}",
            "settings": about["settings"] | {"cluster": {"address": self._address, "replicas": self._recorded}},
            "versions": about["versions"] | {"ray": self._ray.__version__},
            "replicas": {"started": self._replicas.wanted, "lost": self._replicas.lost},
        }

    def close(self) -> None:
        """See Engine.close."""
        self._replicas.close()
        if self._ours and self._ray.is_initialized():
            self._ray.shutdown()
        self._ours = False


def _hand_over(work: _Work, replica: Replica, inbox: Inbox) -> None:
    """Ask a replica; the inbox hears of the end."""
    replica.in_flight += 1
    asked = replica.actor.ask.remote(work.alone).future()
    asked.add_done_callback(lambda future: inbox.put((replica, work, future)))


def _count(given: object) -> int | None:
    """How many replicas; None for as many as there is room for."""
    if str(given) == "auto":
        return None
    if not str(given).isdigit() or int(str(given)) < 1:
        raise UserError(f"--replicas is {given!r}: give a number from 1 on, or auto")
    return int(str(given))
